import { describe, expect, it, vi } from "vitest";
import type { ServerEvent, ServerMessages, VideoFormat } from "../../protocol/remote.js";
import { createMessageChecks } from "../../protocol/remote-checks.js";
import type { RendererWorkerApi } from "../../protocol/renderer-worker.js";
import type { PictureEncoder } from "../media/picture-encoder.js";
import { RemoteSession } from "./session.js";

const SIZE = { width: 16, height: 16 };

/** A session whose renderer answers at once, whose clock stands still, and whose encoders fail as a test says. */
async function session(
  formats: readonly VideoFormat[] = ["raw"],
  fails: (encoder: PictureEncoder) => boolean = () => false,
) {
  const heard: { event: ServerEvent; message: ServerMessages[ServerEvent] }[] = [];
  const opened: string[] = [];
  let [nowMs, closed] = [0, 0];
  const nothing = async () => {};
  const avatars: string[] = [];
  const renderer = {
    step: async () => ({
      rgba: [new Uint8ClampedArray(16 * 16 * 4)],
      blendshapes: new Float32Array(208),
      pose: new Float32Array(24),
      stageMs: {},
    }),
    prime: nothing,
    rewind: nothing,
    reset: nothing,
    close: nothing,
    setAvatar: async (_: string, id: string) => void avatars.push(id),
  };
  const openEncoder = async (wanted: readonly VideoFormat[], hardware: boolean): Promise<PictureEncoder> => {
    const format = wanted[0];
    if (format === undefined) throw new Error("nothing left");
    const encoder: PictureEncoder = {
      format,
      hardware: hardware && format === "avc",
      encode: async () => {
        if (fails(encoder)) throw new Error("it is broken");
        return { key: true, pictures: [new Uint8Array(3)] };
      },
      dispose: () => {},
    };
    opened.push(encoder.hardware ? `${format} on the card` : format);
    return encoder;
  };
  const made = new RemoteSession({
    id: "tested",
    key: "k",
    size: SIZE,
    renderer: renderer as unknown as RendererWorkerApi,
    sizeOf: () => SIZE,
    check: createMessageChecks({ pcm: 4, fPu: 2, emotion: 2 }),
    openEncoder,
    blocksPerS: 6.25,
    observer: { blockSent() {}, picturesDropped() {}, refused() {}, failed: (reason) => expect.fail(reason) },
    nowMs: () => nowMs,
    onEnd: () => {},
  });
  const link = {
    send: <Event extends ServerEvent>(event: Event, message: ServerMessages[Event]) =>
      void heard.push({ event, message }),
    close: () => {
      closed += 1;
    },
  };
  await made.attach(link, formats);
  const all = <Event extends ServerEvent>(event: Event) =>
    heard.filter((one) => one.event === event).map(({ message }) => message as ServerMessages[Event]);
  const step = (seq: number) => ({
    seq,
    pcm: new Uint8Array(8),
    fPu: new Uint8Array(8),
    emotion: new Uint8Array(8),
    sdcm: true,
    lau: true,
    expressivity: 1,
  });
  return {
    opened,
    avatars,
    all,
    receive: (event: string, message: unknown) => made.receive(link, event, message),
    step: (seq: number) => made.receive(link, "step", step(seq)),
    later: (ms: number) => {
      nowMs += ms;
    },
    get closed() {
      return closed;
    },
    codes: () => all("refused").map(({ error }) => error.code),
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("a session's limits", () => {
  it.each(["prime", "rewind", "reset"])("count %s like any message, however fast it is answered", async (event) => {
    const test = await session();
    const fields = { prime: { pcm: new Uint8Array(8) }, rewind: { blocks: 0, pcm: new Uint8Array(8) }, reset: {} };
    const send = (seq: number) => test.receive(event, { seq, ...fields[event as keyof typeof fields] });
    for (let seq = 1; seq <= 50; seq++) {
      send(seq);
      await settled();
    }
    expect([test.all("done").length, test.closed]).toEqual([50, 0]);
    test.later(1_000); // fifty more in the next second
    for (let seq = 51; seq <= 101; seq++) {
      send(seq);
      await settled();
    }
    expect([test.all("done").length, test.closed]).toEqual([100, 1]);
    expect(test.codes()).toEqual(["rate-exceeded"]);
  });

  it("load faces at the pace of blocks", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    try {
      const test = await session();
      for (let seq = 1; seq <= 17; seq++) {
        test.receive("avatar", { seq, id: "ada" });
        await settled();
      }
      expect(test.avatars).toHaveLength(16); // as many as steps may come at once
      vi.advanceTimersByTime(1_000);
      await settled();
      expect(test.avatars).toHaveLength(17);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("an encoder that fails", () => {
  const next = async (test: Awaited<ReturnType<typeof session>>, seq: number) => {
    test.step(seq);
    await settled();
    test.receive("ack", { seq: test.all("block").at(-1)?.seq ?? 0 });
    return test.all("block").at(-1)?.format;
  };

  it("on the graphics card gives way to the same format without it, and nobody is bothered", async () => {
    const test = await session(["avc", "vp8", "raw"], ({ hardware }) => hardware);
    await next(test, 1);
    expect(await next(test, 2)).toBe("avc");
    expect(test.opened).toEqual(["avc on the card", "avc"]);
    expect(test.codes().filter((code) => code === "video-unusable")).toEqual([]);
  });

  it("otherwise gives way to the next format of the client, never to one that it does not take", async () => {
    const test = await session(["avc", "raw"], ({ format }) => format === "avc");
    await next(test, 1);
    await next(test, 2);
    expect(await next(test, 3)).toBe("raw");
    expect(test.opened).toEqual(["avc on the card", "avc", "raw"]);
    expect(test.codes()).toContain("video-unusable");
  });

  it("ends the session when there is no other", async () => {
    const test = await session(["vp8"], () => true);
    await next(test, 1);
    expect(test.closed).toBe(1);
  });
});
