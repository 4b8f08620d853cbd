import { afterEach, expect, it, vi } from "vitest";
import { requestSession } from "./control-plane.js";

afterEach(() => vi.unstubAllGlobals());

const ask = () =>
  requestSession(
    { urls: ["http://render.example"], token: undefined },
    { protocol: 1, packHash: "0".repeat(64), avatar: "ada", seed: 1 },
  );

it("says what may be wrong where a browser does not", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  await expect(ask()).rejects.toMatchObject({
    code: "server-unreachable",
    message: expect.stringMatching(/http:\/\/render\.example: Failed to fetch \(.*--allow-origin\)/),
  });
});

it("says what Node says of the connection", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("fetch failed", { cause: new Error("ECONNREFUSED") })));
  await expect(ask()).rejects.toMatchObject({ message: expect.stringMatching(/render\.example: ECONNREFUSED$/) });
});
