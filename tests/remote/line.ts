import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** What a {@link Line} does to what goes through it. */
export type LineOptions = {
  /** Delay of each direction in ms. @default 0 */
  readonly delayMs?: number;
  /** Share of pieces that are "lost": TCP sends them again, so they and what follows come later. @default 0 */
  readonly loss?: number;
  /** How much later a lost piece comes, in ms: TCP's timeout of sending again. @default 200 */
  readonly againMs?: number;
  /** The address that the server sees. @default "127.0.0.1" */
  readonly localAddress?: string;
  /** 0..1; given by hand so that a run can be repeated. @default Math.random */
  readonly random?: () => number;
};

/** A TCP line before a server that can be cut, delayed, and made to lose pieces, all in this process. */
export class Line {
  /** Where it leads: a server's address. */
  target = "";
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #options: LineOptions;
  #cut = false;
  #lost = 0;
  #bytes = 0;

  private constructor(options: LineOptions) {
    this.#options = options;
    this.#server = createServer((near) => this.#join(near));
  }

  static async open(options: LineOptions = {}): Promise<Line> {
    const line = new Line(options);
    await new Promise<void>((resolve) => line.#server.listen(0, "127.0.0.1", resolve));
    return line;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Pieces that were lost so far, and bytes that went through. */
  get counters(): { readonly lost: number; readonly bytes: number } {
    return { lost: this.#lost, bytes: this.#bytes };
  }

  /** Breaks every connection, and those to come. */
  cut(): void {
    this.#cut = true;
    for (const socket of [...this.#sockets]) socket.destroy();
  }

  /** Lets connections through again. */
  mend(): void {
    this.#cut = false;
  }

  async dispose(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket): void {
    if (this.#cut) {
      near.destroy();
      return;
    }
    const { localAddress = "127.0.0.1" } = this.#options;
    const far = connect({ port: Number(new URL(this.target).port), host: "127.0.0.1", localAddress });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      this.#carry(from, to);
    }
  }

  #carry(from: Socket, to: Socket): void {
    const { delayMs = 0, loss = 0, againMs = 200, random = Math.random } = this.#options;
    // One after another: nothing overtakes a lost piece, and timers of the same millisecond come in any order.
    const waiting: { readonly piece: Buffer; readonly dueMs: number }[] = [];
    const pump = (): void => {
      const nowMs = performance.now();
      while (waiting[0] && waiting[0].dueMs <= nowMs) to.write(waiting.shift()!.piece);
      if (waiting[0]) setTimeout(pump, waiting[0].dueMs - nowMs);
    };
    let freeMs = 0;
    from.on("data", (piece: Buffer) => {
      this.#bytes += piece.length;
      const lost = random() < loss;
      if (lost) this.#lost += 1;
      freeMs = Math.max(freeMs, performance.now() + delayMs + (lost ? againMs : 0));
      waiting.push({ piece, dueMs: freeMs });
      if (waiting.length === 1) pump();
    });
  }
}
