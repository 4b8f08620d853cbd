import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";

/** Counters since the socket was opened. */
export type UdpStats = {
  /** Datagrams handed to the network. */
  readonly sent: number;
  /** Datagrams that the network refused, for instance because there is no route. */
  readonly failed: number;
  /** Why the last of them failed. */
  readonly lastFailure: string | undefined;
};

/** Sends datagrams to one place. UDP tells nobody whether they arrive; what fails at once is counted and never thrown. */
export class UdpSender {
  readonly #socket: Socket;
  readonly #address: string;
  readonly #port: number;
  #sent = 0;
  #failed = 0;
  #lastFailure: string | undefined;
  #closed = false;

  private constructor(socket: Socket, address: string, port: number) {
    this.#socket = socket;
    this.#address = address;
    this.#port = port;
    socket.on("error", (error) => this.#note(error));
    socket.unref(); // a sender alone does not keep the process alive
  }

  /** Looks the host up once, so that no datagram waits for a name. Throws what the lookup throws. */
  static async open(options: { host: string; port: number }): Promise<UdpSender> {
    const { address, family } = await lookup(options.host, { verbatim: false }); // IPv4 first: receivers of mocap seldom listen on ::1
    return new UdpSender(createSocket(family === 6 ? "udp6" : "udp4"), address, options.port);
  }

  /** Counters so far. */
  get stats(): UdpStats {
    return { sent: this.#sent, failed: this.#failed, lastFailure: this.#lastFailure };
  }

  /** Sends one datagram. The bytes must not change until it is gone. */
  send(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#socket.send(bytes, this.#port, this.#address, (error) => {
      if (error) this.#note(error);
      else this.#sent += 1;
    });
  }

  /** Closes the socket when what was sent is out. May be called again. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  #note(error: Error): void {
    this.#failed += 1;
    this.#lastFailure = error.message;
  }
}
