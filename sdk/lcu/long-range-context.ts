import type { AudioEncoder } from "../perception/audio-encoder.js";
import type { FaceBlock } from "../perception/types.js";
import type { VisualEncoder } from "../perception/visual-encoder.js";
import type { GatedFusion } from "./gca.js";
import type { HistoryRing } from "./history.js";
import type { LowLevelPerception } from "./lpe.js";
import type { HistoryUnderstanding } from "./phi.js";

/** The stages that {@link LongRangeContext} runs, in the order of the data. */
export type LongRangeContextStages = {
  readonly audioEncoder: AudioEncoder;
  readonly visualEncoder: VisualEncoder;
  readonly perception: LowLevelPerception;
  readonly history: HistoryRing;
  readonly understanding: HistoryUnderstanding;
  readonly fusion: GatedFusion;
  /** Places in the window of the audio features (L_w, 8). */
  readonly featureWindow: number;
};

/** Measures a named job; the default does nothing but run it. */
export type StageTimer = <T>(stage: string, job: () => Promise<T>) => Promise<T>;

/** One block of the user in, f_pu out: docs/pack.md, "One block", user and lcu. The cost of a block does not grow with time. */
export class LongRangeContext {
  readonly #stages: LongRangeContextStages;
  #understood: Promise<Float32Array> | undefined;
  #given: Float32Array | null = null;

  /** The stages are borrowed. */
  constructor(stages: LongRangeContextStages) {
    this.#stages = stages;
  }

  /** f_pu, f32 [12 * 128], of one block: `pcm` f32 [2560] and the faces of its frames. */
  async step(
    input: FaceBlock & { readonly pcm: Float32Array; readonly lpe: boolean; readonly hbcu: boolean },
    timed: StageTimer,
  ): Promise<Float32Array> {
    const { audioEncoder, visualEncoder, perception, history, understanding, fusion } = this.#stages;
    if (this.#given === null) this.#understood ??= timed("phi", () => understanding.understand(history.tensors()));
    const features = await timed("audio-encoder", () => audioEncoder.encode(input.pcm));
    const visual = await timed("visual-encoder", () => visualEncoder.encode(input));
    const perceived = await timed("lpe", () => perception.perceive({ audio: features, visual, on: input.lpe })); // P_usr
    if (history.addBlock({ ...input, features, window: this.#stages.featureWindow }))
      this.#understood =
        this.#given === null ? timed("phi", () => understanding.understand(history.tensors())) : undefined;
    const understood = this.#given ?? (await this.#understood!); // S_usr
    return timed("gca", () => fusion.fuse({ perception: perceived, understanding: understood, on: input.hbcu }));
  }

  /** S_usr f32 [8 * 128] from elsewhere, instead of the pack's own network; null: the network again, from its next step. */
  setUnderstanding(tokens: Float32Array | null): void {
    this.#given = tokens;
    this.#understood = undefined;
  }

  /** As if nobody had been there. */
  reset(): void {
    this.#stages.audioEncoder.reset();
    this.#stages.perception.reset();
    this.#stages.history.reset();
    this.#understood = undefined;
    this.#given = null;
  }
}
