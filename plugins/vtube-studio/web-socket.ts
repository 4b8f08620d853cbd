/** A WebSocket as browsers and the `ws` package have it. */
export type SocketLike = {
  readonly readyState: number;
  close(code?: number, reason?: string): void;
  send(data: string): void;
  // biome-ignore lint/suspicious/noExplicitAny: the events of browsers and of ws have no type in common
  addEventListener(type: string, listener: (event: any) => void): void;
};

/** Opens a WebSocket. */
export type SocketFactory = (url: string) => SocketLike;

/** The runtime's own WebSocket (browsers, Node 22), else that of the optional peer `ws`. Rejects when there is neither. */
export async function findSocketFactory(): Promise<SocketFactory> {
  const { WebSocket: own } = globalThis as { WebSocket?: new (url: string) => SocketLike };
  if (own !== undefined) return (url) => new own(url);
  const { WebSocket: peer } = await import("ws");
  return (url) => new peer(url);
}

/** A socket that is closed from the start and never calls anyone. */
export const CLOSED_SOCKET: SocketLike = { readyState: 3, close: () => {}, send: () => {}, addEventListener: () => {} };
