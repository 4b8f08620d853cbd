import { type ServiceOptions, type Services, startServicesAnywhere } from "./agent/services/start-services.js";
import { Logger } from "./base/logger.js";
import { PercentileCounter } from "./base/percentiles.js";
import { EchoFrame, type FrameState } from "./frame/echo-frame.js";
import { UnclosedFrames } from "./frame/unclosed-frames.js";
import { OfflineReasoner } from "./lcu/offline-reasoner.js";
import { loadPack } from "./pack/load-pack.js";
import { Pack } from "./pack/pack.js";
import type { GeneratorStepOutput } from "./protocol/generator-worker.js";
import { AffectTrack } from "./render/affect-track.js";
import { type AvatarBlock, AvatarTrack, UserTrack } from "./render/input-tracks.js";
import { ALL_SWITCHES_ON, checkRenderOptions } from "./render/render-options.js";
import type { RenderOptions, RenderSummary } from "./render/types.js";
import { transferArrays } from "./runtime/transfer.js";

/** Time for one block, in ms: a render may run on a machine that is busy with other things. */
const CALL_TIMEOUT_MS = 600_000;

/**
 * Renders a conversation offline: as fast as the machine allows, and the same frames for the same seed and input. Memory does not
 * grow with the length of the input. Frames are in order; the consumer closes each one. The value returned at the end says what the
 * render was like. Ending the loop early frees everything.
 *
 * The number of frames is `frameCount`, else ceil(samples / samplesPerFrame) of the avatar's audio, else of the user's input.
 *
 * Throws a `TypeError` at once for a bad option. While frames are pulled: `TypeError` for samples that are not finite, `EchoError` for
 * what goes wrong in the world, and the signal's reason when it is aborted.
 */
export function renderFrames(options: RenderOptions): AsyncGenerator<EchoFrame, RenderSummary, undefined> {
  checkRenderOptions(options);
  return renderWith(options, (serviceOptions) =>
    startServicesAnywhere(serviceOptions, {
      onFallback: (reason) => new Logger("echo-head").warning(`rendering in one thread: ${reason}`),
    }),
  );
}

/** @internal {@link renderFrames} with services of the caller's choice. */
export async function* renderWith(
  options: RenderOptions,
  start: (options: ServiceOptions) => Promise<Services>,
): AsyncGenerator<EchoFrame, RenderSummary, undefined> {
  const calledMs = performance.now();
  options.signal?.throwIfAborted();
  const pack = options.pack instanceof Pack ? options.pack : await loadPack(options.pack, { signal: options.signal });
  const avatar = pack.avatar(options.avatar).id;
  const { backend = "auto", seed = 1, assets } = options;
  const services = await start({ pack: pack.source, avatar, backend, seed, assets, callTimeoutMs: CALL_TIMEOUT_MS });
  const render = new Render(pack, services, options);
  try {
    return yield* render.run(calledMs);
  } finally {
    await render.dispose();
  }
}

/** A block whose four frames have been made. */
type DoneBlock = {
  readonly output: GeneratorStepOutput;
  readonly avatar: AvatarBlock;
  readonly end: number | undefined;
};

class Render {
  readonly #pack: Pack;
  readonly #services: Services;
  readonly #options: RenderOptions;
  readonly #avatar: AvatarTrack | undefined;
  readonly #user: UserTrack;
  readonly #affect: AffectTrack;
  readonly #logger = new Logger("echo-head");
  readonly #blockMs = new PercentileCounter();
  #doneMs = 0;
  readonly #stages = new Map<string, PercentileCounter>();

  constructor(pack: Pack, services: Services, options: RenderOptions) {
    const { clock } = pack.manifest;
    this.#pack = pack;
    this.#services = services;
    this.#options = options;
    this.#avatar = options.avatarAudio && new AvatarTrack(options.avatarAudio, clock);
    this.#user = new UserTrack({ audio: options.userAudio, faces: options.userFace ?? [] }, clock);
    this.#affect = new AffectTrack({
      reasoner: options.reasoner ?? new OfflineReasoner(),
      dialogue: options.dialogue ?? [],
      encode: (text) => services.lcu.setAffect(text),
      onError: (error) => this.#logger.warning(error.message),
    });
  }

  async *run(calledMs: number): AsyncGenerator<EchoFrame, RenderSummary, undefined> {
    const { fps, blockFrames } = this.#pack.manifest.clock;
    const { width, height, backend } = this.#services.generatorReport;
    const watch = new UnclosedFrames({
      report: (count) => this.#logger.warning(`${count} frames were thrown away without close()`),
    });
    const beganMs = performance.now();
    let firstFrameMs = 0;
    let index = 0;
    for await (const { output, avatar, end } of this.#blocks()) {
      for (let f = 0; f < blockFrames && (end === undefined || index < end); f++) {
        this.#options.signal?.throwIfAborted();
        if (index === 0) firstFrameMs = performance.now() - calledMs;
        const state: FrameState = avatar.speaking[f] ? "speaking" : "listening";
        const { rgba, blendshapes, pose } = cutFrame(output, f, blockFrames);
        const timestampMs = (index * 1_000) / fps;
        yield new EchoFrame({ index, timestampMs, width, height, rgba, blendshapes, pose, state }, watch);
        index += 1;
      }
    }
    const seconds = (performance.now() - beganMs) / 1_000;
    return {
      frames: index,
      fps,
      realTimeFactor: index / fps / seconds,
      firstFrameMs,
      blockMs: this.#blockMs.percentiles(),
      stages: Object.fromEntries([...this.#stages].map(([stage, counter]) => [stage, counter.percentiles()])),
      backend,
      packHash: this.#pack.hash,
    };
  }

  /** Frees the sources and the services. */
  async dispose(): Promise<void> {
    this.#affect.dispose();
    await Promise.allSettled([this.#avatar?.close(), this.#user.close()]);
    await this.#services.dispose();
  }

  /** The blocks in order: while one is painted and shown the next is generated, and the LCU listens to the one after it. */
  async *#blocks(): AsyncGenerator<DoneBlock, void, undefined> {
    const { generator } = this.#services;
    for (const pcm of (await this.#avatar?.prime()) ?? []) await generator.prime({ pcm });
    let listened = heardLater(this.#listen());
    let generated: Promise<DoneBlock> | undefined;
    for (let block = 0; ; block++) {
      const user = await listened;
      const avatar = await this.#nextAvatarBlock();
      const end = this.#options.frameCount ?? (this.#avatar ? avatar.totalFrames : user.totalFrames);
      const exists = end === undefined || block * this.#pack.manifest.clock.blockFrames < end;
      const previous = generated;
      if (exists) {
        listened = heardLater(this.#listen());
        generated = heardLater(this.#generate(block, user.fPu, avatar, end));
      }
      if (previous) yield await previous;
      if (!exists) return;
    }
  }

  async #nextAvatarBlock(): Promise<AvatarBlock> {
    if (this.#avatar) return this.#avatar.next();
    const { blockFrames, samplesPerFrame } = this.#pack.manifest.clock;
    const speaking = new Array<boolean>(blockFrames).fill(false);
    return { pcm: new Float32Array(blockFrames * samplesPerFrame), speaking, totalFrames: undefined };
  }

  async #listen(): Promise<Listened> {
    const { pcm, face, presence, totalFrames } = await this.#user.next();
    const { lpe, hbcu } = { ...ALL_SWITCHES_ON, ...this.#options.switches };
    const { fPu, stageMs } = await this.#services.lcu.step(transferArrays({ pcm, face, presence, lpe, hbcu }));
    this.#note(stageMs);
    return { fPu, totalFrames };
  }

  async #generate(block: number, fPu: Float32Array, avatar: AvatarBlock, end: number | undefined): Promise<DoneBlock> {
    const { fps, blockFrames } = this.#pack.manifest.clock;
    const { sdcm, lau } = { ...ALL_SWITCHES_ON, ...this.#options.switches };
    const emotion = await this.#affect.at((block * blockFrames) / fps);
    const startMs = performance.now();
    const { pcm } = avatar;
    const { expressivity = 1 } = this.#options;
    const output = await this.#services.generator.step(transferArrays({ pcm, fPu, emotion, sdcm, lau, expressivity }));
    const doneMs = performance.now();
    this.#blockMs.add(doneMs - Math.max(startMs, this.#doneMs)); // of two blocks that are under way, the second has waited for the first
    this.#doneMs = doneMs;
    this.#note(output.stageMs);
    return { output, avatar, end };
  }

  #note(stageMs: Readonly<Record<string, number>>): void {
    for (const [stage, ms] of Object.entries(stageMs)) {
      const counter = this.#stages.get(stage) ?? new PercentileCounter();
      this.#stages.set(stage, counter);
      counter.add(ms);
    }
  }
}

type Listened = { readonly fPu: Float32Array; readonly totalFrames: number | undefined };

/** Marks a promise as looked after: it is awaited later, when the consumer asks for the block, and its error is thrown there. */
function heardLater<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

function cutFrame({ rgba, blendshapes, pose }: GeneratorStepOutput, frame: number, frames: number) {
  const part = (values: Float32Array): Float32Array =>
    values.subarray((frame * values.length) / frames, ((frame + 1) * values.length) / frames);
  return { rgba: rgba[frame]!, blendshapes: part(blendshapes), pose: part(pose) };
}
