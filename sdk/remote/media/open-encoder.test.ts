import { describe, expect, it } from "vitest";
import type { WebCodecs } from "../../media/webcodecs.js";
import { probeEncoders } from "./open-encoder.js";

type Config = { readonly codec: string; readonly hardwareAcceleration: string };
type Output = (chunk: object) => void;

/** WebCodecs with a graphics card: `works` says which encoders give pictures. */
function codecs(works: (config: Config) => boolean, card = true) {
  const configured: Config[] = [];
  class VideoEncoder {
    state = "configured";
    #config: Config | undefined;
    readonly #to: { output: Output; error: (error: Error) => void };
    constructor(to: { output: Output; error: (error: Error) => void }) {
      this.#to = to;
    }
    configure(config: Config): void {
      this.#config = config;
      configured.push(config);
    }
    encode({ timestamp }: { timestamp: number }): void {
      if (!works(this.#config!)) this.#to.error(new Error("no session left on the card"));
      else this.#to.output({ byteLength: 3, timestamp, type: "key", copyTo: (to: Uint8Array) => to.fill(9) });
    }
    close(): void {
      this.state = "closed";
    }
  }
  class VideoFrame {
    readonly timestamp: number;
    constructor(_: unknown, { timestamp }: { timestamp: number }) {
      this.timestamp = timestamp;
    }
    close(): void {}
  }
  const getHardwareAccelerators = () => [{ name: "nvenc", available: card }];
  return { configured, webcodecs: { VideoEncoder, VideoFrame, getHardwareAccelerators } as unknown as WebCodecs };
}

const onCard = ({ hardwareAcceleration }: Config): boolean => hardwareAcceleration === "prefer-hardware";
const SIZE = { width: 64, height: 64 };

describe("encoders of a server", () => {
  it("are the graphics card's where it has one that works", async () => {
    const { webcodecs, configured } = codecs(() => true);
    const encoders = await probeEncoders({ fps: 25, webcodecs });
    expect(encoders).toMatchObject({ hardware: true, formats: ["avc", "vp8", "webp", "png", "raw"] });
    expect(encoders.open(["avc", "png"], SIZE)).toMatchObject({ format: "avc", hardware: true });
    expect(configured.at(-1)).toMatchObject({ hardwareAcceleration: "prefer-hardware", width: 64, height: 128 });
    expect(encoders.open(["avc"], { ...SIZE, hardware: false })).toMatchObject({ format: "avc", hardware: false });
    expect(configured.at(-1)).toMatchObject({ hardwareAcceleration: "prefer-software" });
    expect(encoders.open(["vp8"], SIZE)).toMatchObject({ format: "vp8", hardware: false });
  });

  it("are the processor's where the card's fails, or there is none", async () => {
    const broken = await probeEncoders({ fps: 25, webcodecs: codecs((config) => !onCard(config)).webcodecs });
    expect(broken).toMatchObject({ hardware: false, formats: ["avc", "vp8", "webp", "png", "raw"] });
    expect(broken.open(["avc"], SIZE).hardware).toBe(false);
    const { webcodecs, configured } = codecs(() => true, false);
    expect((await probeEncoders({ fps: 25, webcodecs })).hardware).toBe(false);
    expect(configured.some(onCard)).toBe(false);
  });

  it("are only those that are allowed", async () => {
    const { webcodecs, configured } = codecs(() => true);
    const encoders = await probeEncoders({ fps: 25, webcodecs, allowed: ["png", "webp"] });
    expect(encoders).toMatchObject({ hardware: false, formats: ["webp", "png"] });
    expect(configured).toEqual([]);
    expect(encoders.open(["avc", "vp8", "webp"], SIZE).format).toBe("webp");
    expect(() => encoders.open(["avc", "raw"], SIZE)).toThrow("the client takes avc, raw, the server gives webp, png");
    const nothing = probeEncoders({ fps: 25, webcodecs: codecs(() => false).webcodecs, allowed: ["avc"] });
    await expect(nothing).rejects.toMatchObject({ code: "video-unusable" });
  });
});
