import { EchoError } from "../../base/errors.js";
import { SerialQueue } from "../../base/serial-queue.js";
import { AffectTextEncoder } from "../../lcu/affect-text-encoder.js";
import { GatedFusion } from "../../lcu/gca.js";
import { HistoryRing } from "../../lcu/history.js";
import { LongRangeContext } from "../../lcu/long-range-context.js";
import { LowLevelPerception } from "../../lcu/lpe.js";
import { HistoryUnderstanding } from "../../lcu/phi.js";
import { TextTokenizer } from "../../lcu/text-tokenizer.js";
import type { StageName } from "../../pack/types.js";
import { AudioEncoder } from "../../perception/audio-encoder.js";
import { VisualEncoder } from "../../perception/visual-encoder.js";
import type { BackendReport } from "../../protocol/backend.js";
import type { LcuStepInput, LcuStepOutput, LcuWorkerApi } from "../../protocol/lcu-worker.js";
import type { Placement, Runtime } from "../../runtime/session.js";
import { transferArrays } from "../../runtime/transfer.js";
import type { StageHost } from "./stage-host.js";
import { StageTimings } from "./stage-timings.js";

type Loaded = { readonly runtime: Runtime; readonly context: LongRangeContext; readonly text: AffectTextEncoder };

/** The long-range context unit of one agent: what the LCU worker exposes. Calls run one after another, in order. */
export class LcuService implements LcuWorkerApi {
  readonly #host: StageHost;
  readonly #queue = new SerialQueue("the LCU");
  #loaded: Loaded | undefined;

  constructor(host: StageHost) {
    this.#host = host;
  }

  load(options: Parameters<LcuWorkerApi["load"]>[0]): Promise<BackendReport> {
    return this.#queue.run(async () => {
      await this.#loaded?.runtime.dispose();
      this.#loaded = undefined;
      const pack = await this.#host.openPack(options.pack);
      const runtime = await this.#host.openRuntime({ backend: options.backend, assets: options.assets });
      try {
        const { behaviour, limits } = pack.manifest;
        const open = async (name: StageName, placement?: Placement) =>
          runtime.createSession(await pack.readStage(name), placement);
        const keep = (behaviour.lpe.states ?? []).map(({ output }) => output);
        const vocabulary = await pack.readVocabulary();
        const phi = await open("phi");
        const features = behaviour["audio-encoder"].outputs.features!.shape;
        const context = new LongRangeContext({
          audioEncoder: new AudioEncoder(await open("audio-encoder"), behaviour["audio-encoder"].states ?? []),
          visualEncoder: new VisualEncoder(await open("visual-encoder")),
          perception: new LowLevelPerception(await open("lpe", { keep }), behaviour.lpe.states ?? []),
          history: new HistoryRing({
            entries: limits.historyEntries,
            blocksPerEntry: limits.historyBlocksPerEntry,
            values: Number(phi.inputs.history!.shape[2]),
          }),
          understanding: new HistoryUnderstanding(phi),
          fusion: new GatedFusion(await open("gca")),
          featureWindow: Number(features[2]),
        });
        const tokenizer = new TextTokenizer({ vocabulary, length: limits.textTokens });
        this.#loaded = { runtime, context, text: new AffectTextEncoder(await open("text-encoder"), tokenizer) };
      } catch (error) {
        await runtime.dispose();
        throw error;
      }
      return { backend: runtime.backend, downgrade: runtime.downgrade };
    });
  }

  step(input: LcuStepInput): Promise<LcuStepOutput> {
    return this.#queue.run(async () => {
      const { stageMs, timed } = new StageTimings();
      return transferArrays({ fPu: await this.#ready().context.step(input, timed), stageMs });
    });
  }

  setAffect(text: string): Promise<Float32Array> {
    // A copy, because the receiver's thread takes the array over.
    return this.#queue.run(async () => transferArrays((await this.#ready().text.encode(text)).slice()));
  }

  setUnderstanding(text: string | null): Promise<void> {
    return this.#queue.run(async () => {
      const { context, text: encoder } = this.#ready();
      context.setUnderstanding(text === null ? null : await encoder.encode(text));
    });
  }

  reset(): Promise<void> {
    return this.#queue.run(() => this.#ready().context.reset());
  }

  async dispose(): Promise<void> {
    await this.#queue.dispose();
    await this.#loaded?.runtime.dispose();
    this.#loaded = undefined;
  }

  #ready(): Loaded {
    if (this.#loaded === undefined) throw new EchoError("disposed", { what: "the LCU (or it was never loaded)" });
    return this.#loaded;
  }
}
