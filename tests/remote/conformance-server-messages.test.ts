import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CREDIT_WINDOW, MAX_CLIENT_MESSAGE_BYTES, MAX_VIOLATIONS } from "../../sdk/protocol/remote.js";
import type { RenderServer } from "../../sdk/remote/server/index.js";
import { PATIENT_MS, startTinyServer } from "./one-server.js";
import { RawClient } from "./raw-client.js";

let open: RenderServer;

beforeAll(async () => {
  open = await startTinyServer({ maxSessions: 200 });
});
afterAll(() => open?.dispose());

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
