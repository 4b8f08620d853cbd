import { EchoError } from "../../base/errors.js";
import { SerialQueue } from "../../base/serial-queue.js";
import { AvatarDecoder, firstVariant } from "../../decoder/avatar-decoder.js";
import { BlendshapeHead } from "../../decoder/blendshape-head.js";
import { BlockGenerator, type GeneratorMoment } from "../../generator/block-generator.js";
import type { Pack } from "../../pack/pack.js";
import { AudioEncoder } from "../../perception/audio-encoder.js";
import { ARKIT_BLENDSHAPES } from "../../protocol/arkit.js";
import {
  type DecoderVariant,
  type GeneratorStepInput,
  type GeneratorStepOutput,
  type GeneratorWorkerApi,
  MAX_REWIND_BLOCKS,
  type PaintOutput,
} from "../../protocol/generator-worker.js";
import type { PictureForm } from "../../protocol/picture.js";
import { float32Data, type Tensor } from "../../protocol/tensor.js";
import type { Runtime } from "../../runtime/session.js";
import { transferArrays } from "../../runtime/transfer.js";
import type { StageHost } from "./stage-host.js";
import { StageTimings } from "./stage-timings.js";

type Loaded = {
  readonly pack: Pack;
  readonly runtime: Runtime;
  readonly audioEncoder: AudioEncoder;
  readonly generator: BlockGenerator;
  readonly head: BlendshapeHead;
  readonly pictures: PictureForm;
  /** Absent where another thread paints. */
  decoder: AvatarDecoder | undefined;
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
  /** Tokens of the frames of the last step that are not painted yet. */
  #unpainted: Float32Array[] = [];

  constructor(host: StageHost) {
    this.#host = host;
  }

  load(options: Parameters<GeneratorWorkerApi["load"]>[0]): ReturnType<GeneratorWorkerApi["load"]> {
    return this.#queue.run(async () => {
      if (this.#loaded) this.#clear(this.#loaded);
      await this.#loaded?.runtime.dispose();
      this.#loaded = undefined;
      const pack = await this.#host.openPack(options.pack);
      const { width, height } = pack.avatar(options.avatar).resolution;
      const runtime = await this.#host.openRuntime({ backend: options.backend, assets: options.assets });
      try {
        const { behaviour, sampler } = pack.manifest;
        const encoderSession = await runtime.createSession(await pack.readStage("audio-encoder"));
        const { pictures = "memory", avatar: id, paintsElsewhere = false } = options;
        const appearance = await pack.readAppearance(id);
        const decoder = paintsElsewhere
          ? undefined
          : await AvatarDecoder.open({ pack, runtime, pictures, id, appearance, wanted: firstVariant(runtime) });
        this.#loaded = {
          pack,
          runtime,
          audioEncoder: new AudioEncoder(encoderSession, behaviour["audio-encoder"].states ?? []),
          generator: new BlockGenerator({
            session: await runtime.createSession(await pack.readStage("generator"), {
              keep: (behaviour.generator.states ?? []).map(({ output }) => output),
              constants: ["identity"],
            }),
            states: behaviour.generator.states ?? [],
            times: sampler.times,
            identity: identityOf(appearance),
            seed: options.seed,
          }),
          head: new BlendshapeHead(await runtime.createSession(await pack.readStage("blendshape-head"))),
          pictures,
          decoder,
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
      const { audioEncoder, generator, head, decoder, runtime } = this.#ready();
      const { stageMs, timed } = new StageTimings();
      this.#unpainted = [];
      this.#moments.push({ audio: audioEncoder.save(), generator: generator.save() });
      if (this.#moments.length > MAX_REWIND_BLOCKS + 1) this.#forget(this.#moments.shift()!);
      const audio = await timed("avatar-audio-encoder", () => audioEncoder.encode(input.pcm));
      const tokens = await timed("generator", () => generator.generate({ ...input, audio }));
      const { blendshapes, pose } = await timed("blendshape-head", () => head.read(tokens));
      const frames = blendshapes.length / ARKIT_BLENDSHAPES.length;
      const all = paintedTokens(tokens, frames, input.pictures);
      const leftOut = Math.floor(((input.paintFrom ?? 0) * all.length) / frames);
      const painted = all.slice(leftOut);
      if (decoder === undefined)
        return transferArrays({ rgba: [], toPaint: painted, blendshapes, pose, leftOut, stageMs });
      const now = painted.slice(0, paintsOneByOne(runtime) ? input.paintNow : undefined);
      const rgba = now.length === 0 ? [] : await timed("decoder", () => decoder.decode(joined(now)));
      this.#unpainted = painted.slice(now.length);
      return transferArrays({ rgba, blendshapes, pose, leftOut, unpainted: this.#unpainted.length, stageMs });
    });
  }

  paint(): Promise<PaintOutput> {
    return this.#queue.run(async () => {
      const { decoder } = this.#ready();
      const { stageMs, timed } = new StageTimings();
      const tokens = this.#unpainted.shift();
      if (decoder === undefined || tokens === undefined)
        throw new TypeError("paint() has nothing to paint: every picture of the last step is done");
      const [rgba] = await timed("decoder", () => decoder.decode(tokens));
      return transferArrays({ rgba: rgba!, stageMs });
    });
  }

  rewind(input: { readonly blocks: number; readonly pcm: Float32Array }): Promise<void> {
    return this.#queue.run(async () => {
      const { audioEncoder, generator } = this.#ready();
      const { blocks, pcm } = input;
      if (!Number.isInteger(blocks) || blocks < 0 || blocks > Math.min(MAX_REWIND_BLOCKS, this.#moments.length))
        throw new TypeError(
          `blocks must be a whole number from 0 to the ${this.#moments.length} steps that are kept, not ${blocks}`,
        );
      const first = this.#moments.length - blocks;
      const before = this.#moments[first - 1];
      const now = { audio: audioEncoder.save(), generator: generator.save() };
      const undone = blocks === 0 ? [] : [...this.#moments.slice(first), now];
      const target = this.#moments[first] ?? now;
      generator.restore(target.generator);
      audioEncoder.restore((before ?? target).audio);
      if (before) await audioEncoder.encode(pcm);
      this.#moments.length = first;
      this.#forget(...undone);
    });
  }

  setAvatar(id: string): Promise<void> {
    return this.#queue.run(async () => {
      const loaded = this.#ready();
      const appearance = await loaded.pack.readAppearance(id);
      if (loaded.decoder) await this.#change(loaded, { id, appearance, wanted: loaded.decoder.variant });
      loaded.generator.setIdentity(identityOf(appearance));
    });
  }

  setDecoder(variant: DecoderVariant): Promise<void> {
    return this.#queue.run(async () => {
      const loaded = this.#ready();
      if (loaded.decoder === undefined || variant === loaded.decoder.variant) return;
      const { id } = loaded.decoder;
      await this.#change(loaded, { id, appearance: await loaded.pack.readAppearance(id), wanted: variant });
    });
  }

  reset(): Promise<void> {
    return this.#queue.run(() => this.#clear(this.#ready()));
  }

  async dispose(): Promise<void> {
    await this.#queue.dispose();
    if (this.#loaded) this.#clear(this.#loaded);
    await this.#loaded?.decoder?.dispose();
    await this.#loaded?.runtime.dispose();
    this.#loaded = undefined;
  }

  /** All states back to zero; what they held on a GPU is freed. */
  #clear({ audioEncoder, generator }: Loaded): void {
    const before = [...this.#moments, { audio: audioEncoder.save(), generator: generator.save() }];
    audioEncoder.reset();
    generator.reset();
    this.#moments = [];
    this.#unpainted = [];
    this.#forget(...before);
  }

  /** Moments that nobody goes back to. */
  #forget(...moments: readonly Moment[]): void {
    const kept = this.#moments.map(({ generator }) => generator);
    for (const moment of moments) this.#loaded?.generator.forget(moment.generator, kept);
  }

  /** The decoder that was there stays until the new one is loaded. */
  async #change(
    loaded: Loaded,
    to: { id: string; appearance: Readonly<Record<string, Tensor>>; wanted: DecoderVariant },
  ): Promise<void> {
    const { pack, runtime, pictures, decoder: old } = loaded;
    loaded.decoder = await AvatarDecoder.open({ pack, runtime, pictures, ...to });
    await old?.dispose();
  }

  #ready(): Loaded {
    if (this.#loaded === undefined) throw new EchoError("disposed", { what: "the generator (or it was never loaded)" });
    return this.#loaded;
  }
}

/** f32 [4 * 128], where the appearance has one. */
function identityOf(appearance: Readonly<Record<string, Tensor>>): Float32Array | undefined {
  return appearance.identity ? float32Data(appearance, "identity") : undefined;
}

/** On a processor four pictures one by one cost what they cost together; a GPU is quicker with all of them at once. */
function paintsOneByOne({ backend }: Runtime): boolean {
  return backend === "cpu" || backend === "wasm";
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const size = parts[0]!.length;
  const all = new Float32Array(parts.length * size);
  for (const [i, part] of parts.entries()) all.set(part, i * size);
  return all;
}

/**
 * The tokens of each frame that is painted. Each picture stands for the frames around it; of two it is the first one, so that a
 * picture is never more than a frame ahead of the sound.
 */
function paintedTokens(tokens: Float32Array, frames: number, pictures = frames): Float32Array[] {
  if (pictures !== 0 && (!Number.isInteger(frames / pictures) || pictures < 0))
    throw new TypeError(`pictures must be 0 or a divisor of ${frames}, not ${pictures}`);
  const size = tokens.length / frames;
  return Array.from({ length: pictures }, (_, i) => {
    const held = frames / pictures;
    const frame = i * held + Math.floor((held - 1) / 2);
    return tokens.slice(frame * size, (frame + 1) * size);
  });
}
