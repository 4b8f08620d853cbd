import { EchoError } from "../../base/errors.js";
import type { GeneratorStepInput, GeneratorStepOutput, GeneratorWorkerApi } from "../../protocol/generator-worker.js";
import type { ServerMessages } from "../../protocol/remote.js";
import { type PictureDecoders, probeDecoders } from "../media/open-decoder.js";
import { bytesOfFloats, bytesOfPcm } from "../wire/arrays.js";
import { BlockReceiver } from "./block-receiver.js";
import type { RemoteServers } from "./control-plane.js";
import { SessionKeeper } from "./session-keeper.js";
import { StepHistory } from "./step-history.js";

/** A generator on render servers, with the codecs of this place. */
export function createRemoteGenerator(options: Omit<RemoteGeneratorOptions, "decoders">): GeneratorWorkerApi {
  return new RemoteGenerator({ ...options, decoders: () => probeDecoders() });
}

/** What a {@link RemoteGenerator} needs. */
export type RemoteGeneratorOptions = {
  readonly servers: RemoteServers;
  /** Of the pack on this side; the server must have the same. */
  readonly packHash: string;
  /** The codecs of this place. */
  readonly decoders: () => Promise<PictureDecoders>;
  /** Hears of a line that broke and of sessions that were lost; the head goes on. */
  readonly onTrouble: (error: EchoError) => void;
  /** A server that owes an answer for so long is taken to be gone, in ms. @default 15000 */
  readonly stallMs?: number | undefined;
};

type Pending = { readonly resolve: (output?: GeneratorStepOutput) => void; readonly reject: (error: unknown) => void };

const STALL_MS = 15_000;
/** Samples below this are silence: the moment to move to another node. */
const SILENCE = 1e-3;

/**
 * The generator of an agent, on a render server. Up go F_pu, c_emo and the avatar's audio, down come blocks. While there is no line, steps
 * are answered at once with the last picture (`held`), so sound and time go on; the session is resumed, or, when it is gone, begun anew.
 */
export class RemoteGenerator implements GeneratorWorkerApi {
  readonly #options: RemoteGeneratorOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #history = new StepHistory();
  #keeper: SessionKeeper | undefined;
  #receiver: BlockReceiver | undefined;
  #seq = 0;
  #sentEmotion: Float32Array | undefined;
  /** The audio of the newest step, heard or not: what a server must know of when it goes on. */
  #lastPcm: Float32Array | undefined;
  #stall: ReturnType<typeof setTimeout> | undefined;

  constructor(options: RemoteGeneratorOptions) {
    this.#options = options;
  }

  /** Finds a server and begins a session. `backend` is the server's business. */
  async load(options: Parameters<GeneratorWorkerApi["load"]>[0]): ReturnType<GeneratorWorkerApi["load"]> {
    const { servers, packHash, onTrouble } = this.#options;
    const decoders = await this.#options.decoders();
    const keeper = new SessionKeeper({
      servers,
      packHash,
      avatar: options.avatar,
      seed: options.seed,
      formats: decoders.formats,
      listener: {
        block: (message) => void this.#receiver?.take(message),
        done: ({ seq }) => this.#settle(seq),
        refused: (message) => this.#refused(message),
        lost: (error) => this.#lost(error),
        begun: (welcome) => this.#begun(welcome),
        failed: (error) => this.#failed(error),
        trouble: onTrouble,
      },
    });
    this.#keeper = keeper;
    const welcome = await keeper.begin();
    const { width, height, backend } = welcome;
    this.#receiver = new BlockReceiver({
      decoders,
      size: { width, height },
      send: (event, message) => keeper.connection?.send(event, message as never),
      deliver: (seq, output) => this.#settle(seq, output),
    });
    return { backend: backend as "cpu", width, height };
  }

  async step(input: GeneratorStepInput): Promise<GeneratorStepOutput> {
    const { keeper, receiver } = this.#ready();
    this.#lastPcm = input.pcm;
    if (keeper.leaving && isSilent(input.pcm)) await keeper.move();
    const { connection } = keeper;
    if (connection === undefined) {
      this.#history.add(undefined);
      return receiver.held();
    }
    const { sdcm, lau, expressivity, pictures, steps } = input;
    const emotion = sameValues(input.emotion, this.#sentEmotion) ? undefined : bytesOfFloats(input.emotion);
    const arrays = { pcm: bytesOfPcm(input.pcm), fPu: bytesOfFloats(input.fPu), emotion };
    const seq = ++this.#seq;
    connection.send("step", { seq, ...arrays, sdcm, lau, expressivity, pictures, steps });
    this.#sentEmotion = input.emotion;
    this.#history.add(seq);
    const answer = this.#await(seq);
    return (await answer) ?? receiver.held();
  }

  async prime({ pcm }: { readonly pcm: Float32Array }): Promise<void> {
    this.#lastPcm = pcm;
    await this.#operate((seq) => this.#keeper?.connection?.send("prime", { seq, pcm: bytesOfPcm(pcm) }));
  }

  async rewind({ blocks, pcm }: { readonly blocks: number; readonly pcm: Float32Array }): Promise<void> {
    this.#lastPcm = pcm;
    // Steps that no server made cannot be taken back; the audio before them still can.
    const made = this.#history.takeBack(blocks);
    if (made === 0 && blocks > 0) return this.prime({ pcm });
    await this.#operate((seq) => this.#keeper?.connection?.send("rewind", { seq, blocks: made, pcm: bytesOfPcm(pcm) }));
  }

  async setAvatar(id: string): Promise<void> {
    await this.#operate((seq) => this.#keeper?.connection?.send("avatar", { seq, id }), true);
    if (this.#keeper) this.#keeper.avatar = id;
  }

  async reset(): Promise<void> {
    this.#lastPcm = undefined;
    await this.#operate((seq) => this.#keeper?.connection?.send("reset", { seq }));
  }

  async dispose(): Promise<void> {
    clearTimeout(this.#stall);
    const keeper = this.#keeper;
    this.#keeper = undefined;
    keeper?.dispose();
    await this.#receiver?.dispose();
    const error = new EchoError("disposed", { what: "the remote generator" });
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  #ready(): { keeper: SessionKeeper; receiver: BlockReceiver } {
    const [keeper, receiver] = [this.#keeper, this.#receiver];
    if (!keeper || !receiver)
      throw new EchoError("disposed", { what: "the remote generator (or it was never loaded)" });
    if (keeper.failure) throw keeper.failure;
    return { keeper, receiver };
  }

  /** Sends an operation and waits for its answer. Without a line there is none to wait for, unless it `mustArrive`. */
  async #operate(send: (seq: number) => void, mustArrive = false): Promise<void> {
    const { keeper } = this.#ready();
    if (keeper.connection === undefined) {
      if (mustArrive)
        throw new EchoError("connection-lost", { server: "the render server", reason: "it is not back yet" });
      return;
    }
    const seq = ++this.#seq;
    send(seq);
    await this.#await(seq);
  }

  #await(seq: number): Promise<GeneratorStepOutput | undefined> {
    return new Promise((resolve, reject) => {
      this.#pending.set(seq, { resolve, reject });
      if (this.#pending.size === 1) this.#watch();
    });
  }

  #settle(seq: number, output?: GeneratorStepOutput): void {
    const pending = this.#pending.get(seq);
    this.#pending.delete(seq);
    this.#watch();
    pending?.resolve(output);
  }

  /** A server that owes an answer and gives none for long is as good as gone. */
  #watch(): void {
    clearTimeout(this.#stall);
    if (this.#pending.size === 0) return;
    this.#stall = setTimeout(() => this.#keeper?.connection?.drop(), this.#options.stallMs ?? STALL_MS);
  }

  #refused({ seq, error }: ServerMessages["refused"]): void {
    const refusal = EchoError.fromEnvelope(error);
    const pending = seq === undefined ? undefined : this.#pending.get(seq);
    if (pending === undefined) {
      this.#options.onTrouble(refusal);
      return;
    }
    this.#pending.delete(seq!);
    this.#watch();
    pending.reject(refusal);
  }

  /** The line broke: who waits gets the last picture, and time goes on. */
  #lost(error: EchoError): void {
    this.#answerHeld();
    this.#options.onTrouble(error);
  }

  #answerHeld(): void {
    clearTimeout(this.#stall);
    for (const { resolve } of this.#pending.values()) resolve();
    this.#pending.clear();
  }

  /** There is a line again, to the same session or to a new one: the server hears the newest audio, and steps go on. */
  #begun({ resumed, lastSeq }: ServerMessages["welcome"]): void {
    this.#answerHeld(); // what the server before still owed, when the session moves
    this.#history.settle(resumed ? lastSeq : 0);
    this.#seq = lastSeq;
    this.#sentEmotion = undefined;
    this.#receiver?.restart();
    const pcm = this.#lastPcm;
    if (pcm) void this.prime({ pcm }).catch(() => {}); // if the line breaks again, it is done again
  }

  #failed(error: EchoError): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

function isSilent(pcm: Float32Array): boolean {
  return pcm.every((sample) => Math.abs(sample) < SILENCE);
}

function sameValues(a: Float32Array, b: Float32Array | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((value, i) => value === b[i]);
}
