import { EchoError } from "../base/errors.js";

/** The WebCodecs of Node: an optional package, because its binary weighs 66 MB and holds x264 (docs/decisions/0002-media.md). */
export type WebCodecs = typeof import("@napi-rs/webcodecs");

/** Loads the encoders. @throws EchoError `encode-failed` that says what to install */
export async function loadWebCodecs(file: string): Promise<WebCodecs> {
  try {
    return await import("@napi-rs/webcodecs");
  } catch (cause) {
    throw new EchoError("encode-failed", {
      file,
      reason: "video needs the optional package: npm install @napi-rs/webcodecs@1.3.1 (PNG sequences do without)",
      cause,
    });
  }
}

/**
 * Chunks that an encoder has given and nobody has taken yet, and its first failure. Encoders answer by callback; the muxer must be
 * awaited, so chunks wait here.
 */
export class ChunkQueue<Chunk> {
  readonly #chunks: Chunk[] = [];
  #failure: Error | undefined;

  readonly put = (chunk: Chunk): void => {
    this.#chunks.push(chunk);
  };

  readonly fail = (error: Error): void => {
    this.#failure ??= error;
  };

  /** All chunks in order. Throws what the encoder reported, once it has. */
  take(): Chunk[] {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#chunks.splice(0);
  }
}

/** Pictures or sounds that may wait in an encoder before the renderer has to. */
const LONGEST_QUEUE = 8;

/** Resolves when the encoder has caught up. */
export async function untilReady(encoder: { readonly encodeQueueSize: number; readonly state: string }): Promise<void> {
  while (encoder.state === "configured" && encoder.encodeQueueSize > LONGEST_QUEUE)
    await new Promise((resolve) => setTimeout(resolve, 1));
}
