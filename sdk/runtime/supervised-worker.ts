import { type Remote, wrap } from "comlink";
import { EchoError, reasonOf } from "../base/errors.js";
import { PROTOCOL_VERSION } from "../protocol/version.js";
import type { ExposedWorker } from "./expose-worker.js";
import { RestartBudget, type RestartBudgetOptions } from "./restart-budget.js";
import { installThrownErrors } from "./thrown-errors.js";
import type { WorkerHandle } from "./worker-endpoint.js";

/** The methods of an interface. */
type MethodName<Api> = { [Key in keyof Api]: Api[Key] extends (...args: never[]) => unknown ? Key : never }[keyof Api] &
  string;

/** Options of {@link SupervisedWorker}. */
export type SupervisedWorkerOptions<Api extends object> = RestartBudgetOptions & {
  /** For messages, for instance "generator". */
  readonly name: string;
  readonly spawn: () => WorkerHandle;
  /** Time from the start of the thread to its first answer. @default 20000 */
  readonly startTimeoutMs?: number;
  /** Time for the answer to a call. A thread that is late is ended. @default 15000 */
  readonly callTimeoutMs?: number;
  /** Other times for some methods, as for one that fetches files. */
  readonly methodTimeoutMs?: Readonly<Partial<Record<MethodName<Api>, number>>>;
  /** Brings a new thread to where the old one was, before it gets any other call. */
  readonly onRestart?: (api: Api) => Promise<void>;
  /** Errors of a method after which its thread is of no more use and a new one is started by the next call, such as a lost GPU. */
  readonly endsThread?: (error: unknown) => boolean;
  /**
   * Lets a living thread come to rest before it is ended. NOTICE: onnxruntime-node 1.30 throws a C++ exception that ends the
   * whole process when a thread is terminated while a graph runs or loads; this can go when it no longer does.
   */
  readonly onDispose?: (api: Api) => Promise<void>;
};

/** How long a thread may take to come to rest, in ms. */
const REST_TIMEOUT_MS = 10_000;

type Thread<Api extends object> = {
  readonly handle: WorkerHandle;
  readonly remote: Remote<ExposedWorker<Api>>;
  /** Rejects the calls that wait for an answer. */
  readonly pending: Set<(error: EchoError) => void>;
  death: EchoError | undefined;
};

/**
 * A worker thread that never leaves a caller waiting: each call has a time limit, the calls under way are rejected when the
 * thread dies, and the next call starts a new one, as long as that does not happen too often. `api` has the methods of the worker.
 */
export class SupervisedWorker<Api extends object> {
  /** The worker's methods. The first call starts the thread. @throws EchoError "worker-…", "disposed", or what the method throws */
  readonly api: Api;
  readonly #options: SupervisedWorkerOptions<Api>;
  readonly #budget: RestartBudget;
  #thread: Promise<Thread<Api>> | undefined;
  #live: Thread<Api> | undefined;
  #deaths = 0;
  #disposed = false;

  constructor(options: SupervisedWorkerOptions<Api>) {
    installThrownErrors();
    this.#options = options;
    this.#budget = new RestartBudget(options);
    this.api = this.#proxy(() => this.#ensureThread());
  }

  /** How often the thread died. */
  get deaths(): number {
    return this.#deaths;
  }

  /** Ends the thread. Calls under way are rejected with code "disposed". */
  async dispose(): Promise<void> {
    this.#disposed = true;
    const thread = this.#live;
    if (thread) {
      const error = new EchoError("disposed", { what: `the ${this.#options.name} worker` });
      for (const reject of [...thread.pending]) reject(error);
      await this.#rest(thread);
      await this.#end(thread, error);
    }
    await this.#thread?.catch(() => {});
  }

  /** Waits until the thread has come to rest, or died, or takes too long. */
  async #rest(thread: Thread<Api>): Promise<void> {
    const { onDispose, name } = this.#options;
    if (onDispose === undefined) return;
    const late = () => new EchoError("worker-died", { worker: name, reason: "it does not come to rest" });
    const resting = onDispose(thread.remote.api as unknown as Api);
    await this.#race(thread, resting, REST_TIMEOUT_MS, late).catch(() => {});
  }

  #proxy(thread: () => Promise<Thread<Api>>): Api {
    return new Proxy({} as Api, {
      get: (_, method) => {
        if (typeof method !== "string" || method === "then") return undefined;
        return async (...args: unknown[]) => this.#call(await thread(), method as MethodName<Api>, args);
      },
    });
  }

  #ensureThread(): Promise<Thread<Api>> {
    const { name } = this.#options;
    if (this.#disposed) return Promise.reject(new EchoError("disposed", { what: `the ${name} worker` }));
    if (this.#thread) return this.#thread;
    if (this.#budget.spent) {
      const { restarts, withinMs } = this.#budget;
      const reason = `that is more than ${restarts} times within ${withinMs / 1_000} s`;
      return Promise.reject(new EchoError("worker-restarts-exhausted", { worker: name, count: this.#deaths, reason }));
    }
    const starting = this.#start();
    this.#thread = starting;
    // A start that fails is not kept: the next call tries again, within the budget.
    starting.catch(() => {
      if (this.#thread === starting) this.#thread = undefined;
    });
    return starting;
  }

  async #start(): Promise<Thread<Api>> {
    const { name, spawn, startTimeoutMs = 20_000, onRestart } = this.#options;
    const failed = (reason: string, cause?: unknown) =>
      new EchoError("worker-start-failed", { worker: name, reason, cause });
    const isRestart = this.#deaths > 0;
    let thread: Thread<Api>;
    try {
      const handle = spawn();
      thread = { handle, remote: wrap<ExposedWorker<Api>>(handle.endpoint), pending: new Set(), death: undefined };
    } catch (error) {
      this.#died();
      throw failed(reasonOf(error), error);
    }
    this.#live = thread;
    thread.handle.onDeath((reason) => void this.#end(thread, new EchoError("worker-died", { worker: name, reason })));
    try {
      const late = () => failed(`no answer within ${startTimeoutMs} ms`);
      const version = await this.#race(thread, thread.remote.protocolVersion(), startTimeoutMs, late);
      if (version !== PROTOCOL_VERSION) throw failed(`it speaks protocol ${version}, this side ${PROTOCOL_VERSION}`);
      if (isRestart) await onRestart?.(this.#proxy(async () => thread));
      return thread;
    } catch (error) {
      const known = EchoError.is(error) ? error : failed(reasonOf(error), error);
      const isDeath = known.code === "worker-died";
      await this.#end(thread, known);
      throw isDeath ? failed(known.message, known) : known;
    }
  }

  async #call(thread: Thread<Api>, method: MethodName<Api>, args: unknown[]): Promise<unknown> {
    const { name, callTimeoutMs = 15_000, methodTimeoutMs } = this.#options;
    const timeoutMs = methodTimeoutMs?.[method] ?? callTimeoutMs;
    const late = () => new EchoError("worker-call-timeout", { worker: name, call: method, timeoutMs });
    const api = thread.remote.api as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    if (thread.death) throw thread.death;
    if (this.#disposed) throw new EchoError("disposed", { what: `the ${name} worker` });
    try {
      return await this.#race(thread, api[method]!(...args), timeoutMs, late);
    } catch (error) {
      if (this.#options.endsThread?.(error))
        await this.#end(thread, new EchoError("worker-died", { worker: name, reason: reasonOf(error) }));
      throw error;
    }
  }

  /** The answer, or the thread's death, or the time limit, whichever comes first. */
  #race<T>(thread: Thread<Api>, answer: Promise<T>, timeoutMs: number, late: () => EchoError): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        const error = late();
        settle(() => reject(error));
        const death = new EchoError("worker-died", { worker: this.#options.name, reason: error.message });
        void this.#end(thread, death, { restFirst: true });
      }, timeoutMs);
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        thread.pending.delete(onDeath);
        finish();
      };
      const onDeath = (error: EchoError) => settle(() => reject(error));
      thread.pending.add(onDeath);
      answer.then(
        (value) => settle(() => resolve(value)),
        (error: unknown) => settle(() => reject(error)),
      );
    });
  }

  #died(): void {
    this.#deaths++;
    this.#budget.spend();
  }

  async #end(thread: Thread<Api>, error: EchoError, { restFirst = false } = {}): Promise<void> {
    if (thread.death) return;
    thread.death = error;
    if (this.#live === thread) {
      this.#live = undefined;
      this.#thread = undefined;
    }
    if (error.code !== "disposed") this.#died();
    for (const reject of [...thread.pending]) reject(error);
    if (restFirst) await this.#rest(thread); // it is late, not dead: see onDispose
    await thread.handle.terminate();
  }
}
