import { copyFace, type FaceFrame } from "../face/face-frame.js";
import { FramePump } from "../face/frame-pump.js";
import { checkKeys, checkOneOf, checkPort, checkRange } from "../face/option-checks.js";
import { UdpSender, type UdpStats } from "../face/udp-sender.js";
import { bundlesOf } from "./osc-bundles.js";
import {
  type VmcExpressions,
  type VmcMessageOptions,
  type VmcNames,
  type VmcReceiver,
  type VmcRestPositions,
  vmcMessages,
} from "./vmc-messages.js";

/** Options of {@link VmcSender.open}. */
export type VmcSenderOptions = {
  /** The receiver's machine. @default "127.0.0.1" */
  readonly host?: string;
  /** @default 39540 for a performer, 39539 for a marionette */
  readonly port?: number;
  /** @default "performer" */
  readonly receiver?: VmcReceiver;
  /** @default "vrm0", which every receiver understands */
  readonly names?: VmcNames;
  /** @default "perfect-sync" */
  readonly expressions?: VmcExpressions;
  /** How much of the mood presets is sent, 0..1. @default 0.6 */
  readonly moods?: number;
  /**
   * Where neck, head and eyes sit in their parents on your avatar; a receiver that takes positions would move the bones there.
   * `false` sends expressions only. @default the proportions of an adult: give your avatar's own when its neck looks wrong
   */
  readonly bones?: VmcRestPositions | false;
  /** How much of a head turn the neck takes, 0..1. @default 0.35 */
  readonly neckShare?: number;
};

const PORTS = { performer: 39_540, marionette: 39_539 } as const;

const ADULT: VmcRestPositions = {
  Neck: [0, 0.12, -0.02],
  Head: [0, 0.09, 0.01],
  LeftEye: [-0.03, 0.06, 0.07],
  RightEye: [0.03, 0.06, 0.07],
};

const KEYS = ["host", "port", "receiver", "names", "expressions", "moods", "bones", "neckShare"] as const;

/**
 * Sends faces by the VMC protocol (OSC over UDP) to VSeeFace, Warudo, VNyan, VirtualMotionCapture and their like. Node only: a
 * browser cannot send UDP.
 *
 *     const vmc = await VmcSender.open({ receiver: "marionette" });
 *     void vmc.attach(agent.frames());
 */
export class VmcSender {
  readonly #udp: UdpSender;
  readonly #options: VmcMessageOptions;
  readonly #startMs = performance.now();
  readonly #pump = new FramePump((frame) => this.send(frame));
  #frames = 0;

  private constructor(udp: UdpSender, options: VmcMessageOptions) {
    this.#udp = udp;
    this.#options = options;
  }

  /** Opens the socket. Throws a `TypeError` for a bad option, and what the lookup of the host throws. */
  static async open(options: VmcSenderOptions = {}): Promise<VmcSender> {
    checkKeys(options, KEYS);
    const { host = "127.0.0.1", receiver = "performer", names = "vrm0", expressions = "perfect-sync" } = options;
    const { moods = 0.6, bones = ADULT, neckShare = 0.35 } = options;
    checkOneOf(receiver, "receiver", ["performer", "marionette"]);
    checkOneOf(names, "names", ["vrm0", "vrm1"]);
    checkOneOf(expressions, "expressions", ["perfect-sync", "presets", "both"]);
    checkRange(moods, "moods", 0, 1);
    checkRange(neckShare, "neckShare", 0, 1);
    const { port = PORTS[receiver] } = options;
    checkPort(port);
    const udp = await UdpSender.open({ host, port });
    return new VmcSender(udp, { receiver, names, expressions, moods, bones, neckShare });
  }

  /** Frames sent, and datagrams sent and failed. */
  get stats(): UdpStats & { readonly frames: number } {
    return { frames: this.#frames, ...this.#udp.stats };
  }

  /** Sends every frame until the source ends, another is attached, or the sender is disposed; each is closed. */
  attach(frames: AsyncIterable<FaceFrame>): Promise<void> {
    return this.#pump.attach(frames);
  }

  /** Sends one frame. The caller closes it. Throws a `TypeError` when it has not 52 coefficients. */
  send(frame: FaceFrame): void {
    const timeS = (performance.now() - this.#startMs) / 1_000;
    for (const bundle of bundlesOf(vmcMessages(copyFace(frame), timeS, this.#options))) this.#udp.send(bundle);
    this.#frames += 1;
  }

  /** Lets the source go. */
  detach(): void {
    this.#pump.detach();
  }

  /** Detaches and closes the socket. May be called again. */
  async dispose(): Promise<void> {
    this.#pump.dispose();
    await this.#udp.close();
  }
}
