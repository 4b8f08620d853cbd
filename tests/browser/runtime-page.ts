import { EchoError } from "../../sdk/base/errors.js";
import { loadPack } from "../../sdk/pack/load-pack.js";
import { verifyPack } from "../../sdk/pack/verify-pack.js";
import { openRuntime } from "../../sdk/runtime/open-runtime.js";

const assets = { ortWasmUrl: new URL("/ort/", location.href).href };

/** What runtime.test.ts calls in the browser. */
const calls = {
  verify: async (backend: "wasm" | "webgpu") => verifyPack("/pack/", { backend, assets }),
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
