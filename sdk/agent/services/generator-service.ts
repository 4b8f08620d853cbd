import { EchoError } from "../../base/errors.js";
import { SerialQueue } from "../../base/serial-queue.js";
import { BlendshapeHead } from "../../decoder/blendshape-head.js";
import { FrameDecoder } from "../../decoder/frame-decoder.js";
import { BlockGenerator, type GeneratorMoment } from "../../generator/block-generator.js";
import type { Pack } from "../../pack/pack.js";
import { AudioEncoder } from "../../perception/audio-encoder.js";
import {
  type GeneratorStepInput,
  type GeneratorStepOutput,
  type GeneratorWorkerApi,
  MAX_REWIND_BLOCKS,
} from "../../protocol/generator-worker.js";
import { float32Data } from "../../protocol/tensor.js";
import type { Runtime, StageSession } from "../../runtime/session.js";
import { transferArrays } from "../../runtime/transfer.js";
import type { StageHost } from "./stage-host.js";
import { StageTimings } from "./stage-timings.js";

type Loaded = {
  readonly pack: Pack;
  readonly runtime: Runtime;
  readonly audioEncoder: AudioEncoder;
  readonly generator: BlockGenerator;
  readonly head: BlendshapeHead;
  avatar: { readonly decoder: FrameDecoder; readonly session: StageSession };
};

/** The moment before a step. */
type Moment = { readonly audio: ReturnType<AudioEncoder["save"]>; readonly generator: GeneratorMoment };

/** Generator, blendshape head and decoder of one agent: what the generator worker exposes. Calls run one after another, in order. */
export class GeneratorService implements GeneratorWorkerApi {
  readonly #host: StageHost;
  readonly #queue = new SerialQueue("the generator");
  #loaded: Loaded | undefined;
  /** The moments before the last steps, oldest first; one more than can be taken back, for the audio before them. */
  #moments: Moment[] = [];

  constructor(host: StageHost) {
    this.#host = host;
  }

  load(options: Parameters<GeneratorWorkerApi["load"]>[0]): ReturnType<GeneratorWorkerApi["load"]> {
    return this.#queue.run(async () => {
      await this.#loaded?.runtime.dispose();
      this.#loaded = undefined;
      this.#moments = [];
      const pack = await this.#host.openPack(options.pack);
      const { width, height } = pack.avatar(options.avatar).resolution;
      const runtime = await this.#host.openRuntime({ backend: options.backend, assets: options.assets });
      try {
        const { behaviour, sampler } = pack.manifest;
        const encoderSession = await runtime.createSession(await pack.readStage("audio-encoder"));
        const { identity, ...avatar } = await openAvatar(pack, runtime, options.avatar);
        this.#loaded = {
          pack,
          runtime,
          audioEncoder: new AudioEncoder(encoderSession, behaviour["audio-encoder"].states ?? []),
          generator: new BlockGenerator({
            session: await runtime.createSession(await pack.readStage("generator")),
            states: behaviour.generator.states ?? [],
            times: sampler.times,
            identity,
            seed: options.seed,
          }),
          head: new BlendshapeHead(await runtime.createSession(await pack.readStage("blendshape-head"))),
          avatar,
        };
      } catch (error) {
        await runtime.dispose();
        throw error;
      }
      return { backend: runtime.backend, downgrade: runtime.downgrade, width, height };
    });
  }

  prime(input: { readonly pcm: Float32Array }): Promise<void> {
    return this.#queue.run(async () => {
      await this.#ready().audioEncoder.encode(input.pcm);
    });
  }

  step(input: GeneratorStepInput): Promise<GeneratorStepOutput> {
    return this.#queue.run(async () => {
      const { audioEncoder, generator, head, avatar } = this.#ready();
      const { stageMs, timed } = new StageTimings();
      this.#moments.push({ audio: audioEncoder.save(), generator: generator.save() });
      if (this.#moments.length > MAX_REWIND_BLOCKS + 1) this.#moments.shift();
      const audio = await timed("avatar-audio-encoder", () => audioEncoder.encode(input.pcm));
      const tokens = await timed("generator", () => generator.generate({ ...input, audio }));
      const { blendshapes, pose } = await timed("blendshape-head", () => head.read(tokens));
      const rgba = await timed("decoder", () => avatar.decoder.decode(tokens));
      return transferArrays({ rgba, blendshapes, pose, stageMs });
    });
  }

  rewind(input: { readonly blocks: number; readonly pcm: Float32Array }): Promise<void> {
    return this.#queue.run(async () => {
      const { audioEncoder, generator } = this.#ready();
      const { blocks, pcm } = input;
      if (!Number.isInteger(blocks) || blocks < 1 || blocks > Math.min(MAX_REWIND_BLOCKS, this.#moments.length))
        throw new TypeError(
          `blocks must be a whole number from 1 to the ${this.#moments.length} steps that are kept, not ${blocks}`,
        );
      const first = this.#moments.length - blocks;
      const before = this.#moments[first - 1];
      generator.restore(this.#moments[first]!.generator);
      audioEncoder.restore((before ?? this.#moments[first]!).audio);
      if (before) await audioEncoder.encode(pcm);
      this.#moments.length = first;
    });
  }

  setAvatar(id: string): Promise<void> {
    return this.#queue.run(async () => {
      const loaded = this.#ready();
      const { identity, ...avatar } = await openAvatar(loaded.pack, loaded.runtime, id);
      const old = loaded.avatar;
      loaded.avatar = avatar;
      loaded.generator.setIdentity(identity);
      await old.session.dispose();
    });
  }

  reset(): Promise<void> {
    return this.#queue.run(() => {
      const { audioEncoder, generator } = this.#ready();
      audioEncoder.reset();
      generator.reset();
      this.#moments = [];
    });
  }

  async dispose(): Promise<void> {
    await this.#queue.dispose();
    await this.#loaded?.runtime.dispose();
    this.#loaded = undefined;
    this.#moments = [];
  }

  #ready(): Loaded {
    if (this.#loaded === undefined) throw new EchoError("disposed", { what: "the generator (or it was never loaded)" });
    return this.#loaded;
  }
}

/** The appearance and the decoder of an avatar: the light decoder for WASM where the avatar has one, else the full one. */
async function openAvatar(pack: Pack, runtime: Runtime, id: string) {
  const appearance = await pack.readAppearance(id);
  const variant = runtime.backend === "wasm" && "light" in pack.avatar(id).decoders ? "light" : "full";
  const session = await runtime.createSession(await pack.readDecoder(id, variant));
  const identity = appearance.identity ? float32Data(appearance, "identity") : undefined;
  return { session, decoder: new FrameDecoder({ session, appearance }), identity };
}
