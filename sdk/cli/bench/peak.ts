import type { BackendName } from "../../protocol/backend.js";
import { float32Tensor, type Tensor } from "../../protocol/tensor.js";
import { openRuntime } from "../../runtime/open-runtime.js";
import type { GraphSource, Runtime } from "../../runtime/session.js";

/** ONNX graphs of one node (opset 17): y = a b, and a convolution 3 x 3 with a border of 1. */
const MATRIX_PRODUCT =
  "CAgSADpeChEKAWEKAWISAXkiBk1hdE11bBIEcGVha1oVCgFhEhAKDggBEgoKAxIBbQoDEgFrWhUKAWISEAoOCAESCgoDEgFrCgMSAW5iFQoBeRIQCg4IARIKCgMSAW0KAxIBbkIECgAQEQ==";
const CONVOLUTION =
  "CAgSADqiAQo5CgF4CgF3EgF5IgRDb252KhUKDGtlcm5lbF9zaGFwZUADQAOgAQcqEQoEcGFkc0ABQAFAAUABoAEHEgRwZWFrWh8KAXgSGgoYCAESFAoDEgFOCgMSAWMKAxIBaAoDEgF2Wh0KAXcSGAoWCAESEgoDEgFvCgMSAWMKAggDCgIIA2IfCgF5EhoKGAgBEhQKAxIBTgoDEgFvCgMSAWgKAxIBdkIECgAQEQ==";

/** Edge of the matrices, and the sizes of the convolution: large enough to keep every core at work. */
const EDGE = 768;
const [CHANNELS, SIDE] = [64, 96];
/** Time for each of the two, in ms, after the first runs. */
const MEASURE_MS = 1_500;
const WARM_RUNS = 3;

/** The most that this machine was seen to do with the backend, in GFLOP/s (multiplications and additions of float32). */
export type Peak = { readonly matrixProduct: number; readonly convolution: number };

/** Measures the peak: the fastest run of each graph counts, because the others were disturbed. */
export async function measurePeak(backend: BackendName): Promise<Peak> {
  const runtime = await openRuntime({ backend });
  try {
    const product = await fastest(runtime, MATRIX_PRODUCT, "matrix product", {
      a: filled([EDGE, EDGE]),
      b: filled([EDGE, EDGE]),
    });
    const convolution = await fastest(runtime, CONVOLUTION, "convolution", {
      x: filled([1, CHANNELS, SIDE, SIDE]),
      w: filled([CHANNELS, CHANNELS, 3, 3]),
    });
    return {
      matrixProduct: (2e-6 * EDGE ** 3) / product, // 2 m n k operations
      convolution: (2e-6 * CHANNELS ** 2 * 9 * SIDE ** 2) / convolution, // 2 c o k^2 h w operations
    };
  } finally {
    await runtime.dispose();
  }
}

/** Milliseconds of the fastest run. */
async function fastest(
  runtime: Runtime,
  base64: string,
  name: string,
  inputs: Record<string, Tensor>,
): Promise<number> {
  const dynamic = Object.entries(inputs).map(([key, { shape }]) => [key, { dtype: "float32" as const, shape }]);
  const rank = Object.values(inputs)[0]!.shape.length;
  const source: GraphSource = {
    name,
    file: `(${name})`,
    bytes: Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)),
    inputs: Object.fromEntries(dynamic),
    outputs: { y: { dtype: "float32", shape: new Array(rank).fill("N") } },
  };
  const session = await runtime.createSession(source);
  let bestMs = Number.POSITIVE_INFINITY;
  const endMs = performance.now() + MEASURE_MS;
  for (let run = 0; run < WARM_RUNS || performance.now() < endMs; run++) {
    const startMs = performance.now();
    await session.run(inputs);
    if (run >= WARM_RUNS) bestMs = Math.min(bestMs, performance.now() - startMs);
    if (run > 500) break;
  }
  await session.dispose();
  return bestMs;
}

function filled(shape: readonly number[]): Tensor {
  const length = shape.reduce((product, size) => product * size, 1);
  return float32Tensor(
    shape,
    Float32Array.from({ length }, (_, i) => Math.sin(i) / 30),
  );
}
