import type * as Ort from "onnxruntime-web";
import { EchoError, reasonOf } from "../base/errors.js";
import { isNode } from "../base/node-modules.js";
import type { AssetOptions, ChosenBackend } from "../protocol/backend.js";

/** The part of the onnxruntime packages that all of them share. */
export type OrtModule = Pick<typeof Ort, "InferenceSession" | "Tensor" | "env">;

/**
 * Loads the onnxruntime package that serves a backend: onnxruntime-node for cpu and cuda, and for webgpu in Node;
 * onnxruntime-web/wasm or /webgpu in a browser. Their WASM files are found by the bundler beside the package, or in
 * `assets.ortWasmUrl`.
 * @throws EchoError "backend-unavailable" when the package is not installed or does not serve the place
 */
export async function loadOrt(backend: ChosenBackend, assets: AssetOptions = {}): Promise<OrtModule> {
  const node = isNode();
  if (!node && (backend === "cpu" || backend === "cuda" || backend === "tensorrt")) {
    throw new EchoError("backend-unavailable", { backend, reason: "a browser has wasm and webgpu only" });
  }
  let ort: OrtModule;
  try {
    if (node) ort = await importByName(backend === "wasm" ? "onnxruntime-web" : "onnxruntime-node");
    else if (backend === "webgpu") ort = await import("onnxruntime-web/webgpu");
    else ort = await import("onnxruntime-web/wasm");
  } catch (error) {
    throw new EchoError("backend-unavailable", { backend, reason: reasonOf(error), cause: error });
  }
  ort.env.logLevel = "error";
  if (backend === "wasm" || (backend === "webgpu" && !node)) {
    if (assets.ortWasmUrl !== undefined) ort.env.wasm.wasmPaths = withSlash(assets.ortWasmUrl);
    // Node: one thread, because onnxruntime-web's threads keep a process from ending. WebGPU: the CPU part only hands out work.
    if (backend === "webgpu" || node) ort.env.wasm.numThreads = 1;
    else if (assets.threads !== undefined) ort.env.wasm.numThreads = assets.threads;
  }
  return ort;
}

/** The name is a variable, so that a bundler for browsers does not look for a package that only Node has. */
async function importByName(name: string): Promise<OrtModule> {
  const module = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as OrtModule & {
    default?: OrtModule;
  };
  return module.default ?? module;
}

function withSlash(url: string): string {
  return url.endsWith("/") ? url : `${url}/`;
}
