import { EchoError, reasonOf } from "../base/errors.js";
import type { EventEmitter } from "../base/events.js";
import { readCamera } from "../capture/camera.js";
import { KeyFrames } from "../capture/key-frames.js";
import { type UserView, UserViewWatch } from "../perception/user-view.js";
import type { AssetOptions } from "../protocol/backend.js";
import type { FaceDetectorSource, TrackerWorkerApi } from "../protocol/tracker-worker.js";
import { startWorker } from "../runtime/asset-urls.js";
import { SupervisedWorker } from "../runtime/supervised-worker.js";
import { transferArrays } from "../runtime/transfer.js";
import type { AgentEvents } from "./agent-events.js";

/** The shortest time between two looks, in ms: 25 a second, as many as the model has frames. */
const LOOK_EVERY_MS = 40;
/** Looking may take this share of the time: on few cores the rest is the head's. */
const SHARE_ON_FEW_CORES = 0.4;
const SHARE = 0.8;
/** Cores up to which there are few. */
const FEW_CORES = 4;
/** Time for a first look, which compiles, and for loading 10 MB over a slow line. */
const LOAD_TIMEOUT_MS = 120_000;
const LOOK_TIMEOUT_MS = 20_000;
/** However slow looks are, the next one begins after so long at most, in ms: a face is held for half a second. */
const LONGEST_PAUSE_MS = 250;
/** A look that takes longer than this, in ms, is placed so long before its end: a face that is too old when it comes would be lost. */
const OLDEST_MS = 200;
/** After a failed look. */
const REST_MS = 500;

/** Counters of {@link UserCamera}. */
export type UserCameraCounters = {
  /** Pictures that were looked at, and pictures that were left out because a look was under way. */
  readonly looks: number;
  readonly skipped: number;
  /** What the last look took, in ms. */
  readonly lookMs: number;
};

/** How a {@link UserCamera} starts its tracker; tests pass their own. */
export type StartTracker = () => { readonly api: TrackerWorkerApi; dispose(): Promise<void> };

/** Pictures of the user in, faces out. The tracker lives in a thread of its own, started with the first picture. */
export class UserCamera {
  readonly #startTracker: StartTracker;
  readonly #events: Pick<EventEmitter<AgentEvents>, "emit">;
  readonly #nowMs: () => number;
  readonly #push: (timeMs: number, face: Float32Array | null) => void;
  readonly #detector: FaceDetectorSource;
  readonly #keyFrames: KeyFrames | undefined;
  readonly #watch = new UserViewWatch();
  #tracker: ReturnType<StartTracker> | undefined;
  #loaded: Promise<void> | undefined;
  #looking = false;
  #looks = 0;
  #skipped = 0;
  #lookMs = 0;

  /** `push` gets each face f32 [58], or null for nobody, with the time at which it was seen. */
  constructor(options: {
    startTracker: StartTracker;
    events: Pick<EventEmitter<AgentEvents>, "emit">;
    nowMs: () => number;
    push: (timeMs: number, face: Float32Array | null) => void;
    detector: FaceDetectorSource;
    /** Keeps a few small pictures for a model that can see. */
    keyFrames: boolean;
  }) {
    this.#startTracker = options.startTracker;
    this.#events = options.events;
    this.#nowMs = options.nowMs;
    this.#push = options.push;
    this.#detector = options.detector;
    if (options.keyFrames) this.#keyFrames = new KeyFrames();
  }

  /** How the user is seen. */
  get view(): UserView {
    return this.#watch.view;
  }

  /** Looks at a stream until the result is called. Throws EchoError `camera-unavailable`, `tracker-failed`, `worker-…`. */
  async read(stream: MediaStream): Promise<() => void> {
    await this.#load();
    const pictures = await readCamera(stream);
    const stop = new AbortController();
    void this.#loop(pictures, stop.signal);
    return () => {
      stop.abort();
      pictures.close();
      this.#tell(this.#watch.off());
      this.#push(this.#nowMs(), null);
    };
  }

  /** Looks at one picture, which is the camera's then: f32 [58] or null. Left out (undefined) while another one is looked at. */
  async look(image: ImageBitmap | VideoFrame): Promise<Float32Array | null | undefined> {
    if (this.#looking) {
      this.#skipped += 1;
      image.close();
      return undefined;
    }
    this.#looking = true;
    const startMs = this.#nowMs();
    try {
      await this.#load();
      await this.#keyFrames?.offer(image, startMs);
      const view = await this.#tracker!.api.look(transferArrays({ image }));
      this.#looks += 1;
      this.#lookMs = view.tookMs;
      const timeMs = Math.max(startMs, this.#nowMs() - OLDEST_MS);
      const told = this.#watch.look(view, timeMs);
      // A face that was missed for a moment is held; one that has left is told.
      if (view.face !== null || this.#watch.view.status !== "seen") this.#push(timeMs, view.face);
      this.#tell(told);
      return view.face;
    } finally {
      this.#looking = false;
    }
  }

  /** The last key frames as data addresses, oldest first. */
  pictures(): readonly string[] {
    return this.#keyFrames?.pictures() ?? [];
  }

  counters(): UserCameraCounters {
    return { looks: this.#looks, skipped: this.#skipped, lookMs: this.#lookMs };
  }

  async dispose(): Promise<void> {
    await this.#tracker?.dispose();
  }

  #load(): Promise<void> {
    this.#tracker ??= this.#startTracker();
    this.#loaded ??= this.#tracker.api.load({ detector: this.#detector }).catch((error: unknown) => {
      this.#loaded = undefined; // the next picture tries again
      throw error;
    });
    return this.#loaded;
  }

  async #loop(pictures: Awaited<ReturnType<typeof readCamera>>, stop: AbortSignal): Promise<void> {
    const cores = (globalThis.navigator as Navigator | undefined)?.hardwareConcurrency ?? 1;
    const share = cores <= FEW_CORES ? SHARE_ON_FEW_CORES : SHARE;
    while (!stop.aborted) {
      const image = await pictures.next();
      if (image === null) return; // whoever watches the track tells why
      if (stop.aborted) {
        image.close();
        return;
      }
      const startMs = performance.now();
      try {
        await this.look(image);
      } catch (cause) {
        if (stop.aborted) return;
        const error = EchoError.is(cause) ? cause : new EchoError("tracker-failed", { reason: reasonOf(cause), cause });
        if (!error.recoverable) {
          this.#tell(this.#watch.off());
          this.#events.emit("input-lost", { input: "camera", error });
          return;
        }
        this.#events.emit("error", { error });
        await pause(REST_MS, stop);
      }
      const tookMs = performance.now() - startMs;
      await pause(Math.max(LOOK_EVERY_MS - tookMs, Math.min(LONGEST_PAUSE_MS, tookMs / share - tookMs)), stop);
    }
  }

  #tell(view: UserView | null): void {
    if (view) this.#events.emit("user-view-changed", view);
  }
}

/** The tracker in a thread of its own, which is started again when it dies. */
export function startTrackerWorker(detector: FaceDetectorSource, assets: AssetOptions | undefined): StartTracker {
  return () => {
    if (typeof OffscreenCanvas === "undefined")
      throw new EchoError("camera-unavailable", { reason: "face tracking works in browsers only" });
    const worker = new SupervisedWorker<TrackerWorkerApi>({
      name: "tracker",
      spawn: () => startWorker("tracker", assets),
      callTimeoutMs: LOOK_TIMEOUT_MS,
      methodTimeoutMs: { load: LOAD_TIMEOUT_MS, look: LOAD_TIMEOUT_MS },
      onRestart: (api) => api.load({ detector }),
    });
    return { api: worker.api, dispose: () => worker.dispose() };
  };
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stop.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, Math.max(0, ms));
    stop.addEventListener("abort", done, { once: true });
  });
}
