import { describe, expect, it } from "vitest";
import { clientAddress, createOriginRule } from "./origins.js";

describe("which pages may connect", () => {
  it("without a secret: those of this machine", () => {
    const rule = createOriginRule({ allowOrigins: undefined, hasSecret: false });
    const allowed = ["http://localhost:5173", "http://127.0.0.1", "https://[::1]:1"];
    const refused = ["https://evil.example", "http://127.0.0.1.evil.example", "null", ""];
    expect([...allowed, ...refused].filter((origin) => rule.allows(origin))).toEqual(allowed);
  });

  it("with a secret: all, unless they are listed", () => {
    expect(createOriginRule({ allowOrigins: undefined, hasSecret: true }).allows("https://game.example")).toBe(true);
    const listed = createOriginRule({ allowOrigins: ["https://game.example/"], hasSecret: true });
    expect(["https://game.example", "https://other.example"].map((origin) => listed.allows(origin))).toEqual([
      true,
      false,
    ]);
    expect(createOriginRule({ allowOrigins: ["*"], hasSecret: false }).allows("https://any.example")).toBe(true);
  });
});

it("believes a proxy's word about the client's address only when it is told to", () => {
  const request = {
    headers: { "x-forwarded-for": "6.6.6.6, 10.0.0.7" },
    socket: { remoteAddress: "10.0.0.1" },
  } as never;
  expect(clientAddress(request, false)).toBe("10.0.0.1");
  expect(clientAddress(request, true)).toBe("10.0.0.7"); // the last one is the proxy's own, the others anybody's
});
