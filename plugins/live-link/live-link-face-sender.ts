import { copyFace, type FaceFrame } from "../face/face-frame.js";
import { FramePump } from "../face/frame-pump.js";
import { checkKeys, checkPort } from "../face/option-checks.js";
import { UdpSender, type UdpStats } from "../face/udp-sender.js";
import { encodeLiveLinkFace, timeCode } from "./live-link-face.js";

/** Options of {@link LiveLinkFaceSender.open}. */
export type LiveLinkFaceSenderOptions = {
  /** The machine that runs Unreal. @default "127.0.0.1" */
  readonly host?: string;
  /** @default 11111 */
  readonly port?: number;
  /** The subject's name in Unreal's Live Link window. @default "EchoHead" */
  readonly subject?: string;
  /** Tells devices apart, 36 characters. @default a new one for each sender */
  readonly deviceId?: string;
};

/** Frames a second of the time code, as the app writes it; faces come when they come. */
const TIME_CODE_FPS = 60;

/**
 * Sends faces to Unreal Engine as the Live Link Face app does. Node only.
 *
 *     const unreal = await LiveLinkFaceSender.open({ subject: "Ada" });
 *     void unreal.attach(agent.frames());
 */
export class LiveLinkFaceSender {
  readonly #udp: UdpSender;
  readonly #names: { readonly subject: string; readonly deviceId: string };
  readonly #pump = new FramePump((frame) => this.send(frame));

  private constructor(udp: UdpSender, names: { subject: string; deviceId: string }) {
    this.#udp = udp;
    this.#names = names;
  }

  /** Opens the socket. Throws a `TypeError` for a bad option, and what the lookup of the host throws. */
  static async open(options: LiveLinkFaceSenderOptions = {}): Promise<LiveLinkFaceSender> {
    checkKeys(options, ["host", "port", "subject", "deviceId"]);
    const { host = "127.0.0.1", port = 11_111, subject = "EchoHead", deviceId = crypto.randomUUID() } = options;
    checkPort(port);
    if (new TextEncoder().encode(deviceId).length !== 36)
      throw new TypeError(`options.deviceId must have 36 bytes, not "${deviceId}"`);
    return new LiveLinkFaceSender(await UdpSender.open({ host, port }), { subject, deviceId });
  }

  /** Datagrams sent and failed. */
  get stats(): UdpStats {
    return this.#udp.stats;
  }

  /** Sends every frame until the source ends, another is attached, or the sender is disposed; each is closed. */
  attach(frames: AsyncIterable<FaceFrame>): Promise<void> {
    return this.#pump.attach(frames);
  }

  /** Sends one frame. The caller closes it. Throws a `TypeError` when it has not 52 coefficients. */
  send(frame: FaceFrame): void {
    const header = { ...this.#names, ...timeCode(new Date(), TIME_CODE_FPS), fps: TIME_CODE_FPS };
    this.#udp.send(encodeLiveLinkFace(copyFace(frame), header));
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
