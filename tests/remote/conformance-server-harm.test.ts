import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NormalRandom } from "../../sdk/base/normal-random.js";
import { CREDIT_WINDOW } from "../../sdk/protocol/remote.js";
import { createAccessToken, RenderServer } from "../../sdk/remote/server/index.js";
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
const access = (options: Partial<Parameters<typeof createAccessToken>[0]> = {}) =>
  createAccessToken({ secret: SECRET, key: "tester", ...options });

let open: RenderServer;

beforeAll(async () => {
  open = await startTinyServer({ maxSessions: 200 });
});
afterAll(() => open?.dispose());

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
