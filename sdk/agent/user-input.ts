import type { EventEmitter } from "../base/events.js";
import { describe } from "../base/option-checks.js";
import { BlockAssembler, type BlockAssemblerCounters } from "../capture/block-assembler.js";
import { openCamera } from "../capture/camera.js";
import { openMicrophone, readMicrophone } from "../capture/microphone.js";
import { PcmNormaliser } from "../capture/pcm-normaliser.js";
import type { AudioChunk } from "../capture/types.js";
import type { PackManifest } from "../pack/types.js";
import { FaceTrack } from "../perception/face-track.js";
import { faceRecordOf, faceVectorOf } from "../perception/face-vector.js";
import type { FaceBlock, FaceRecord } from "../perception/types.js";
import type { UserView } from "../perception/user-view.js";
import { VoiceActivity } from "../perception/voice-activity.js";
import type { AssetOptions } from "../protocol/backend.js";
import type { FaceDetectorSource } from "../protocol/tracker-worker.js";
import type { AgentEvents } from "./agent-events.js";
import { startTrackerWorker, UserCamera, type UserCameraCounters } from "./user-camera.js";
import { UserDevice } from "./user-device.js";

/** Blocks of audio that wait for the agent at most: more would make it react to the past. */
const WAITING_BLOCKS = 2;

/** What the agent hears and sees of the person before it. */
export class UserInput {
  readonly #normaliser: PcmNormaliser;
  readonly #assembler: BlockAssembler;
  readonly #voice: VoiceActivity;
  readonly #faces: FaceTrack;
  readonly #frames: number;
  readonly #frameMs: number;
  readonly #nowMs: () => number;
  readonly #assets: AssetOptions | undefined;
  readonly #check: () => void;
  readonly #events: Pick<EventEmitter<AgentEvents>, "emit">;
  readonly #camera: UserCamera | undefined;
  readonly #devices = new Set<UserDevice>();

  /** @internal */
  constructor(options: {
    clock: PackManifest["clock"];
    nowMs: () => number;
    assets: AssetOptions | undefined;
    faceDetector: FaceDetectorSource | undefined;
    /** Keep pictures of the user for a model that can see. */
    keyFrames: boolean;
    events: Pick<EventEmitter<AgentEvents>, "emit">;
    /** Throws when the agent takes no more input. */
    check: () => void;
  }) {
    const { clock, faceDetector: detector } = options;
    this.#normaliser = new PcmNormaliser({ sampleRateHz: clock.sampleRateHz });
    const blockSamples = clock.blockFrames * clock.samplesPerFrame;
    this.#assembler = new BlockAssembler({ blockSamples, capacity: WAITING_BLOCKS * blockSamples });
    this.#voice = new VoiceActivity({ sampleRateHz: clock.sampleRateHz });
    this.#frameMs = 1_000 / clock.fps;
    this.#faces = new FaceTrack({ frameMs: this.#frameMs });
    this.#frames = clock.blockFrames;
    this.#nowMs = options.nowMs;
    this.#assets = options.assets;
    this.#check = options.check;
    this.#events = options.events;
    if (detector)
      this.#camera = new UserCamera({
        detector,
        keyFrames: options.keyFrames,
        startTracker: startTrackerWorker(detector, options.assets),
        events: options.events,
        nowMs: options.nowMs,
        push: (timeMs, face) => this.#faces.push(timeMs, face),
      });
  }

  /** How the camera sees the user; "off" without one. */
  get view(): UserView {
    return this.#camera?.view ?? { status: "off", faces: 0 };
  }

  /** The face that the agent sees now, by names, or null: from the camera or from `pushFace`. */
  get face(): FaceRecord | null {
    const vector = this.#faces.at(this.#nowMs());
    return vector && faceRecordOf(vector);
  }

  /** True while the user speaks, as far as the sound tells. */
  get speaking(): boolean {
    return this.#voice.speaking;
  }

  /**
   * Hands in what the user says, as it comes. Any rate and number of channels; samples in -1..1, which are copied.
   * Throws a `TypeError` for samples that are not finite and EchoError `disposed` after `dispose()`.
   */
  pushAudio(audio: AudioChunk): void {
    this.#check();
    this.#hear(audio);
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

  /**
   * Looks at one picture of the user (browsers), not mirrored; it stays the caller's. Resolves to the face that was read off it, null
   * when there is none; a picture that comes while another one is looked at is left out (undefined). Needs `options.faceDetector`.
   * Throws EchoError `tracker-failed`, `worker-…`, `camera-unavailable` (no browser) and `disposed`.
   */
  async pushImage(image: ImageBitmapSource): Promise<FaceRecord | null | undefined> {
    this.#check();
    const camera = this.#needCamera("pushImage");
    if (typeof createImageBitmap !== "function") throw new TypeError("user.pushImage() works in browsers only");
    const face = await camera.look(await createImageBitmap(image));
    return face && faceRecordOf(face);
  }

  /**
   * Looks at a camera (browsers), in a thread of its own, up to 25 times a second; pictures never leave it. Without a stream the agent
   * asks for the camera itself, and opens it again when it was unplugged; a stream of the caller's stays the caller's. The result ends
   * it. Needs `options.faceDetector`. Throws EchoError `camera-unavailable`, `tracker-failed`, `worker-…`, `disposed`.
   */
  async attachCamera(stream?: MediaStream): Promise<() => void> {
    this.#check();
    checkStream(stream);
    const camera = this.#needCamera("attachCamera");
    return this.#attach("camera", openCamera, (opened) => camera.read(opened), stream);
  }

  /**
   * Listens to a microphone (browsers). Without a stream the agent asks for the microphone itself, and opens it again when it was
   * unplugged; a stream of the caller's stays the caller's. The result ends it. Throws EchoError `microphone-unavailable`, `disposed`.
   */
  async attachMicrophone(stream?: MediaStream): Promise<() => void> {
    this.#check();
    checkStream(stream);
    const read = (opened: MediaStream) => readMicrophone(opened, (audio) => this.#hear(audio), this.#assets);
    return this.#attach("microphone", openMicrophone, read, stream);
  }

  /** @internal The newest block: audio and the faces of the frames that end at `nowMs`. */
  takeBlock(nowMs: number): FaceBlock & { readonly pcm: Float32Array } {
    const startMs = nowMs - (this.#frames - 1) * this.#frameMs;
    return { pcm: this.#assembler.take(), ...this.#faces.block(startMs, this.#frames) };
  }

  /** @internal The last key frames as data addresses. */
  pictures(): readonly string[] {
    return this.#camera?.pictures() ?? [];
  }

  /** @internal */
  counters(): { readonly samples: BlockAssemblerCounters; readonly pictures: UserCameraCounters } {
    const none = { looks: 0, skipped: 0, lookMs: 0 };
    return { samples: this.#assembler.counters(), pictures: this.#camera?.counters() ?? none };
  }

  /** @internal Ends microphones, cameras and the tracker. */
  async dispose(): Promise<void> {
    for (const device of this.#devices) device.detach();
    this.#devices.clear();
    await this.#camera?.dispose();
  }

  #hear(audio: AudioChunk): void {
    const pcm = this.#normaliser.push(audio, "audio");
    this.#assembler.push(pcm);
    const change = this.#voice.push(pcm);
    if (change) this.#events.emit("user-voice-changed", change);
  }

  async #attach(
    input: "camera" | "microphone",
    open: () => Promise<MediaStream>,
    read: (stream: MediaStream) => Promise<() => void>,
    stream: MediaStream | undefined,
  ): Promise<() => void> {
    const device = await UserDevice.attach({ input, open, read, events: this.#events }, stream);
    this.#devices.add(device);
    return () => {
      this.#devices.delete(device);
      device.detach();
    };
  }

  #needCamera(method: string): UserCamera {
    if (this.#camera === undefined)
      throw new TypeError(`options.faceDetector must be given to EchoAgent.create() for user.${method}()`);
    return this.#camera;
  }
}

function checkStream(stream: MediaStream | undefined): void {
  if (stream !== undefined && typeof stream?.getTracks !== "function")
    throw new TypeError(`stream must be a MediaStream, not ${describe(stream)}`);
}
