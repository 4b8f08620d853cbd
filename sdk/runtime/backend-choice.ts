import { isNode } from "../base/node-modules.js";
import type { BackendName, BackendReport } from "../protocol/backend.js";

/** What the place offers. Given by hand in tests. */
export type Surroundings = {
  readonly node: boolean;
  /** The browser's WebGPU, where it has one. */
  readonly gpu?: Pick<GPU, "requestAdapter"> | undefined;
};

/**
 * Makes a backend out of what was asked for. `auto` is the CPU in Node; in a browser it is WebGPU, or WASM with the reason
 * where there is no adapter or only one that a processor imitates (measured: two orders of magnitude slower than WASM).
 * A backend that is asked for by name is taken as it is.
 */
export async function chooseBackend(asked: BackendName, here: Surroundings = lookAround()): Promise<BackendReport> {
  if (asked !== "auto") return { backend: asked };
  if (here.node) return { backend: "cpu" };
  const toWasm = (reason: string): BackendReport => ({ backend: "wasm", downgrade: { from: "webgpu", reason } });
  if (here.gpu === undefined) return toWasm("this browser has no WebGPU");
  const adapter = await here.gpu.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
  if (adapter === null) return toWasm("WebGPU found no adapter");
  if (isImitated(adapter)) return toWasm("the only WebGPU adapter runs on the processor");
  return { backend: "webgpu" };
}

function lookAround(): Surroundings {
  return { node: isNode(), gpu: (globalThis.navigator as Navigator | undefined)?.gpu };
}

/** SwiftShader and llvmpipe tell their names; newer browsers also have the flag. */
function isImitated(adapter: GPUAdapter): boolean {
  const { info } = adapter;
  const flagged = (info as { isFallbackAdapter?: boolean } | undefined)?.isFallbackAdapter === true;
  return (
    flagged ||
    /swiftshader|llvmpipe|software|basic render/i.test(`${info?.vendor} ${info?.architecture} ${info?.description}`)
  );
}
