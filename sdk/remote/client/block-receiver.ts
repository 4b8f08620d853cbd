import { SerialQueue } from "../../base/serial-queue.js";
import { ARKIT_BLENDSHAPES } from "../../protocol/arkit.js";
import type { GeneratorStepOutput } from "../../protocol/generator-worker.js";
import { POSE_FIELDS } from "../../protocol/pose.js";
import type { BlockMessage, BlockNumbers, ClientEvent, ClientMessages, VideoFormat } from "../../protocol/remote.js";
import type { PictureDecoders } from "../media/open-decoder.js";
import type { PictureDecoder } from "../media/picture-encoder.js";
import { floatsOfBytes } from "../wire/arrays.js";

/** What a {@link BlockReceiver} needs. */
export type BlockReceiverOptions = {
  readonly decoders: PictureDecoders;
  readonly size: { readonly width: number; readonly height: number };
  readonly send: <Event extends ClientEvent>(event: Event, message: ClientMessages[Event]) => void;
  /** Gets every block once, in order. */
  readonly deliver: (seq: number, output: GeneratorStepOutput) => void;
};

/** Blocks in a row that may fail to decode before another format is asked for. */
const MAX_FAILURES = 2;

/**
 * Turns messages into blocks: acknowledges, decodes one after another, and puts the last picture in the place of those that were dropped
 * or could not be decoded. A block is acknowledged when it has been decoded, so that a slow side is sent less.
 */
export class BlockReceiver {
  readonly #options: BlockReceiverOptions;
  readonly #queue = new SerialQueue("the receiver");
  #decoder: PictureDecoder | undefined;
  /** A delta picture is of no use before the next key picture. */
  #needsKey = true;
  #failures = 0;
  #formats: readonly VideoFormat[];
  #picture: Uint8ClampedArray;
  #blendshapes: Float32Array | undefined;
  #pose: Float32Array | undefined;
  #epoch = 0;

  constructor(options: BlockReceiverOptions) {
    this.#options = options;
    this.#formats = options.decoders.formats;
    this.#picture = new Uint8ClampedArray(options.size.width * options.size.height * 4);
  }

  /** A new connection: its first picture stands alone. */
  restart(): void {
    this.#epoch += 1;
    this.#failures = 0;
    this.#renew();
  }

  /** Takes a block; resolves when it has been delivered. */
  take(message: BlockMessage): Promise<void> {
    const epoch = this.#epoch;
    return this.#queue.run(() => (epoch === this.#epoch ? this.#receive(message) : undefined)).catch(() => {}); // disposed
  }

  /** The head as it was last seen, for a block that nobody made. */
  held(): GeneratorStepOutput {
    return {
      rgba: [this.#picture],
      blendshapes: still(this.#blendshapes, ARKIT_BLENDSHAPES.length),
      pose: still(this.#pose, POSE_FIELDS.length),
      stageMs: {},
      held: true,
    };
  }

  async dispose(): Promise<void> {
    this.#decoder?.dispose();
    await this.#queue.dispose();
  }

  async #receive(message: BlockMessage): Promise<void> {
    const { seq, earlier, stageMs } = message;
    const startMs = performance.now();
    const pictures = await this.#decode(message);
    this.#options.send("ack", { seq });
    for (const numbers of earlier) this.#deliver(numbers, undefined, { stageMs: {}, dropped: true });
    const workMs = Object.values(stageMs).reduce((sum, ms) => sum + ms, 0);
    this.#deliver(message, pictures, { stageMs: { ...stageMs, "video-decoder": performance.now() - startMs }, workMs });
  }

  #deliver(
    { seq, blendshapes, pose }: BlockNumbers,
    pictures: Uint8ClampedArray[] | undefined,
    times: Pick<GeneratorStepOutput, "stageMs" | "workMs" | "dropped">,
  ): void {
    this.#blendshapes = floatsOfBytes(blendshapes);
    this.#pose = floatsOfBytes(pose);
    this.#picture = pictures?.at(-1) ?? this.#picture;
    const rgba = pictures ?? [this.#picture]; // one picture stands for all frames
    this.#options.deliver(seq, { rgba, blendshapes: this.#blendshapes, pose: this.#pose, ...times });
  }

  async #decode(message: BlockMessage): Promise<Uint8ClampedArray[] | undefined> {
    const { format, key, pictures } = message;
    if (pictures.length === 0) return [];
    if (this.#decoder?.format !== format) this.#renew(format);
    if (this.#needsKey && !key) {
      this.#options.send("keyframe", {});
      return undefined;
    }
    try {
      const decoded = await this.#decoder!.decode(pictures, key);
      this.#needsKey = false;
      this.#failures = 0;
      return decoded;
    } catch {
      this.#failures += 1;
      this.#renew(format);
      const others = this.#formats.filter((other) => other !== format);
      if (this.#failures < MAX_FAILURES || others.length === 0) this.#options.send("keyframe", {});
      else {
        this.#failures = 0;
        this.#formats = others;
        this.#options.send("formats", { formats: others });
      }
      return undefined;
    }
  }

  #renew(format?: VideoFormat): void {
    this.#decoder?.dispose();
    this.#decoder = format && this.#options.decoders.open(format, this.#options.size);
    this.#needsKey = true;
  }
}

/** The last of a block's frames, four times. */
function still(values: Float32Array | undefined, size: number): Float32Array {
  const last = values?.subarray(values.length - size) ?? new Float32Array(size);
  const all = new Float32Array(4 * size);
  for (let f = 0; f < 4; f++) all.set(last, f * size);
  return all;
}
