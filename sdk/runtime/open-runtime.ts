import type * as Ort from "onnxruntime-web";
import { EchoError, type ErrorStage, reasonOf } from "../base/errors.js";
import { isNode, nodeModule } from "../base/node-modules.js";
import { SerialQueue } from "../base/serial-queue.js";
import type { AssetOptions, BackendName, BackendReport, ChosenBackend } from "../protocol/backend.js";
import type { Tensor } from "../protocol/tensor.js";
import { chooseBackend } from "./backend-choice.js";
import { checkSignature } from "./graph-signature.js";
import { heldTensor, holdTensor } from "./held-tensors.js";
import { loadOrt, type OrtModule } from "./onnx-module.js";
import { PROBE_GRAPH } from "./probe-graph.js";
import type { GraphSource, Placement, Runtime, StageSession } from "./session.js";
import { checkFinite, checkInputs } from "./tensor-checks.js";

/** A graph of this size gains nothing from more threads, and the machine has other work. */
const MOST_CPU_THREADS = 4;

/** A browser tells that a device is lost so soon after what failed with it, in ms. */
const TOLD_WITHIN_MS = 200;

/** onnxruntime-web on WebGPU does one thing at a time in a thread, whichever runtime asks; the other backends queue by themselves. */
const GPU_TURNS = new SerialQueue("WebGPU in this thread");

/** Options of {@link openRuntime}. */
export type RuntimeOptions = {
  /** @default "auto" */
  readonly backend?: BackendName | undefined;
  readonly assets?: AssetOptions | undefined;
  /** A WebGPU device of this thread on which the graphs are to run; the backend is then "webgpu". It is borrowed. */
  readonly device?: GPUDevice | undefined;
};

/**
 * Makes a backend ready and proves that it runs, on a graph of one addition.
 * @throws EchoError "backend-unavailable" when a backend asked for by name cannot run here; `auto` falls back and says why
 */
export async function openRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  const { backend: asked = "auto", assets = {}, device } = options;
  if (device) return OnnxRuntime.open({ backend: "webgpu" }, assets, device);
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
  readonly #queue: SerialQueue | undefined;
  readonly #lent: GPUDevice | undefined;
  #device: GPUDevice | undefined;
  #lost: Promise<EchoError> | undefined;
  #graphMs = 0;

  private constructor(report: BackendReport, ort: OrtModule, assets: AssetOptions, lent?: GPUDevice) {
    this.backend = report.backend;
    this.#lent = lent;
    this.downgrade = report.downgrade;
    this.#ort = ort;
    this.#assets = assets;
    this.#queue = report.backend === "webgpu" ? GPU_TURNS : undefined;
  }

  static async open(report: BackendReport, assets: AssetOptions, lent?: GPUDevice): Promise<OnnxRuntime> {
    const { backend } = report;
    const runtime = new OnnxRuntime(report, await loadOrt(backend, assets), assets, lent);
    try {
      const probe = await runtime.createSession(PROBE_GRAPH);
      const input: Tensor = { dtype: "float32", shape: [1], data: new Float32Array([20.5]) };
      const { y } = await probe.run({ x: input });
      // NOTICE: onnxruntime-web 1.30 destroys its WebGPU device with the last session on it; so the probe stays until the runtime ends.
      if (!runtime.#onGpu) await probe.dispose();
      if (y?.data[0] !== 41) throw new Error(`20.5 + 20.5 gave ${y?.data[0]}`);
    } catch (error) {
      await runtime.dispose();
      // The first line says it; what follows are places in the sources of onnxruntime.
      const reason = reasonOf(error instanceof EchoError ? (error.cause ?? error) : error).split("\n", 1)[0]!;
      throw new EchoError("backend-unavailable", { backend, reason, cause: error });
    }
    if (runtime.#onGpu) {
      runtime.#device = lent ?? ((await runtime.#ort.env.webgpu.device) as GPUDevice);
      runtime.#lost = runtime.#device.lost.then(
        ({ message, reason }) => new EchoError("gpu-device-lost", { reason: message || reason }),
      );
    }
    return runtime;
  }

  async createSession(source: GraphSource, placement: Placement = {}): Promise<StageSession> {
    if (this.#disposed) throw new EchoError("disposed", { what: "the runtime" });
    const { file } = source;
    let session: Ort.InferenceSession;
    try {
      const create = () => this.#ort.InferenceSession.create(source.bytes, this.#sessionOptions(placement));
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
    const lost = () => this.#whyLost();
    const device = () => this.#device!;
    const forget = () => void this.#sessions.delete(opened);
    const constants = new Set(this.#onGpu ? placement.constants : []);
    const keep = new Set(this.#onGpu ? placement.keep : []);
    const spent = (ms: number): void => {
      this.#graphMs += ms;
    };
    const opened = new OnnxSession({
      spent,
      ort: this.#ort,
      session,
      source,
      queue: this.#queue,
      lost,
      device,
      forget,
      constants,
      keep,
    });
    this.#sessions.add(opened);
    return opened;
  }

  get graphMs(): number {
    return this.#graphMs;
  }

  get device(): GPUDevice | undefined {
    return this.#device;
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await Promise.all([...this.#sessions].map((session) => session.dispose()));
  }

  /** Whether tensors can stay on the GPU between runs: onnxruntime-web's WebGPU can do that. */
  get #onGpu(): boolean {
    return this.backend === "webgpu" && !isNode();
  }

  #sessionOptions({ keep = [] }: Placement): Ort.InferenceSession.SessionOptions {
    // Left alone, onnxruntime counts physical cores: on two hyperthreads that is one thread, and the decoder takes twice as long (measured).
    const threads = this.#assets.threads ?? nodeModule("node:os")?.availableParallelism();
    return {
      // What TensorRT cannot compile runs on CUDA.
      executionProviders: this.#lent
        ? [{ name: "webgpu", device: this.#lent }]
        : this.backend === "tensorrt"
          ? ["tensorrt", "cuda"]
          : [this.backend],
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
      ...(this.#onGpu && keep.length > 0
        ? { preferredOutputLocation: Object.fromEntries(keep.map((name) => [name, "gpu-buffer" as const])) }
        : {}),
      ...(threads !== undefined && this.backend === "cpu"
        ? // no spinning: the idle pool of one graph would hold the cores that the next graph needs
          {
            intraOpNumThreads: Math.min(threads, MOST_CPU_THREADS),
            extra: { session: { intra_op: { allow_spinning: "0" } } },
          }
        : {}),
    };
  }

  /** A run may fail a moment before its device says that it is lost. */
  #whyLost(): Promise<EchoError | undefined> {
    const late = new Promise<undefined>((resolve) => setTimeout(resolve, TOLD_WITHIN_MS));
    return Promise.race([this.#lost ?? undefined, late]);
  }
}

type SessionParts = {
  readonly ort: OrtModule;
  readonly session: Ort.InferenceSession;
  readonly source: GraphSource;
  readonly queue: SerialQueue | undefined;
  /** The error of a lost device, if that is why a run failed. */
  readonly lost: () => Promise<EchoError | undefined>;
  /** Where constants are uploaded. */
  readonly device: () => GPUDevice;
  /** Called at the end of the session. */
  readonly forget: () => void;
  /** Told what a graph took, in ms. */
  readonly spent: (ms: number) => void;
  /** Inputs that are uploaded to the GPU once. */
  readonly constants: ReadonlySet<string>;
  /** Outputs that stay on the GPU. */
  readonly keep: ReadonlySet<string>;
};

class OnnxSession implements StageSession {
  readonly name: string;
  readonly inputs: StageSession["inputs"];
  readonly outputs: StageSession["outputs"];
  readonly #parts: SessionParts;
  #disposing: Promise<void> | undefined;
  #running: Promise<unknown> = Promise.resolve();
  readonly #constants = new Map<string, { readonly tensor: Tensor; readonly uploaded: Ort.Tensor }>();

  constructor(parts: SessionParts) {
    this.name = parts.source.name;
    this.inputs = parts.source.inputs;
    this.outputs = parts.source.outputs;
    this.#parts = parts;
  }

  async run(inputs: Readonly<Record<string, Tensor>>, wanted?: readonly string[]): Promise<Record<string, Tensor>> {
    if (this.#disposing !== undefined) throw new EchoError("disposed", { what: `the session of ${this.name}` });
    checkInputs(this.name, this.inputs, inputs);
    const run = () => this.#runGraph(inputs, wanted);
    const result = this.#parts.queue?.run(run) ?? run();
    this.#running = result.catch(() => {});
    return result;
  }

  /** Waits for a run that is under way. */
  dispose(): Promise<void> {
    this.#disposing ??= this.#running.then(() => {
      this.#parts.forget();
      for (const { uploaded } of this.#constants.values()) uploaded.dispose();
      const { queue, session } = this.#parts;
      return queue?.run(() => session.release()) ?? session.release();
    });
    return this.#disposing;
  }

  async #runGraph(
    inputs: Readonly<Record<string, Tensor>>,
    wanted?: readonly string[],
  ): Promise<Record<string, Tensor>> {
    const { session, source, lost, spent } = this.#parts;
    const outputs: Record<string, Tensor> = {};
    try {
      const feeds: Record<string, Ort.Tensor> = {};
      for (const [name, tensor] of Object.entries(inputs)) feeds[name] = await this.#feed(name, tensor);
      const startMs = performance.now();
      const results = await (wanted === undefined ? session.run(feeds) : session.run(feeds, wanted));
      spent(performance.now() - startMs);
      for (const [name, tensor] of Object.entries(results)) {
        if (tensor.location === "gpu-buffer" && this.#parts.keep.has(name)) {
          outputs[name] = holdTensor(tensor);
          continue;
        }
        const data = tensor.location === "cpu" ? tensor.data : await tensor.getData(true);
        outputs[name] = { dtype: tensor.type, shape: tensor.dims, data } as Tensor;
      }
      checkFinite(this.name, outputs, source.stage); // what a lost device leaves behind may be anything
      return outputs;
    } catch (error) {
      throw (await lost()) ?? this.#failed(error);
    }
  }

  #failed(error: unknown): EchoError {
    if (EchoError.is(error)) return error;
    const reason = reasonOf(error);
    return new EchoError("graph-run-failed", {
      graph: this.name,
      reason,
      ...atStage(this.#parts.source.stage),
      cause: error,
    });
  }

  async #feed(name: string, tensor: Tensor): Promise<Ort.Tensor> {
    const { ort, constants, device } = this.#parts;
    const onGpu = heldTensor(tensor);
    if (onGpu) return onGpu;
    if (!constants.has(name)) return new ort.Tensor(tensor.dtype, tensor.data as Float32Array, tensor.shape);
    const known = this.#constants.get(name);
    if (known?.tensor === tensor) return known.uploaded;
    known?.uploaded.dispose();
    const uploaded = upload(ort, device(), tensor);
    this.#constants.set(name, { tensor, uploaded });
    return uploaded;
  }
}

/** Copies a tensor to the GPU. */
function upload(ort: OrtModule, device: GPUDevice, { dtype, shape, data }: Tensor): Ort.Tensor {
  const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const size = Math.ceil(data.byteLength / 16) * 16; // as onnxruntime allocates
  const buffer = device.createBuffer({ size, usage: STORAGE | COPY_SRC | COPY_DST, mappedAtCreation: true });
  new Uint8Array(buffer.getMappedRange()).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  buffer.unmap();
  return ort.Tensor.fromGpuBuffer(buffer, { dataType: dtype, dims: shape, dispose: () => buffer.destroy() });
}

function atStage(stage: ErrorStage | undefined): { stage?: ErrorStage } {
  return stage === undefined ? {} : { stage };
}
