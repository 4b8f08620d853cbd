import { afterEach, describe, expect, it } from "vitest";
import { bytesOf } from "../../sdk/protocol/picture.js";
import type { ServeOptions } from "../../sdk/remote/server/serve-options.js";
import { bytesOfPcm } from "../../sdk/remote/wire/arrays.js";
import { Line, type LineOptions } from "./line.js";
import { conditions, PATIENT_MS, remoteGenerator, startTinyServer, voice } from "./one-server.js";
import { RawClient } from "./raw-client.js";

const open: { dispose(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.dispose();
});

/** A server whose clients come over a line. */
async function lined(options: ServeOptions = {}, lineOptions: LineOptions = {}) {
  const line = await Line.open(lineOptions);
  const server = await startTinyServer({ publicUrl: line.url, ...options });
  open.push(line, server);
  line.target = `http://127.0.0.1:${server.port}`;
  return { line, server };
}

async function generatorOn(url: string, options = {}) {
  const made = await remoteGenerator([url], options);
  open.push(made.generator);
  const step = (block: number) => made.generator.step({ ...conditions(), pcm: voice(block) });
  return { ...made, step };
}

describe("a line that breaks", { timeout: PATIENT_MS }, () => {
  it("is resumed from another address, and the head goes on as if nothing had been", async () => {
    const server = await startTinyServer();
    const line = await Line.open({ localAddress: "127.0.0.9" });
    open.push(server, line);
    line.target = server.url;
    const { step, generator } = await generatorOn(server.url);
    const wanted: Float32Array[] = [];
    for (let block = 0; block < 8; block++) {
      if (block === 4) await generator.prime({ pcm: voice(3) }); // what a client does when it comes back
      wanted.push((await step(block)).blendshapes);
    }
    const got: Uint8Array[] = [];
    const first = await RawClient.begin(server.url);
    for (let seq = 1; seq <= 4; seq++) {
      first.step(seq, { pcm: bytesOfPcm(voice(seq - 1)) });
      got.push((await first.next("block", seq)).blendshapes);
      first.send("ack", { seq });
    }
    const { sessionId, resumeToken } = first.welcome;
    first.close();
    const second = new RawClient(line.url, {
      protocol: 1,
      formats: ["raw"],
      resume: { sessionId, token: resumeToken },
    });
    expect(await second.next("welcome")).toMatchObject({ resumed: true, lastSeq: 4 });
    second.send("prime", { seq: 5, pcm: bytesOfPcm(voice(3)) });
    for (let seq = 6; seq <= 9; seq++) {
      second.step(seq, { pcm: bytesOfPcm(voice(seq - 2)) });
      got.push((await second.next("block", seq - 5)).blendshapes);
      second.send("ack", { seq });
    }
    got.forEach((blendshapes, block) => {
      expect(new Float32Array(new Uint8Array(blendshapes).buffer), `block ${block}`).toEqual(wanted[block]);
    });
    second.close();
  });

  it("is resumed after 20 s", async () => {
    const server = await startTinyServer();
    open.push(server);
    const first = await RawClient.begin(server.url);
    first.step(1);
    await first.next("block");
    const { sessionId, resumeToken } = first.welcome;
    first.close();
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    const auth = { protocol: 1, formats: ["raw"], resume: { sessionId, token: resumeToken } };
    const second = new RawClient(server.url, auth);
    expect(await second.next("welcome")).toMatchObject({ resumed: true, lastSeq: 1 });
    second.step(2, { emotion: undefined }); // the session still knows it
    expect((await second.next("block")).seq).toBe(2);
    second.close();
  });

  it("leaves the last picture standing while it is down, then the session goes on", async () => {
    const { line, server } = await lined();
    const { step, generator, troubles } = await generatorOn(`http://127.0.0.1:${server.port}`);
    const seen = await step(0);
    await step(1);
    line.cut();
    await expect.poll(() => troubles, { timeout: 30_000 }).toContain("connection-lost");
    const held = await step(2);
    expect(held).toMatchObject({ held: true });
    expect(held.blendshapes).toHaveLength(4 * 52);
    expect(held.rgba[0]).toHaveLength(bytesOf(seen.rgba[0]!).length);
    await generator.rewind({ blocks: 2, pcm: voice(1) }); // one of the two was made by nobody
    line.mend();
    await expect.poll(async () => (await step(3)).held ?? false, { timeout: 60_000 }).toBe(false);
    expect(troubles).toEqual(["connection-lost"]);
    expect(server.sessions).toBe(1);
  });

  it("begins a new session when the old one is gone", async () => {
    const { line, server } = await lined({ graceMs: 50 });
    const { step, troubles } = await generatorOn(`http://127.0.0.1:${server.port}`);
    await step(0);
    line.cut();
    await expect.poll(() => server.sessions, { timeout: 30_000 }).toBe(0);
    line.mend();
    await expect.poll(async () => (await step(1)).held ?? false, { timeout: 60_000 }).toBe(false);
    expect(troubles).toEqual(["connection-lost", "session-lost"]);
  });

  it("gives every block over a slow and lossy one, in order", async () => {
    const { line, server } = await lined({}, { delayMs: 50, loss: 0.1, againMs: 100 });
    const { step, troubles } = await generatorOn(`http://127.0.0.1:${server.port}`);
    const direct = await generatorOn(server.url.replace(/:\d+$/, `:${server.port}`));
    for (let group = 0; group < 4; group++) {
      const blocks = [0, 1, 2].map((i) => 3 * group + i);
      const slow = await Promise.all(blocks.map(step));
      for (const block of blocks)
        expect(slow[block - 3 * group]!.blendshapes).toEqual((await direct.step(block)).blendshapes);
    }
    expect(line.counters.lost).toBeGreaterThan(0);
    expect(troubles).toEqual([]);
  });

  it("is taken for broken when the server owes an answer for too long", async () => {
    const server = await startTinyServer();
    open.push(server);
    const { step, troubles } = await generatorOn(server.url, { stallMs: 0 });
    expect((await step(0)).held).toBe(true);
    await expect.poll(() => troubles, { timeout: 30_000 }).toContain("connection-lost");
  });
});

describe("the end of a session", { timeout: PATIENT_MS }, () => {
  it("comes when its client does not come back", async () => {
    const server = await startTinyServer({ graceMs: 30 });
    open.push(server);
    const client = await RawClient.begin(server.url);
    expect(server.sessions).toBe(1);
    client.close();
    await expect.poll(() => server.sessions, { timeout: 30_000 }).toBe(0);
  });

  it("comes with a drain, which takes nobody in, tells those that are there, and waits for them", async () => {
    const server = await startTinyServer({ drainMs: 60_000 });
    open.push(server);
    const client = await RawClient.begin(server.url);
    const drained = server.drain();
    expect((await client.next("draining")).deadlineMs).toBe(60_000);
    expect((await fetch(new URL("/healthz", server.url))).status).toBe(503);
    client.send("end", {});
    await drained;
    await expect(fetch(new URL("/healthz", server.url))).rejects.toThrow();
  });
});
