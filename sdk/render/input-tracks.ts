import { SampleReader } from "../capture/sample-reader.js";
import type { PackManifest } from "../pack/types.js";
import { FaceTrack } from "../perception/face-track.js";
import { faceVectorOfSample } from "../perception/face-vector.js";
import type { FaceBlock } from "../perception/types.js";
import type { FaceSample } from "../protocol/pose.js";
import { SpeechActivity } from "./speech-activity.js";

/** The avatar's audio of one block. */
export type AvatarBlock = {
  /** f32 [2560], ahead of the block by avatarLookaheadFrames. */
  readonly pcm: Float32Array;
  /** For each frame of the block, whether the avatar speaks in it. */
  readonly speaking: readonly boolean[];
  /** Frames that the whole audio has, once its end is known. */
  readonly totalFrames: number | undefined;
};

/**
 * The avatar's audio as the generator takes it (docs/pack.md, "One block"): block k gets samples
 * [2560 k + ahead, 2560 (k + 1) + ahead); the `ahead` samples before block 0 prime the encoder.
 */
export class AvatarTrack {
  readonly #reader: SampleReader;
  readonly #clock: PackManifest["clock"];
  readonly #activity: SpeechActivity;
  #samples: number | undefined;

  constructor(source: AsyncIterable<Float32Array>, clock: PackManifest["clock"]) {
    this.#reader = new SampleReader(source, "options.avatarAudio");
    this.#clock = clock;
    this.#activity = new SpeechActivity({ samplesPerFrame: clock.samplesPerFrame });
  }

  /** The blocks before block 0, oldest first: silence, and at its end the first samples of the audio. Call it once, first. */
  async prime(): Promise<Float32Array[]> {
    const ahead = this.#clock.avatarLookaheadFrames * this.#clock.samplesPerFrame;
    const block = this.#clock.blockFrames * this.#clock.samplesPerFrame;
    if (ahead === 0) return [];
    const blocks = Math.ceil(ahead / block);
    const all = new Float32Array(blocks * block);
    all.set(await this.#read(ahead), all.length - ahead);
    return Array.from({ length: blocks }, (_, i) => all.slice(i * block, (i + 1) * block));
  }

  /** The next block. */
  async next(): Promise<AvatarBlock> {
    const { blockFrames, samplesPerFrame } = this.#clock;
    const pcm = await this.#read(blockFrames * samplesPerFrame);
    const speaking = Array.from({ length: blockFrames }, () => this.#activity.next());
    const totalFrames = this.#samples === undefined ? undefined : Math.ceil(this.#samples / samplesPerFrame);
    return { pcm, speaking, totalFrames };
  }

  /** Lets the source go. */
  close(): Promise<void> {
    return this.#reader.close();
  }

  async #read(count: number): Promise<Float32Array> {
    const { pcm, real } = await this.#reader.read(count);
    if (real < count) this.#samples ??= this.#reader.samplesRead;
    this.#activity.push(pcm);
    return pcm;
  }
}

/** The user's audio and face of one block. */
export type UserBlock = FaceBlock & {
  /** f32 [2560]. */
  readonly pcm: Float32Array;
  /** Frames that the user's input has, once its end is known. */
  readonly totalFrames: number | undefined;
};

/** The user's audio and face, block by block: block k has samples [2560 k, 2560 (k + 1)) and the frames of the same time. */
export class UserTrack {
  readonly #reader: SampleReader | undefined;
  readonly #faces: readonly FaceSample[];
  readonly #track: FaceTrack;
  readonly #clock: PackManifest["clock"];
  #nextFace = 0;
  #block = 0;

  constructor(
    source: { readonly audio: AsyncIterable<Float32Array> | undefined; readonly faces: readonly FaceSample[] },
    clock: PackManifest["clock"],
  ) {
    this.#reader = source.audio && new SampleReader(source.audio, "options.userAudio");
    this.#faces = source.faces;
    this.#track = new FaceTrack({ frameMs: 1_000 / clock.fps });
    this.#clock = clock;
  }

  /** The next block. */
  async next(): Promise<UserBlock> {
    const { fps, blockFrames, samplesPerFrame } = this.#clock;
    const count = blockFrames * samplesPerFrame;
    const { pcm, real } = (await this.#reader?.read(count)) ?? { pcm: new Float32Array(count), real: 0 };
    const startMs = (this.#block++ * blockFrames * 1_000) / fps;
    const endMs = startMs + (blockFrames * 1_000) / fps;
    while (this.#nextFace < this.#faces.length && this.#faces[this.#nextFace]!.timeS * 1_000 < endMs) {
      const sample = this.#faces[this.#nextFace]!;
      this.#track.push(sample.timeS * 1_000, faceVectorOfSample(sample, `options.userFace[${this.#nextFace}]`));
      this.#nextFace += 1;
    }
    const last = this.#faces[this.#faces.length - 1];
    const faceFrames = last ? Math.floor(last.timeS * fps + 0.5) + 1 : 0;
    const ended = this.#reader === undefined || real < count;
    const audioFrames = Math.ceil((this.#reader?.samplesRead ?? 0) / samplesPerFrame);
    return {
      pcm,
      ...this.#track.block(startMs, blockFrames),
      totalFrames: ended ? Math.max(audioFrames, faceFrames) : undefined,
    };
  }

  /** Lets the source go. */
  async close(): Promise<void> {
    await this.#reader?.close();
  }
}
