import { EchoError } from "../../base/errors.js";
import type { ChosenBackend } from "../../protocol/backend.js";
import type { Tensor } from "../../protocol/tensor.js";
import type { GraphSource, Runtime, StageSession } from "../../runtime/session.js";
import { type JoinedStates, joinInputs, splitOutputs, unbatchedKey } from "./tensor-batches.js";

type Tensors = Readonly<Record<string, Tensor>>;

/** One session's wish to run a graph. */
type Request = {
  readonly inputs: Tensors;
  readonly wanted: readonly string[] | undefined;
  /** Requests with the same key fit into one run. */
  readonly key: string;
  readonly order: number;
  readonly resolve: (outputs: Record<string, Tensor>) => void;
  readonly reject: (error: unknown) => void;
};

/** Told of each run. */
export type BatchListener = (run: {
  readonly graph: string;
  readonly sessions: number;
  readonly tookMs: number;
}) => void;

/**
 * One set of graphs for many heads. What several of them want of the same graph at the same time becomes one run along the graph's free
 * axis (N sessions, or F frames of the decoder); each of them sees a StageSession of its own, so the stages know nothing of it.
 *
 * One graph runs at a time. Next is the one that has been waited for longest, with everybody who waits for it, so that heads that began
 * apart fall into step. States come back as arrays: they are joined anew for each run. A run that fails is repeated head by head: only the one that spoilt it hears of it.
 */
export class BatchingRuntime implements Runtime {
  readonly backend: ChosenBackend;
  readonly downgrade: Runtime["downgrade"];
  readonly #runtime: Runtime;
  readonly #maxBatch: number;
  readonly #statesOf: (graph: string) => readonly string[];
  readonly #onRun: BatchListener;
  /** Graphs by file; a graph stays loaded until the end. */
  readonly #graphs = new Map<string, Promise<BatchedGraph>>();
  readonly #loaded: BatchedGraph[] = [];
  #order = 0;
  #running = false;
  #disposed = false;

  /** `runtime` is owned from now on. `maxBatch` heads share one run at most. `statesOf` names the state inputs of a graph. */
  constructor(options: {
    runtime: Runtime;
    maxBatch: number;
    statesOf?: (graph: string) => readonly string[];
    onRun?: BatchListener;
  }) {
    this.#statesOf = options.statesOf ?? (() => []);
    this.#runtime = options.runtime;
    this.backend = options.runtime.backend;
    this.downgrade = options.runtime.downgrade;
    this.#maxBatch = options.maxBatch;
    this.#onRun = options.onRun ?? (() => {});
  }

  async createSession(source: GraphSource): Promise<StageSession> {
    let graph = this.#graphs.get(source.file);
    if (graph === undefined) {
      graph = this.#runtime.createSession(source).then((session) => {
        const batched = new BatchedGraph(session, this.#statesOf(session.name));
        this.#loaded.push(batched);
        return batched;
      });
      this.#graphs.set(source.file, graph);
      graph.catch(() => this.#graphs.delete(source.file));
    }
    const opened = await graph;
    const { name, inputs, outputs } = opened.session;
    let ended = false;
    return {
      name,
      inputs,
      outputs,
      run: (given, wanted) => {
        if (ended) return Promise.reject(new EchoError("disposed", { what: `the session of ${name}` }));
        return this.#ask(opened, given, wanted);
      },
      dispose: async () => {
        ended = true;
      },
    };
  }

  /** A view of this runtime for one head: its end does not end the graphs. */
  share(): Runtime {
    return {
      backend: this.backend,
      downgrade: this.downgrade,
      createSession: (source) => this.createSession(source),
      dispose: async () => {},
    };
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    const error = new EchoError("disposed", { what: "the renderer" });
    for (const graph of this.#loaded) for (const { reject } of graph.waiting.splice(0)) reject(error);
    await this.#runtime.dispose();
  }

  #ask(graph: BatchedGraph, inputs: Tensors, wanted: readonly string[] | undefined): Promise<Record<string, Tensor>> {
    if (this.#disposed) return Promise.reject(new EchoError("disposed", { what: "the renderer" }));
    return new Promise((resolve, reject) => {
      const key = `${unbatchedKey(graph.session.inputs, inputs)} ${wanted?.join(",") ?? "all"}`;
      graph.waiting.push({ inputs, wanted, key, order: this.#order++, resolve, reject });
      if (this.#running) return;
      this.#running = true;
      // A turn of the event loop later: heads that go on from the same run ask within it.
      setImmediate(() => void this.#runAll());
    });
  }

  async #runAll(): Promise<void> {
    for (;;) {
      const [next] = this.#loaded.filter(({ waiting }) => waiting.length > 0).sort((a, b) => a.since - b.since);
      if (next === undefined) break;
      await this.#runBatch(next, next.take(this.#maxBatch));
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#running = false;
  }

  async #runBatch(graph: BatchedGraph, batch: readonly Request[]): Promise<void> {
    const { session, states } = graph;
    const startMs = performance.now();
    try {
      if (batch.length === 1) {
        batch[0]!.resolve(await session.run(batch[0]!.inputs, batch[0]!.wanted));
      } else {
        const { inputs, sizes } = joinInputs(
          session.inputs,
          batch.map((request) => request.inputs),
          states,
        );
        const outputs = splitOutputs(session.outputs, await session.run(inputs, batch[0]!.wanted), sizes);
        batch.forEach(({ resolve }, i) => {
          resolve(outputs[i]!);
        });
      }
    } catch (error) {
      if (batch.length === 1) batch[0]!.reject(error);
      else for (const request of batch) await this.#runBatch(graph, [request]);
      return;
    }
    this.#onRun({ graph: session.name, sessions: batch.length, tookMs: performance.now() - startMs });
  }
}

class BatchedGraph {
  readonly session: StageSession;
  readonly waiting: Request[] = [];
  readonly states: JoinedStates;

  constructor(session: StageSession, states: readonly string[]) {
    this.session = session;
    this.states = new Map(states.map((name) => [name, { parts: [], data: new Float32Array() }]));
  }

  /** Place in time of the oldest request. */
  get since(): number {
    return this.waiting[0]!.order;
  }

  /** The oldest request and those that fit to it, in order, at most `most`. */
  take(most: number): Request[] {
    const { key } = this.waiting[0]!;
    const taken: Request[] = [];
    for (let i = 0; i < this.waiting.length && taken.length < most; )
      if (this.waiting[i]!.key === key) taken.push(...this.waiting.splice(i, 1));
      else i++;
    return taken;
  }
}
