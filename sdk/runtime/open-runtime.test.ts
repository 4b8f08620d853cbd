import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { float32Tensor, type TensorSpecs } from "../protocol/tensor.js";
import { GraphStates } from "./graph-states.js";
import { openRuntime } from "./open-runtime.js";
import type { GraphSource, Runtime } from "./session.js";

const manifest = JSON.parse(readFileSync(new URL("../../fixtures/tiny-pack/manifest.json", import.meta.url), "utf8"));

function stage(name: string, change: { inputs?: TensorSpecs; outputs?: TensorSpecs } = {}): GraphSource {
  const { file, inputs, outputs } = manifest.behaviour[name];
  const bytes = readFileSync(new URL(`../../fixtures/tiny-pack/${file}`, import.meta.url));
  return { name, file, bytes, inputs, outputs, ...change };
}

const zeros = (...shape: number[]) => float32Tensor(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
const filled = (value: number, ...shape: number[]) => float32Tensor(shape, zeros(...shape).data.fill(value));

describe.each(["cpu", "wasm"] as const)("a runtime on %s", (backend) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openRuntime({ backend, assets: { threads: 1 } });
  });
  afterAll(() => runtime.dispose());

  it("runs a graph and carries its state", async () => {
    expect(runtime.backend).toBe(backend);
    const lpe = await runtime.createSession(stage("lpe"));
    const states = new GraphStates(manifest.behaviour.lpe.states, lpe.inputs);
    const block = { audio: filled(1, 1, 4, 8, 128), visual: zeros(1, 4, 8, 128), lpe: filled(1, 1, 1) };
    const seen: number[] = [];
    for (let i = 0; i < 3; i++) {
      const outputs = await lpe.run({ ...block, ...states.feeds });
      states.take(outputs);
      seen.push(outputs.perception!.data[0]!);
    }
    expect(seen).toEqual([1, 1.5, 1.75]);
  });

  it("names the input that is absent, unknown or of another shape", async () => {
    const session = await runtime.createSession(stage("visual-encoder"));
    const face = zeros(1, 4, 58);
    await expect(session.run({ face })).rejects.toThrow(new TypeError("visual-encoder: inputs.presence must be given"));
    await expect(session.run({ face, presence: zeros(1, 4, 1), x: face })).rejects.toThrow("inputs.x is not an input");
    await expect(session.run({ face, presence: zeros(1, 1) })).rejects.toThrow(
      "must be float32 [N,4,1], not float32 [1,1]",
    );
    await expect(session.run({ face, presence: zeros(2, 4, 1) })).rejects.toThrow(TypeError);
  });

  it("reports NaN in an output by its place", async () => {
    const session = await runtime.createSession(stage("blendshape-head"));
    const tokens = zeros(1, 4, 12, 32);
    tokens.data[53] = Number.NaN;
    await expect(session.run({ tokens })).rejects.toMatchObject({
      code: "graph-output-not-finite",
      message: "the graph blendshape-head gave NaN in pose at element 1",
    });
  });

  it("refuses a graph whose names, types or shapes differ from the manifest", async () => {
    const spec = { dtype: "float32", shape: ["N", 4, 12, 32] } as const;
    const mismatch = (change: Parameters<typeof stage>[1]) => runtime.createSession(stage("blendshape-head", change));
    const refused = (reason: string) => ({ code: "pack-graph-mismatch", message: expect.stringContaining(reason) });
    await expect(mismatch({ inputs: { latents: spec } })).rejects.toMatchObject(refused('has no input "latents"'));
    await expect(mismatch({ outputs: { pose: { dtype: "float32", shape: ["N", 4, 6] } } })).rejects.toMatchObject(
      refused('does not name its output "blendshapes"'),
    );
    const narrow = { tokens: { dtype: "float32", shape: ["N", 4, 12, 16] } } as const;
    await expect(mismatch({ inputs: narrow })).rejects.toMatchObject(refused("[N,4,12,32], the manifest says float32"));
    const whole = { tokens: { ...spec, dtype: "int32" } } as const;
    await expect(mismatch({ inputs: whole })).rejects.toMatchObject(refused("manifest says int32"));
  });

  it("refuses a file that is no graph", async () => {
    const source = { ...stage("lpe"), bytes: new Uint8Array([1, 2, 3]) };
    await expect(runtime.createSession(source)).rejects.toMatchObject({ code: "graph-load-failed", stage: "runtime" });
  });

  it("refuses a run after dispose, and ends twice without complaint", async () => {
    const session = await runtime.createSession(stage("blendshape-head"));
    const last = session.run({ tokens: zeros(1, 4, 12, 32) });
    await session.dispose();
    await session.dispose();
    await expect(last).resolves.toHaveProperty("pose");
    await expect(session.run({ tokens: zeros(1, 4, 12, 32) })).rejects.toMatchObject({ code: "disposed" });
  });
});

it("says why a backend that was asked for by name cannot run", async () => {
  // This machine may have CUDA, but never the libraries: the install leaves them out.
  await expect(openRuntime({ backend: "cuda" })).rejects.toMatchObject({
    code: "backend-unavailable",
    message: expect.stringContaining("backend cuda cannot run here"),
  });
});

it("takes the CPU for auto in Node, without a downgrade", async () => {
  const runtime = await openRuntime();
  expect([runtime.backend, runtime.downgrade]).toEqual(["cpu", undefined]);
  await runtime.dispose();
  await expect(runtime.createSession(stage("lpe"))).rejects.toMatchObject({ code: "disposed" });
});
