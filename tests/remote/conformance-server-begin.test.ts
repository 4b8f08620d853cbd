import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAccessToken, type RenderServer } from "../../sdk/remote/server/index.js";
import { Tokens } from "../../sdk/remote/server/tokens.js";
import { askForSession, PATIENT_MS, startTinyServer } from "./one-server.js";
import { RawClient } from "./raw-client.js";

const SECRET = "a secret of thirty-two characters";
let open: RenderServer;
let guarded: RenderServer;
const access = (options: Partial<Parameters<typeof createAccessToken>[0]> = {}) =>
  createAccessToken({ secret: SECRET, key: "tester", ...options });

beforeAll(async () => {
  open = await startTinyServer({ maxSessions: 200 });
  guarded = await startTinyServer({ maxSessions: 200, tokenSecret: SECRET });
});
afterAll(async () => {
  await open?.dispose();
  await guarded?.dispose();
});

describe("conformance of a server: who may begin", { timeout: PATIENT_MS }, () => {
  it("offers a session for an access token, and for nothing else", async () => {
    const code = async (token?: string) => (await askForSession(guarded.url, {}, token)).body.error?.code;
    expect(await code(await access())).toBeUndefined();
    expect(await code()).toBe("token-invalid");
    expect(await code("rubbish")).toBe("token-invalid");
    expect(await code(await access({ secret: "another secret, as long as that one" }))).toBe("token-invalid");
    const [head, , signature] = (await access()).split(".");
    const claims = Buffer.from(JSON.stringify({ sub: "boss", aud: "echo-head access", exp: 2e9 })).toString(
      "base64url",
    );
    expect(await code(`${head}.${claims}.${signature}`)).toBe("token-invalid");
    const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
    expect(await code(`${none}.${claims}.`)).toBe("token-invalid");
    const offer = await askForSession(guarded.url, {}, await access());
    expect(await code(offer.body.token)).toBe("token-invalid"); // a session token asks for nothing
  });

  it("says expired to an expired token", async () => {
    const past = Math.floor(Date.now() / 1_000) - 3_600;
    const { SignJWT } = await import("jose");
    const key = new TextEncoder().encode(SECRET);
    const sign = (audience: string, claims: object) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: "HS256" })
        .setAudience(audience)
        .setExpirationTime(past)
        .sign(key);
    const { status, body } = await askForSession(guarded.url, {}, await sign("echo-head access", { sub: "tester" }));
    expect([status, body.error?.code]).toEqual([401, "token-expired"]);
    const token = await sign("echo-head session", { sub: "tester", jti: "1", node: "x" });
    expect(await new RawClient(guarded.url, { protocol: 1, formats: ["raw"], token }).end()).toBe("token-expired");
  });

  it("takes a session token once, on its own node only", async () => {
    const { body } = await askForSession(guarded.url, {}, await access());
    const auth = { protocol: 1, formats: ["raw"], token: body.token };
    const first = new RawClient(body.url, auth);
    await first.next("welcome");
    expect(await new RawClient(body.url, auth).end()).toBe("token-replayed");
    const elsewhere = await new Tokens(SECRET).signSession({
      sessionId: "s",
      node: "other",
      key: "k",
      avatar: "ada",
      seed: 1,
    });
    expect(await new RawClient(guarded.url, { ...auth, token: elsewhere }).end()).toBe("token-invalid");
    const forged = await new Tokens("x".repeat(40)).signSession({
      sessionId: "s",
      node: "n",
      key: "k",
      avatar: "ada",
      seed: 1,
    });
    expect(await new RawClient(guarded.url, { ...auth, token: forged }).end()).toBe("token-invalid");
    first.close();
  });

  it.each([
    ["another protocol", { protocol: 2, formats: ["raw"], token: "x" }, "protocol-mismatch"],
    ["no token", { protocol: 1, formats: ["raw"] }, "message-invalid"],
    [
      "token and resume",
      { protocol: 1, formats: ["raw"], token: "x", resume: { sessionId: "a", token: "b" } },
      "message-invalid",
    ],
    ["no formats", { protocol: 1, formats: [], token: "x" }, "message-invalid"],
    ["an unknown format", { protocol: 1, formats: ["gif"], token: "x" }, "message-invalid"],
    ["a surplus field", { protocol: 1, formats: ["raw"], token: "x", admin: true }, "message-invalid"],
    [
      "a session that never was",
      { protocol: 1, formats: ["raw"], resume: { sessionId: "0".repeat(32), token: "b" } },
      "session-lost",
    ],
  ])("refuses %s", async (_, auth, code) => {
    expect(await new RawClient(open.url, auth).end()).toBe(code);
  });

  it("refuses another pack, an unknown avatar, another protocol and rubbish over HTTP", async () => {
    const code = async (body: object) => {
      const answer = await askForSession(open.url, body);
      return [answer.status, answer.body.error?.code];
    };
    expect(await code({ packHash: "0".repeat(64) })).toEqual([409, "pack-differs"]);
    expect(await code({ avatar: "nobody" })).toEqual([404, "avatar-not-found"]);
    expect(await code({ protocol: 9 })).toEqual([400, "protocol-mismatch"]);
    expect(await code({ seed: -1 })).toEqual([400, "message-invalid"]);
    expect(await code({ more: 1 })).toEqual([400, "message-invalid"]);
    const post = async (body: string) => (await fetch(new URL("/sessions", open.url), { method: "POST", body })).status;
    expect(await post("{")).toBe(400);
    expect(await post("x".repeat(10_000))).toBe(413);
    expect((await fetch(new URL("/sessions/../../etc", open.url))).status).toBe(404);
    expect((await fetch(new URL("/sessions/nothex", open.url))).status).toBe(400);
  });

  it("lets pages of this machine connect without a secret, and no others", async () => {
    const from = async (origin: string) =>
      (await fetch(new URL("/healthz", open.url), { headers: { Origin: origin } })).headers.get(
        "access-control-allow-origin",
      );
    expect(await from("http://localhost:5173")).toBe("http://localhost:5173");
    expect(await from("https://evil.example")).toBeNull();
    const answer = await fetch(new URL("/sessions", open.url), {
      method: "POST",
      headers: { Origin: "https://evil.example" },
    });
    expect(answer.status).toBe(401);
  });

  it("resumes only with the newest token of that very session", async () => {
    const [a, b] = [await RawClient.begin(open.url), await RawClient.begin(open.url)];
    const resume = (sessionId: string, token: string) =>
      new RawClient(open.url, { protocol: 1, formats: ["raw"], resume: { sessionId, token } });
    expect(await resume(a.welcome.sessionId, b.welcome.resumeToken).end()).toBe("token-invalid");
    a.close();
    const again = resume(a.welcome.sessionId, a.welcome.resumeToken);
    expect((await again.next("welcome")).resumed).toBe(true);
    expect(await resume(a.welcome.sessionId, a.welcome.resumeToken).end()).toBe("token-invalid"); // each works once
    again.send("end", {});
    b.send("end", {});
    await again.end();
    expect(await resume(a.welcome.sessionId, again.welcome.resumeToken).end()).toBe("session-lost");
  });
});
