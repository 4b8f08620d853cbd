import { BlockAssembler, type BlockAssemblerCounters } from "../capture/block-assembler.js";
import { attachMicrophone } from "../capture/microphone.js";
import { PcmNormaliser } from "../capture/pcm-normaliser.js";
import type { AudioChunk } from "../capture/types.js";
import type { PackManifest } from "../pack/types.js";
import { FaceTrack } from "../perception/face-track.js";
import { faceVectorOf } from "../perception/face-vector.js";
import type { FaceBlock, FaceRecord } from "../perception/types.js";
import type { AssetOptions } from "../protocol/backend.js";

/** Blocks of audio that wait for the agent at most: more would make it react to the past. */
const WAITING_BLOCKS = 2;

/** What the agent hears and sees of the person before it. */
export class UserInput {
  readonly #normaliser: PcmNormaliser;
  readonly #assembler: BlockAssembler;
  readonly #faces: FaceTrack;
  readonly #frames: number;
  readonly #frameMs: number;
  readonly #nowMs: () => number;
  readonly #assets: AssetOptions | undefined;
  readonly #check: () => void;
  readonly #microphones = new Set<() => void>();

  /** @internal */
  constructor(options: {
    clock: PackManifest["clock"];
    nowMs: () => number;
    assets: AssetOptions | undefined;
    /** Throws when the agent takes no more input. */
    check: () => void;
  }) {
    const { clock } = options;
    this.#normaliser = new PcmNormaliser({ sampleRateHz: clock.sampleRateHz });
    const blockSamples = clock.blockFrames * clock.samplesPerFrame;
    this.#assembler = new BlockAssembler({ blockSamples, capacity: WAITING_BLOCKS * blockSamples });
    this.#frameMs = 1_000 / clock.fps;
    this.#faces = new FaceTrack({ frameMs: this.#frameMs });
    this.#frames = clock.blockFrames;
    this.#nowMs = options.nowMs;
    this.#assets = options.assets;
    this.#check = options.check;
  }

  /**
   * Hands in what the user says, as it comes. Any rate and number of channels; samples in -1..1, which are copied.
   * Throws a `TypeError` for samples that are not finite and EchoError `disposed` after `dispose()`.
   */
  pushAudio(audio: AudioChunk): void {
    this.#check();
    this.#assembler.push(this.#normaliser.push(audio, "audio"));
  }

  /**
   * Hands in how the user looks now; null says that nobody is in view. A face is held for half a second.
   * Throws a `TypeError` for unknown names and values out of range and EchoError `disposed` after `dispose()`.
   */
  pushFace(face: FaceRecord | null): void {
    this.#check();
    const vector = face === null ? null : faceVectorOf(face, "face");
    this.#faces.push(face?.timestampMs ?? this.#nowMs(), vector);
  }

  /** Listens to a microphone (browsers). The result stops it; the stream stays the caller's. Throws EchoError `microphone-unavailable`. */
  async attachMicrophone(stream: MediaStream): Promise<() => void> {
    this.#check();
    const stop = await attachMicrophone(
      stream,
      (audio) => this.#assembler.push(this.#normaliser.push(audio)),
      this.#assets,
    );
    const detach = (): void => {
      this.#microphones.delete(detach);
      stop();
    };
    this.#microphones.add(detach);
    return detach;
  }

  /** @internal The newest block: audio and the faces of the frames that end at `nowMs`. */
  takeBlock(nowMs: number): FaceBlock & { readonly pcm: Float32Array } {
    const startMs = nowMs - (this.#frames - 1) * this.#frameMs;
    return { pcm: this.#assembler.take(), ...this.#faces.block(startMs, this.#frames) };
  }

  /** @internal */
  counters(): BlockAssemblerCounters {
    return this.#assembler.counters();
  }

  /** @internal Stops the microphones. */
  dispose(): void {
    for (const detach of [...this.#microphones]) detach();
  }
}
