import type { GeneratorStepOutput } from "../../protocol/generator-worker.js";
import { bytesOf } from "../../protocol/picture.js";
import { type BlockMessage, type BlockNumbers, CREDIT_WINDOW, MAX_EARLIER_BLOCKS } from "../../protocol/remote.js";
import type { PictureEncoder } from "../media/picture-encoder.js";
import { bytesOfFloats } from "../wire/arrays.js";

/** A block that has been made and not yet sent. */
export type MadeBlock = { readonly seq: number; readonly output: GeneratorStepOutput; readonly sinceMs: number };

/** What an {@link Outbox} needs. */
export type OutboxOptions = {
  readonly nowMs: () => number;
  /** Hears of each block that left, with the bytes of its pictures and the ms since it was asked for. */
  readonly onSent: (sent: { readonly bytes: number; readonly tookMs: number }) => void;
  /** Hears of each block whose pictures were dropped. */
  readonly onDropped: () => void;
  /** An encoder failed; another one may be given. */
  readonly onEncoderFailed: (encoder: PictureEncoder, error: unknown) => Promise<void>;
};

/** Where blocks go: one connection. */
type Outlet = { readonly send: (block: BlockMessage) => void; readonly encoder: PictureEncoder };

/**
 * Blocks on their way to one client, by credit: CREDIT_WINDOW are in flight at most. Out of credit only the newest block keeps its
 * pictures (one block of memory); of those before it the coefficients stay, MAX_EARLIER_BLOCKS of them, and go with the next one.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  #outlet: Outlet | undefined;
  #keyWanted = true;
  #unacknowledged: number[] = [];
  #lastSent = 0;
  #waiting: MadeBlock | undefined;
  #earlier: BlockNumbers[] = [];
  #flushing = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** The last block that was sent. */
  get lastSent(): number {
    return this.#lastSent;
  }

  /** A new connection: what was on its way to the old one is lost, and what waits would come too late. */
  open(outlet: Outlet): void {
    this.close();
    this.#outlet = outlet;
    this.#keyWanted = true;
  }

  /** Another encoder for the same connection. */
  useEncoder(encoder: PictureEncoder): void {
    if (this.#outlet === undefined) {
      encoder.dispose();
      return;
    }
    this.#outlet.encoder.dispose();
    this.#outlet = { ...this.#outlet, encoder };
    this.#keyWanted = true;
    void this.#flush();
  }

  /** The connection is gone. */
  close(): void {
    this.#outlet?.encoder.dispose();
    this.#outlet = undefined;
    this.#unacknowledged = [];
    this.#waiting = undefined;
    this.#earlier = [];
  }

  /** A block is ready; the one that waits gives way. */
  push(block: MadeBlock): void {
    if (this.#waiting) {
      this.#earlier.push(numbersOf(this.#waiting));
      if (this.#earlier.length > MAX_EARLIER_BLOCKS) this.#earlier.shift();
      this.#options.onDropped();
    }
    this.#waiting = block;
    void this.#flush();
  }

  /** The client has every block up to `seq`. */
  acknowledge(seq: number): void {
    this.#unacknowledged = this.#unacknowledged.filter((sent) => sent > seq);
    void this.#flush();
  }

  /** The next picture will stand alone. */
  wantKey(): void {
    this.#keyWanted = true;
  }

  async #flush(): Promise<void> {
    if (this.#flushing) return;
    this.#flushing = true;
    while (this.#outlet && this.#waiting && this.#unacknowledged.length < CREDIT_WINDOW)
      await this.#sendOne(this.#outlet, this.#waiting);
    this.#flushing = false;
  }

  async #sendOne(outlet: Outlet, block: MadeBlock): Promise<void> {
    const { nowMs, onSent, onEncoderFailed } = this.#options;
    const { encoder } = outlet;
    const key = this.#keyWanted;
    this.#waiting = undefined;
    if (block.output.rgba.length > 0) this.#keyWanted = false;
    const startMs = nowMs();
    let encoded: Awaited<ReturnType<PictureEncoder["encode"]>>;
    try {
      encoded = await encoder.encode(block.output.rgba.map(bytesOf), key);
    } catch (error) {
      // Unless it failed because it was ended, the owner gives another encoder or closes.
      if (this.#outlet === outlet) await onEncoderFailed(encoder, error);
      return;
    }
    if (this.#outlet !== outlet) {
      this.#keyWanted = true; // a picture of the chain did not leave
      return;
    }
    const endMs = nowMs();
    const earlier = this.#earlier;
    this.#earlier = [];
    this.#unacknowledged.push(block.seq);
    this.#lastSent = block.seq;
    const stageMs = { ...block.output.stageMs, encoder: endMs - startMs };
    outlet.send({ ...numbersOf(block), ...encoded, format: encoder.format, earlier, stageMs });
    const bytes = encoded.pictures.reduce((sum, picture) => sum + picture.byteLength, 0);
    onSent({ bytes, tookMs: endMs - block.sinceMs });
  }
}

function numbersOf({ seq, output }: MadeBlock): BlockNumbers {
  return { seq, blendshapes: bytesOfFloats(output.blendshapes), pose: bytesOfFloats(output.pose) };
}
