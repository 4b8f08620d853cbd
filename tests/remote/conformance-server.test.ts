import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NormalRandom } from "../../sdk/base/normal-random.js";
import { CREDIT_WINDOW, MAX_CLIENT_MESSAGE_BYTES, MAX_VIOLATIONS } from "../../sdk/protocol/remote.js";
import { createAccessToken, RenderServer } from "../../sdk/remote/server/index.js";
import { Tokens } from "../../sdk/remote/server/tokens.js";
import {
  askForSession,
  conditions,
  PATIENT_MS,
  remoteGenerator,
  startTinyServer,
  tinyPack,
  voice,
} from "./one-server.js";
import { RawClient, stepMessage } from "./raw-client.js";

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

describe("conformance of a server: messages", { timeout: PATIENT_MS }, () => {
  const refused = async (send: (client: RawClient) => void): Promise<{ code: string; message: string }> => {
    const client = await RawClient.begin(open.url);
    send(client);
    const { error } = await client.next("refused");
    client.send("end", {});
    return error;
  };

  it.each([
    ["an unknown event", (c: RawClient) => c.send("sudo", {}), "event"],
    ["no message", (c: RawClient) => c.send("step", undefined), "message"],
    ["a list", (c: RawClient) => c.send("step", [1]), "message"],
    ["a number below the next", (c: RawClient) => c.step(0), "seq"],
    ["a number beyond the next", (c: RawClient) => c.step(2), "seq"],
    ["too little audio", (c: RawClient) => c.step(1, { pcm: new Uint8Array(10) }), "pcm"],
    ["audio as text", (c: RawClient) => c.step(1, { pcm: "sound" }), "pcm"],
    ["NaN", (c: RawClient) => c.step(1, { fPu: new Uint8Array(12 * 128 * 4).fill(255) }), "fPu"],
    ["too large a value", (c: RawClient) => c.step(1, { emotion: new Uint8Array(8 * 128 * 4).fill(0x7e) }), "emotion"],
    ["a switch that is none", (c: RawClient) => c.step(1, { sdcm: 1 }), "sdcm"],
    ["expressivity above 1", (c: RawClient) => c.step(1, { expressivity: 1.5 }), "expressivity"],
    ["three pictures", (c: RawClient) => c.step(1, { pictures: 3 }), "pictures"],
    ["a thousand steps of the sampler", (c: RawClient) => c.step(1, { steps: 1_000 }), "steps"],
    ["a field too many", (c: RawClient) => c.step(1, { camera: new Uint8Array(9) }), "camera"],
    ["no emotion in the first step", (c: RawClient) => c.step(1, { emotion: undefined }), "emotion"],
    ["an acknowledgement of what was never sent", (c: RawClient) => c.send("ack", { seq: 5 }), "seq"],
    [
      "a rewind of too many",
      (c: RawClient) => c.send("rewind", { seq: 1, blocks: 4, pcm: new Uint8Array(5_120) }),
      "blocks",
    ],
    [
      "a rewind before the first",
      (c: RawClient) => c.send("rewind", { seq: 1, blocks: 1, pcm: new Uint8Array(5_120) }),
      "message",
    ],
    ["formats that nobody knows", (c: RawClient) => c.send("formats", { formats: ["gif"] }), "formats"],
  ])("refuses %s and stays", async (_, send, path) => {
    const { code, message } = await refused(send);
    expect(code).toBe("message-invalid");
    expect(message).toContain(`at ${path}`);
  });

  it("refuses an avatar that is not there, and keeps the head", async () => {
    const client = await RawClient.begin(open.url);
    client.send("avatar", { seq: 1, id: "nobody" });
    expect((await client.next("refused")).error.code).toBe("avatar-not-found");
    client.step(2);
    expect((await client.next("block")).seq).toBe(2);
    client.send("end", {});
  });

  it("says how large a message may be before it closes", async () => {
    const client = await RawClient.begin(open.url);
    client.send("step", { seq: 1, pcm: new Uint8Array(MAX_CLIENT_MESSAGE_BYTES) });
    expect((await client.next("refused")).error.code).toBe("message-too-large");
    await client.end();
    const huge = await RawClient.begin(open.url);
    huge.send("step", { seq: 1, pcm: new Uint8Array(2_000_000) });
    await huge.end(); // the websocket cuts it off
  });

  it("closes after too many violations", async () => {
    const client = await RawClient.begin(open.url);
    for (let i = 0; i <= MAX_VIOLATIONS + 5; i++) client.send("step", {});
    await client.end();
    expect(client.refusals).toHaveLength(MAX_VIOLATIONS + 1);
  });

  it("closes on a flood of steps and on a flood of anything else", async () => {
    const steps = await RawClient.begin(open.url);
    for (let seq = 1; seq <= 60; seq++) steps.step(seq);
    await steps.end();
    expect(steps.refusals).toContain("rate-exceeded");
    const others = await RawClient.begin(open.url);
    for (let i = 0; i < 200; i++) others.send("keyframe", {});
    await others.end();
    expect(others.refusals).toContain("rate-exceeded");
  });

  it("sends no more than the window without an acknowledgement, then the newest with the coefficients of the others", async () => {
    const client = await RawClient.begin(open.url);
    const steps = CREDIT_WINDOW + 4;
    for (let seq = 1; seq <= steps; seq++) client.step(seq);
    client.send("prime", { seq: steps + 1, pcm: new Uint8Array(5_120) });
    await client.next("done"); // every step before it has been made
    expect(client.all("block").map(({ seq }) => seq)).toEqual([1, 2, 3]);
    client.send("ack", { seq: 1 });
    const newest = await client.next("block", CREDIT_WINDOW + 1);
    expect(newest.seq).toBe(steps);
    expect(newest.earlier.map(({ seq }) => seq)).toEqual([4, 5, 6]);
    expect(newest.pictures).toHaveLength(4);
    for (const { blendshapes } of newest.earlier) expect(blendshapes).toHaveLength(4 * 52 * 4);
    const text = await (await fetch(new URL("/metrics", open.url))).text();
    expect(Number(/echo_head_dropped_blocks_total (\d+)/.exec(text)![1])).toBeGreaterThanOrEqual(3);
    client.send("end", {});
  });

  it("gives a client that is slow to acknowledge every block once: some with pictures, all with coefficients", async () => {
    const client = await RawClient.begin(open.url);
    for (let seq = 1; seq <= 15; seq++) {
      client.step(seq);
      if (seq % 5 > 0) continue;
      // Waits until the five have been made, and only then says what it has.
      client.send("prime", { seq: seq + 1, pcm: new Uint8Array(5_120) });
      await client.next("done", seq / 5);
      client.send("ack", { seq: client.all("block").at(-1)!.seq });
      await client.next("block", client.all("block").length + 1);
      seq += 1;
    }
    const blocks = client.all("block");
    const seen = blocks.flatMap(({ seq, earlier }) => [...earlier.map((numbers) => numbers.seq), seq]);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(new Set(seen).size).toBe(seen.length);
    expect(blocks.length).toBeLessThan(seen.length);
    client.send("end", {});
  });

  it("paints as many pictures as are asked for", async () => {
    const client = await RawClient.begin(open.url);
    for (const [i, pictures] of [4, 2, 1, 0].entries()) {
      client.step(i + 1, { pictures });
      expect((await client.next("block", i + 1)).pictures).toHaveLength(pictures);
      client.send("ack", { seq: i + 1 });
    }
    client.send("end", {});
  });
});

describe("conformance of a server: nobody harms another", { timeout: 4 * PATIENT_MS }, () => {
  it("keeps a good head exact beside garbage, floods, and clients that never read", async () => {
    const alone = await remoteGenerator([open.url]);
    const wanted: Float32Array[] = [];
    for (let block = 0; block < 12; block++)
      wanted.push((await alone.generator.step({ ...conditions(), pcm: voice(block) })).blendshapes);
    await alone.generator.dispose();

    const good = await remoteGenerator([open.url]);
    const random = new NormalRandom(7);
    const pause = () => new Promise((resolve) => setTimeout(resolve));
    let running = true;
    const bad = async (act: (client: RawClient) => void) => {
      while (running) {
        const client = await RawClient.begin(open.url);
        act(client);
        await Promise.race([client.end(), new Promise((resolve) => setTimeout(resolve, 500))]);
        client.send("end", {});
        client.close();
        await pause();
      }
    };
    const attackers = [
      bad((client) => {
        for (let i = 0; i < 30; i++) client.send("step", { ...stepMessage(1), [`k${random.nextUint32()}`]: i });
      }),
      bad((client) => {
        for (let seq = 1; seq < 40; seq++) client.step(seq);
      }),
      bad((client) => {
        client.step(1); // never acknowledges, never reads
        for (let seq = 2; seq < 10; seq++) client.step(seq);
      }),
      bad((client) => {
        const { engine } = client.socket.io;
        for (let i = 0; i < 5; i++) engine.write(Uint8Array.from({ length: 200 }, () => random.nextUint32() & 255));
      }),
    ];
    try {
      for (let block = 0; block < 12; block++) {
        const { blendshapes, held } = await good.generator.step({ ...conditions(), pcm: voice(block) });
        expect(held).toBeUndefined();
        expect(blendshapes, `block ${block}`).toEqual(wanted[block]);
      }
    } finally {
      running = false;
      await Promise.all(attackers);
      await good.generator.dispose();
    }
    expect(good.troubles).toEqual([]);
  });

  it("lets a client go that stops reading, and keeps its head for when it comes back", async () => {
    const server = await startTinyServer();
    const good = await remoteGenerator([server.url]);
    const stopped = await RawClient.begin(server.url);
    // Nothing is taken off its TCP connection any more: no blocks, no pings.
    const { ws } = stopped.socket.io.engine.transport as unknown as { ws: { pause(): void; resume(): void } };
    ws.pause();
    for (let seq = 1; seq <= 10; seq++) stopped.step(seq);
    const waiting = async () =>
      /echo_head_sessions\{state="waiting"\} 1/.test(await (await fetch(new URL("/metrics", server.url))).text());
    for (let block = 0; !(await waiting()); block++) {
      expect((await good.generator.step({ ...conditions(), pcm: voice(block) })).held).toBeUndefined();
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    ws.resume();
    await stopped.end();
    expect(stopped.all("block").length).toBeLessThanOrEqual(CREDIT_WINDOW);
    const { sessionId, resumeToken } = stopped.welcome;
    const resume = { sessionId, token: resumeToken };
    const again = new RawClient(server.url, { protocol: 1, formats: ["raw"], resume });
    expect(await again.next("welcome")).toMatchObject({ resumed: true, lastSeq: 10 });
    again.close();
    expect(good.troubles).toEqual([]);
    await good.generator.dispose();
    await server.dispose();
  });

  it("limits the sessions of a key and of the node, and the requests of an address", async () => {
    const token = await access();
    const small = await startTinyServer({
      maxSessions: 2,
      maxSessionsPerKey: 1,
      tokenSecret: SECRET,
      requestsPerMinute: 9,
    });
    const first = await RawClient.begin(small.url, token); // two requests each: POST and the socket
    const { body } = await askForSession(small.url, {}, token);
    expect(await new RawClient(small.url, { protocol: 1, formats: ["raw"], token: body.token }).end()).toBe(
      "rate-exceeded",
    );
    const second = await RawClient.begin(small.url, await access({ key: "somebody else" }));
    expect((await askForSession(small.url, {}, token)).body.error?.code).toBe("server-full");
    for (let i = 0; i < 3; i++) await askForSession(small.url, {}, token);
    expect((await askForSession(small.url, {}, token)).status).toBe(429);
    first.close();
    second.close();
    await small.dispose();
  });

  it("tells the pack's own clients only: its health names no client", async () => {
    const health = (await (await fetch(new URL("/healthz", open.url))).json()) as Record<string, unknown>;
    expect(health).toMatchObject({ ready: true, capacity: 200, packHash: (await tinyPack()).hash });
    expect(JSON.stringify(health)).not.toContain("tester");
  });

  it("names an address that clients can use, also when it listens on all of them", async () => {
    const wide = await startTinyServer({ host: "0.0.0.0", tokenSecret: SECRET });
    expect(new URL(wide.url).hostname).not.toBe("0.0.0.0");
    const client = await RawClient.begin(wide.url, await access());
    client.close();
    await wide.dispose();
  });

  it("refuses to listen where others can reach it without a secret", async () => {
    await expect(RenderServer.start({ host: "0.0.0.0", port: 0 })).rejects.toThrow(
      "options.tokenSecret must be given to listen on 0.0.0.0",
    );
    await expect(RenderServer.start({ tokenSecret: "short" })).rejects.toThrow("at least 32 characters");
    await expect(RenderServer.start({ redis: "redis://127.0.0.1" })).rejects.toThrow(
      "options.tokenSecret must be given",
    );
  });
});
