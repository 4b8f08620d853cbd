import type { AbstractEngine } from "@babylonjs/core/Engines/abstractEngine.js";
import type { WebGPUEngine } from "@babylonjs/core/Engines/webgpuEngine.js";

/** How long a lost device may take to come back, in ms. */
const RESTORE_MS = 10_000;

/**
 * The engine's GPU device, for `EchoAgent.create({ backend: lendDevice(engine) })`: the head is then painted on it, and
 * `EchoHeadTexture` takes its pictures without a copy through memory. After a loss it gives the device that Babylon makes anew.
 */
export function lendDevice(engine: WebGPUEngine): { device: () => Promise<GPUDevice> } {
  return {
    device: async () => {
      const device = deviceOf(engine);
      if (device === undefined) throw new TypeError("engine must be a WebGPUEngine after initAsync()");
      const soon = new Promise<false>((resolve) => setTimeout(() => resolve(false)));
      const lost = await Promise.race([device.lost.then(() => true), soon]);
      if (lost && deviceOf(engine) === device) await restored(engine);
      return deviceOf(engine)!;
    },
  };
}

/** The GPU device of an engine that has one. */
export function deviceOf(engine: AbstractEngine): GPUDevice | undefined {
  return (engine as unknown as { _device?: GPUDevice })._device; // NOTICE: Babylon 9 has no public name for it
}

/** Waits until Babylon has made another device, or cannot. */
function restored(engine: WebGPUEngine): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(late);
      observer.remove();
      resolve();
    };
    const late = setTimeout(done, RESTORE_MS);
    const observer = engine.onContextRestoredObservable.add(done);
  });
}
