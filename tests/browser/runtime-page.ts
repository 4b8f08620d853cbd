import { GeneratorService } from "../../sdk/agent/services/generator-service.js";
import { LcuService } from "../../sdk/agent/services/lcu-service.js";
import { createStageHost } from "../../sdk/agent/services/stage-host.js";
import { EchoError } from "../../sdk/base/errors.js";
import { loadPack } from "../../sdk/pack/load-pack.js";
import { verifyPack } from "../../sdk/pack/verify-pack.js";
import { bytesOf } from "../../sdk/protocol/picture.js";
import { openRuntime } from "../../sdk/runtime/open-runtime.js";

const assets = { ortWasmUrl: new URL("/ort/", location.href).href };

/** A voice for tests. */
const voice = (block: number): Float32Array =>
  Float32Array.from({ length: 2_560 }, (_, n) => 0.4 * Math.sin((n + 2_560 * block) * 0.03));

/** What runtime.test.ts calls in the browser. */
const calls = {
  verify: async (backend: "wasm" | "webgpu", pack = "/pack/") => verifyPack(pack, { backend, assets }),
  auto: async () => {
    const runtime = await openRuntime({ assets });
    await runtime.dispose();
    return { backend: runtime.backend, downgrade: runtime.downgrade };
  },
  refuse: async () => {
    const attempt = openRuntime({ backend: "cpu", assets });
    return attempt.then(
      () => "no error",
      (error: unknown) => (EchoError.is(error) ? error.toEnvelope() : String(error)),
    );
  },
  /** Ten blocks of a talk by both services, with an interruption: states that are carried on, gone back to and dropped. */
  talk: async (backend: "wasm" | "webgpu") => {
    const source = { url: new URL("/pack/", location.href).href };
    const pack = await loadPack("/pack/");
    const lcu = new LcuService(createStageHost());
    const generator = new GeneratorService(createStageHost());
    await lcu.load({ pack: source, backend, assets });
    await generator.load({ pack: source, avatar: pack.manifest.defaultAvatar, backend, seed: 1, assets });
    const emotion = await lcu.setAffect("warm, happy");
    const values: number[] = [];
    const pixels: number[] = [];
    for (let block = 0; block < 10; block++) {
      if (block === 6) await generator.rewind({ blocks: 2, pcm: new Float32Array(2_560) });
      const face = new Float32Array(4 * 58).fill(0.2);
      const presence = new Float32Array(4).fill(1);
      const { fPu } = await lcu.step({ pcm: voice(block), face, presence, lpe: true, hbcu: true });
      const conditions = { fPu, emotion: emotion.slice(), sdcm: true, lau: true, expressivity: 1 };
      const output = await generator.step({ ...conditions, pcm: voice(block + 3) });
      values.push(...output.blendshapes, ...output.pose);
      pixels.push(...output.rgba.flatMap((picture) => [...bytesOf(picture).subarray(0, 400)]));
    }
    await generator.reset();
    await lcu.dispose();
    await generator.dispose();
    return { values, pixels };
  },

  /** Loses the GPU between two runs, or when the second one has given what is not finite. */
  loseDevice: async (when: "between" | "within") => {
    const runtime = await openRuntime({ backend: "webgpu", assets });
    const pack = await loadPack("/pack/");
    const phi = await runtime.createSession(await pack.readStage("phi"));
    const [, entries, width] = phi.inputs.history!.shape as [string, number, number];
    const run = (value: number) =>
      phi.run({
        history: { dtype: "float32", shape: [1, entries, width], data: new Float32Array(entries * width).fill(value) },
        mask: { dtype: "float32", shape: [1, entries], data: new Float32Array(entries).fill(1) },
      });
    await run(0);
    const ort = await import("onnxruntime-web/webgpu");
    const device = (await ort.env.webgpu.device) as GPUDevice;
    if (when === "between") device.destroy();
    else {
      const { unmap } = GPUBuffer.prototype;
      GPUBuffer.prototype.unmap = function () {
        unmap.call(this);
        if (this.usage & GPUBufferUsage.MAP_READ) device.destroy(); // the output has been read
      };
    }
    return run(when === "between" ? 0 : Number.NaN).then(
      () => "no error",
      (error: unknown) => (EchoError.is(error) ? error.toEnvelope() : String(error)),
    );
  },

  readTwice: async () => {
    const pack = await loadPack("/pack/");
    for (let i = 0; i < 2; i++) await pack.readStage("phi");
    return performance.getEntriesByType("resource").filter(({ name }) => name.endsWith("/behaviour/phi.onnx")).length;
  },
};

declare global {
  interface Window {
    runtimeCalls: typeof calls;
  }
}
window.runtimeCalls = calls;
