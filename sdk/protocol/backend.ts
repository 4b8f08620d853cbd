/** Where graphs run. `auto`: the CPU in Node; in a browser WebGPU where there is an adapter, else WASM. */
export type BackendName = "auto" | "cpu" | "wasm" | "webgpu" | "cuda" | "tensorrt";

/**
 * A WebGPU device of the engine that draws the head: pictures stay on it, and frames have a `texture`. The generator then runs in the
 * engine's thread, because a device cannot leave it. The device is borrowed; a function is asked again when the device was lost.
 */
export type LentDevice = { readonly device: GPUDevice | (() => GPUDevice | Promise<GPUDevice>) };

/** A backend that was chosen: every name but `auto`. */
export type ChosenBackend = Exclude<BackendName, "auto">;

/** Render servers (docs/remote.md) in the place of a backend: camera and microphone stay here. */
export type RemoteBackend = {
  /** Address of a server, or several of which any will do: "http://127.0.0.1:8787". */
  readonly remote: string | readonly string[];
  /** What the server's owner gave out; a function is asked for each session, and may give a fresh one. @default none */
  readonly token?: string | (() => string | Promise<string>) | undefined;
};

/** What `auto` (or a request that could not be met) came to, and why. */
export type BackendReport = {
  readonly backend: ChosenBackend;
  /** Set when a better backend was looked for and not found; the agent tells it as a "downgraded" event. */
  readonly downgrade?: { readonly from: ChosenBackend; readonly reason: string } | undefined;
};

/** Addresses of files that a bundler may have moved. */
export type AssetOptions = {
  /** Folder that holds lcu.worker.js, generator.worker.js, painter.worker.js and tracker.worker.js. @default beside the module that starts them */
  readonly workerUrl?: string | undefined;
  /** Folder that holds onnxruntime-web's .wasm and .mjs files. @default where the bundler put them */
  readonly ortWasmUrl?: string | undefined;
  /** Threads of the model on `cpu` and `wasm`: of one graph, and those that paint pictures side by side. @default as many as there are cores */
  readonly threads?: number | undefined;
};

/** Where a pack is, in a form that crosses threads. */
export type PackSource = { readonly folder: string } | { readonly url: string };
