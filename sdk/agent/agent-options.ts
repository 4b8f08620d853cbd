import { checkKeys, checkOneOf, checkText, describe } from "../base/option-checks.js";
import type { PlayoutClock } from "../frame/playout-clock.js";
import type { Pack } from "../pack/pack.js";
import type { AssetOptions, BackendName, LentDevice, PackSource, RemoteBackend } from "../protocol/backend.js";
import type { AffectReasoner, BehaviourUnderstanding } from "../protocol/dialogue.js";
import type { FaceDetectorSource } from "../protocol/tracker-worker.js";
import { checkModelOptions } from "../render/render-options.js";
import type { ModelSwitches } from "../render/types.js";
import { QUALITY_LEVELS, type QualityLevel } from "./quality-ladder.js";

/** Options of EchoAgent.create. */
export type AgentOptions = {
  /** Folder (Node), base address (browser), "echo-nano" for the pack that comes with the package, or an opened pack. */
  readonly pack: string | URL | PackSource | Pack;
  /** Name of the avatar. @default the pack's default */
  readonly avatar?: string | undefined;
  /** Where the head is rendered: here, on render servers, or on a GPU device that the page's engine lends. @default "auto" */
  readonly backend?: BackendName | RemoteBackend | LentDevice | undefined;
  /**
   * "gpu" leaves pictures on the GPU where they are painted on one: frames then have a `bitmap` in the place of `rgba`. On a lent
   * device frames always have a `texture`. @default "memory"
   */
  readonly pictures?: "memory" | "gpu" | undefined;
  /** Whole number from 0 to 2^32 - 1. @default 1 */
  readonly seed?: number | undefined;
  /** Fixes how much of the work is done; "auto" goes by what the machine can do, and tells it as "quality-changed". @default "auto" */
  readonly quality?: "auto" | QualityLevel | undefined;
  /** Listening motion: 0 is still but alive, 1 is full. @default 1 */
  readonly expressivity?: number | undefined;
  readonly switches?: Partial<ModelSwitches> | undefined;
  /** Reads the affect off the dialogue. @default the offline reasoner */
  readonly reasoner?: AffectReasoner | undefined;
  /** Understands minutes of the user's behaviour in the place of the pack's own network. @default the pack's network */
  readonly understanding?: BehaviourUnderstanding | undefined;
  /** Finds the user's face in pictures; needed for `user.attachCamera` and `user.pushImage`. It is loaded with the first picture. */
  readonly faceDetector?: FaceDetectorSource | undefined;
  /** The master clock; a SpeechPlayer plays too. It is borrowed. @default the machine's clock, which plays nothing */
  readonly clock?: PlayoutClock | undefined;
  readonly assets?: AssetOptions | undefined;
  /** Ends the loading; after it, use `dispose()`. */
  readonly signal?: AbortSignal | undefined;
};

const KEYS = [
  "pack",
  "avatar",
  "backend",
  "pictures",
  "seed",
  "expressivity",
  "quality",
  "switches",
  "reasoner",
  "understanding",
  "faceDetector",
  "clock",
  "assets",
  "signal",
];

/** Throws a `TypeError` with the dotted path of the first option that breaks its rule. */
export function checkAgentOptions(options: AgentOptions): void {
  checkKeys(options, "options", KEYS);
  const { backend } = options as AgentOptions;
  if (isLent(backend)) checkLentDevice(backend);
  else if (typeof backend === "object") checkRemoteBackend(backend);
  const local = typeof backend === "object" ? undefined : backend;
  checkModelOptions({ ...(options as AgentOptions), backend: local }, "options");
  const { clock, faceDetector, understanding } = options as AgentOptions;
  if (understanding !== undefined && typeof understanding?.understand !== "function")
    throw new TypeError(`options.understanding must have a method understand(), not be ${describe(understanding)}`);
  const { quality, pictures } = options as AgentOptions;
  if (pictures !== undefined) checkOneOf(pictures, "options.pictures", ["memory", "gpu"]);
  if (quality !== undefined) checkOneOf(quality, "options.quality", ["auto", ...QUALITY_LEVELS]);
  if (faceDetector !== undefined) checkFaceDetector(faceDetector);
  if (clock !== undefined && typeof clock?.nowMs !== "function")
    throw new TypeError(`options.clock must have a method nowMs(), not be ${describe(clock)}`);
}

/** True for a device that the page's engine lends. */
export function isLent(backend: AgentOptions["backend"]): backend is LentDevice {
  return typeof backend === "object" && backend !== null && "device" in backend;
}

/** True for render servers. */
export function isRemote(backend: AgentOptions["backend"]): backend is RemoteBackend {
  return typeof backend === "object" && !isLent(backend);
}

function checkLentDevice(backend: LentDevice): void {
  checkKeys(backend, "options.backend", ["device"]);
  const { device } = backend;
  if (typeof device !== "function" && typeof device?.createCommandEncoder !== "function")
    throw new TypeError(
      `options.backend.device must be a GPUDevice or a function that gives one, not ${describe(device)}`,
    );
}

function checkRemoteBackend(backend: RemoteBackend): void {
  const path = "options.backend";
  checkKeys(backend, path, ["remote", "token"]);
  const { remote, token } = backend as RemoteBackend;
  const urls = typeof remote === "string" ? [remote] : remote;
  const isAddress = (url: unknown) =>
    typeof url === "string" && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  if (!Array.isArray(urls) || urls.length === 0 || !urls.every(isAddress))
    throw new TypeError(
      `${path}.remote must be the http(s) address of a render server, or a list of them, not ${describe(remote)}`,
    );
  if (token !== undefined && typeof token !== "function") checkText(token, `${path}.token`);
}

function checkFaceDetector(detector: FaceDetectorSource): void {
  const path = "options.faceDetector";
  checkKeys(detector, path, ["kind", "url", "modelUrl"]);
  const { kind, url, modelUrl } = detector as { kind: unknown; url: unknown; modelUrl?: unknown };
  checkOneOf(kind, `${path}.kind`, ["face-mesh", "face-landmarker"]);
  checkText(url, `${path}.url`);
  if (kind === "face-landmarker") checkText(modelUrl, `${path}.modelUrl`);
  else if (modelUrl !== undefined) throw new TypeError(`${path}.modelUrl is for "face-landmarker" only`);
}
