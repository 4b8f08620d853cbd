import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { copyFace, type FaceFrame } from "../face/face-frame.js";
import { FramePump } from "../face/frame-pump.js";
import { checkKeys, checkOneOf, checkPort } from "../face/option-checks.js";
import { UdpSender, type UdpStats } from "../face/udp-sender.js";
import { encodeIFacialMocap, IFACIALMOCAP_HELLO, type IFacialMocapVersion } from "./ifacialmocap.js";

/** Options of {@link IFacialMocapSender.open}. */
export type IFacialMocapSenderOptions = {
  /** A receiver to send to without being asked; most take that. @default none */
  readonly host?: string;
  /** The port of receivers. @default 49983 */
  readonly port?: number;
  /**
   * Where receivers may ask for faces, as they ask a phone. "none" does not listen: needed where a receiver on this machine has
   * the port. @default 49983 without `host`, "none" with it
   */
  readonly listenPort?: number | "none";
  /** What is sent to `host`; who asks gets what they ask for. @default 1 */
  readonly version?: IFacialMocapVersion;
};

const PORT = 49_983;
/** Receivers served at once; who asks after them takes the place of the one that asked first. */
const MAX_RECEIVERS = 8;

/**
 * Sends faces as the iFacialMocap app does, to VMagicMirror, VSeeFace, VTube Studio, Warudo, Blender and their like. Node only.
 *
 *     const mocap = await IFacialMocapSender.open({ host: "192.168.1.20" });
 *     void mocap.attach(agent.frames());
 */
export class IFacialMocapSender {
  readonly #port: number;
  readonly #listener: Socket | undefined;
  /** Address -> what to send it and how. */
  readonly #receivers = new Map<string, { udp: UdpSender; version: IFacialMocapVersion }>();
  readonly #pump = new FramePump((frame) => this.send(frame));
  #ended = false;

  private constructor(port: number, listener: Socket | undefined) {
    this.#port = port;
    this.#listener = listener;
    listener?.on("message", (bytes, from) => void this.#hear(bytes, from));
    listener?.on("error", () => {}); // a refused answer of an earlier send; the listener stays open
    listener?.unref();
  }

  /** Opens the sockets. Throws a `TypeError` for a bad option, and the system's error when the port is taken (EADDRINUSE). */
  static async open(options: IFacialMocapSenderOptions = {}): Promise<IFacialMocapSender> {
    checkKeys(options, ["host", "port", "listenPort", "version"]);
    const { host, port = PORT, listenPort = host === undefined ? PORT : "none", version = 1 } = options;
    checkPort(port);
    checkOneOf(String(version), "version", ["1", "2"]);
    if (listenPort !== "none") checkPort(listenPort, "listenPort");
    const sender = new IFacialMocapSender(port, listenPort === "none" ? undefined : await listen(listenPort));
    if (host !== undefined) await sender.#add(host, version);
    return sender;
  }

  /** Addresses that get faces now. */
  get receivers(): string[] {
    return [...this.#receivers.keys()];
  }

  /** Datagrams sent and failed, to all who get faces now. */
  get stats(): UdpStats {
    const each = [...this.#receivers.values()].map(({ udp }) => udp.stats);
    const sum = (of: (stats: UdpStats) => number) => each.reduce((total, stats) => total + of(stats), 0);
    const lastFailure = each.map((stats) => stats.lastFailure).find((failure) => failure !== undefined);
    return { sent: sum(({ sent }) => sent), failed: sum(({ failed }) => failed), lastFailure };
  }

  /** Sends every frame until the source ends, another is attached, or the sender is disposed; each is closed. */
  attach(frames: AsyncIterable<FaceFrame>): Promise<void> {
    return this.#pump.attach(frames);
  }

  /** Sends one frame. The caller closes it. Throws a `TypeError` when it has not 52 coefficients. */
  send(frame: FaceFrame): void {
    const face = copyFace(frame);
    const text = new TextEncoder();
    const packets = { 1: text.encode(encodeIFacialMocap(face, 1)), 2: text.encode(encodeIFacialMocap(face, 2)) };
    for (const { udp, version } of this.#receivers.values()) udp.send(packets[version]);
  }

  /** Lets the source go. */
  detach(): void {
    this.#pump.detach();
  }

  /** Detaches and closes the sockets. May be called again. */
  async dispose(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#pump.dispose();
    const closing = [...this.#receivers.values()].map(({ udp }) => udp.close());
    this.#receivers.clear();
    if (this.#listener) closing.push(new Promise((resolve) => this.#listener?.close(() => resolve())));
    await Promise.all(closing);
  }

  /** A receiver asks. It is answered on the fixed port, not on the one that it asked from: that is how the app does it. */
  async #hear(bytes: Uint8Array, { address }: RemoteInfo): Promise<void> {
    const text = new TextDecoder().decode(bytes);
    if (!text.startsWith(IFACIALMOCAP_HELLO)) return;
    await this.#add(address, text.includes("sendDataVersion=v2") ? 2 : 1);
  }

  async #add(host: string, version: IFacialMocapVersion): Promise<void> {
    const known = this.#receivers.get(host);
    const udp = known?.udp ?? (await UdpSender.open({ host, port: this.#port }));
    if (this.#ended) return udp.close();
    this.#receivers.set(host, { udp, version });
    if (this.#receivers.size <= MAX_RECEIVERS) return;
    const [oldest] = this.#receivers.keys();
    const gone = this.#receivers.get(oldest!);
    this.#receivers.delete(oldest!);
    await gone?.udp.close();
  }
}

function listen(port: number): Promise<Socket> {
  const socket = createSocket("udp4");
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}
