import type * as Ort from "onnxruntime-web";
import { EchoError, type ErrorStage, reasonOf } from "../base/errors.js";
import { isNode, nodeModule } from "../base/node-modules.js";
import { SerialQueue } from "../base/serial-queue.js";
import type { AssetOptions, BackendName, BackendReport, ChosenBackend } from "../protocol/backend.js";
import type { Tensor } from "../protocol/tensor.js";
import { chooseBackend } from "./backend-choice.js";
import { checkSignature } from "./graph-signature.js";
import { loadOrt, type OrtModule } from "./onnx-module.js";
import { PROBE_GRAPH } from "./probe-graph.js";
import type { GraphSource, Runtime, StageSession } from "./session.js";
import { checkFinite, checkInputs } from "./tensor-checks.js";

/** A graph of this size gains nothing from more threads, and the machine has other work. */
const MOST_CPU_THREADS = 4;

/**
 * Makes a backend ready and proves that it runs, on a graph of one addition.
 * @throws EchoError "backend-unavailable" when a backend asked for by name cannot run here; `auto` falls back and says why
 */
export async function openRuntime(
  options: { backend?: BackendName | undefined; assets?: AssetOptions | undefined } = {},
): Promise<Runtime> {
  const { backend: asked = "auto", assets = {} } = options;
  const report = await chooseBackend(asked);
  try {
    return await OnnxRuntime.open(report, assets);
  } catch (error) {
    // onnxruntime-node is an optional dependency and webgpu may fail at its first graph; WASM is in the package and last.
    if (asked !== "auto" || report.backend === "wasm") throw error;
    const downgrade = { from: report.backend, reason: reasonOf(error) };
    return OnnxRuntime.open({ backend: "wasm", downgrade }, assets);
  }
}

class OnnxRuntime implements Runtime {
  readonly backend: ChosenBackend;
  readonly downgrade: BackendReport["downgrade"];
  readonly #ort: OrtModule;
  readonly #assets: AssetOptions;
  readonly #sessions = new Set<OnnxSession>();
  #disposed = false;
  /** onnxruntime-web on WebGPU runs one graph at a time in a thread; the others queue by themselves. */
  readonly #queue: SerialQueue | undefined;
  #lost: EchoError | undefined;

  private constructor(report: BackendReport, ort: OrtModule, assets: AssetOptions) {
    this.backend = report.backend;
    this.downgrade = report.downgrade;
    this.#ort = ort;
    this.#assets = assets;
    this.#queue = report.backend === "webgpu" ? new SerialQueue("the WebGPU runtime") : undefined;
  }

  static async open(report: BackendReport, assets: AssetOptions): Promise<OnnxRuntime> {
    const { backend } = report;
    const runtime = new OnnxRuntime(report, await loadOrt(backend, assets), assets);
    try {
      const probe = await runtime.createSession(PROBE_GRAPH);
      const input: Tensor = { dtype: "float32", shape: [1], data: new Float32Array([20.5]) };
      const { y } = await probe.run({ x: input });
      await probe.dispose();
      if (y?.data[0] !== 41) throw new Error(`20.5 + 20.5 gave ${y?.data[0]}`);
    } catch (error) {
      await runtime.dispose();
      // The first line says it; what follows are places in the sources of onnxruntime.
      const reason = reasonOf(error instanceof EchoError ? (error.cause ?? error) : error).split("\n", 1)[0]!;
      throw new EchoError("backend-unavailable", { backend, reason, cause: error });
    }
    if (backend === "webgpu" && !isNode()) void runtime.#watchDevice();
    return runtime;
  }

  async createSession(source: GraphSource): Promise<StageSession> {
    if (this.#disposed) throw new EchoError("disposed", { what: "the runtime" });
    const { file } = source;
    let session: Ort.InferenceSession;
    try {
      const create = () => this.#ort.InferenceSession.create(source.bytes, this.#sessionOptions());
      session = await (this.#queue?.run(create) ?? create());
    } catch (error) {
      throw new EchoError("graph-load-failed", {
        graph: file,
        reason: reasonOf(error),
        ...atStage(source.stage),
        cause: error,
      });
    }
    try {
      checkSignature(session, source);
    } catch (error) {
      await session.release();
      throw error;
    }
    const lost = () => this.#lost;
    const forget = () => void this.#sessions.delete(opened);
    const opened = new OnnxSession({ ort: this.#ort, session, source, queue: this.#queue, lost, forget });
    this.#sessions.add(opened);
    return opened;
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await Promise.all([...this.#sessions].map((session) => session.dispose()));
    await this.#queue?.dispose();
  }

  #sessionOptions(): Ort.InferenceSession.SessionOptions {
    // Left alone, onnxruntime counts physical cores: on two hyperthreads that is one thread, and the decoder takes twice as long (measured).
    const threads = this.#assets.threads ?? nodeModule("node:os")?.availableParallelism();
    return {
      executionProviders: [this.backend],
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
      ...(threads !== undefined && this.backend === "cpu"
        ? // no spinning: the idle pool of one graph would hold the cores that the next graph needs
          {
            intraOpNumThreads: Math.min(threads, MOST_CPU_THREADS),
            extra: { session: { intra_op: { allow_spinning: "0" } } },
          }
        : {}),
    };
  }

  async #watchDevice(): Promise<void> {
    const device = await this.#ort.env.webgpu?.device;
    const lost = await (device as GPUDevice | undefined)?.lost;
    if (lost !== undefined) this.#lost = new EchoError("gpu-device-lost", { reason: lost.message || lost.reason });
  }
}

type SessionParts = {
  readonly ort: OrtModule;
  readonly session: Ort.InferenceSession;
  readonly source: GraphSource;
  readonly queue: SerialQueue | undefined;
  /** The error of a lost device, once it is lost. */
  readonly lost: () => EchoError | undefined;
  /** Called at the end of the session. */
  readonly forget: () => void;
};

class OnnxSession implements StageSession {
  readonly name: string;
  readonly inputs: StageSession["inputs"];
  readonly outputs: StageSession["outputs"];
  readonly #parts: SessionParts;
  #disposing: Promise<void> | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(parts: SessionParts) {
    this.name = parts.source.name;
    this.inputs = parts.source.inputs;
    this.outputs = parts.source.outputs;
    this.#parts = parts;
  }

  async run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    if (this.#disposing !== undefined) throw new EchoError("disposed", { what: `the session of ${this.name}` });
    checkInputs(this.name, this.inputs, inputs);
    const run = () => this.#runGraph(inputs);
    const result = this.#parts.queue?.run(run) ?? run();
    this.#running = result.catch(() => {});
    return result;
  }

  /** Waits for a run that is under way. */
  dispose(): Promise<void> {
    this.#disposing ??= this.#running.then(() => {
      this.#parts.forget();
      return this.#parts.session.release();
    });
    return this.#disposing;
  }

  async #runGraph(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const { ort, session, source, lost } = this.#parts;
    const feeds: Record<string, Ort.Tensor> = {};
    for (const [name, { dtype, data, shape }] of Object.entries(inputs)) {
      feeds[name] = new ort.Tensor(dtype, data as Float32Array, shape);
    }
    const outputs: Record<string, Tensor> = {};
    try {
      for (const [name, tensor] of Object.entries(await session.run(feeds))) {
        const data = tensor.location === "cpu" ? tensor.data : await tensor.getData(true);
        outputs[name] = { dtype: tensor.type, shape: tensor.dims, data } as Tensor;
      }
    } catch (error) {
      throw (
        lost() ??
        new EchoError("graph-run-failed", {
          graph: this.name,
          reason: reasonOf(error),
          ...atStage(source.stage),
          cause: error,
        })
      );
    }
    checkFinite(this.name, outputs, source.stage);
    return outputs;
  }
}

function atStage(stage: ErrorStage | undefined): { stage?: ErrorStage } {
  return stage === undefined ? {} : { stage };
}
