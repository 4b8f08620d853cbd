import type { Worker as NodeWorker } from "node:worker_threads";
import type { Endpoint } from "comlink";

/** A thread that was started: how to talk to it, how to learn of its end, how to end it. */
export type WorkerHandle = {
  readonly endpoint: Endpoint;
  /** Calls back once, with a reason, when the thread fails or ends by itself. */
  onDeath(listener: (reason: string) => void): void;
  /** May give a promise of the end. */
  terminate(): unknown;
};

/** What both ends of a Node thread have. */
type NodePort = {
  postMessage(message: unknown, transfer?: readonly never[]): void;
  on(event: "message", listener: (data: unknown) => void): unknown;
  off(event: "message", listener: (data: unknown) => void): unknown;
};

/** A port of node:worker_threads in the shape that comlink takes. */
export function nodeEndpoint(port: NodePort): Endpoint {
  const heard = new WeakMap<object, (data: unknown) => void>();
  return {
    postMessage: (message, transfer) => port.postMessage(message, transfer as never[]),
    addEventListener: (_type, listener) => {
      const hear = (data: unknown) => {
        const event = { data } as MessageEvent;
        if (typeof listener === "function") listener(event);
        else listener.handleEvent(event);
      };
      heard.set(listener, hear);
      port.on("message", hear);
    },
    removeEventListener: (_type, listener) => {
      const hear = heard.get(listener);
      if (hear !== undefined) port.off("message", hear);
      heard.delete(listener);
    },
  };
}

/** The handle of a Node worker thread. */
export function nodeWorkerHandle(worker: NodeWorker): WorkerHandle {
  return {
    endpoint: nodeEndpoint(worker),
    onDeath: (listener) => {
      worker.once("error", (error: unknown) => listener(error instanceof Error ? error.message : String(error)));
      worker.once("exit", (code) => listener(`it ended with code ${code}`));
    },
    terminate: () => worker.terminate(),
  };
}

/** The handle of a browser's worker. */
export function browserWorkerHandle(worker: Worker): WorkerHandle {
  return {
    endpoint: worker,
    onDeath: (listener) => {
      // A worker whose file cannot be loaded gives an event without a message.
      worker.addEventListener("error", (event) => listener(event.message || "its file could not be loaded"), {
        once: true,
      });
      worker.addEventListener("messageerror", () => listener("a message could not be read"), { once: true });
    },
    terminate: () => worker.terminate(),
  };
}
