import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { loadPack } from "../sdk/pack/load-pack.js";
import type { Pack } from "../sdk/pack/pack.js";
import { parseSafetensors } from "../sdk/pack/safetensors.js";
import type { GoldenEntry } from "../sdk/pack/types.js";
import type { Tensor } from "../sdk/protocol/tensor.js";
import type { StageSession } from "../sdk/runtime/session.js";

const ROOT = new URL("../", import.meta.url);

/** More packs to test, folders from the root of the checkout, with commas between them. */
const MORE = (process.env.ECHO_HEAD_TEST_PACKS ?? "").split(",").filter((path) => path !== "");

/** The packs whose golden tensors the tests replay: the tiny one always, the trained one where it is, and those asked for. */
export const PACKS = ["fixtures/tiny-pack", "models/echo-nano", ...MORE].filter((path) =>
  existsSync(fileURLToPath(new URL(`${path}/manifest.json`, ROOT))),
);

/** Opens a pack of {@link PACKS}. */
export function openPack(path: string): Promise<Pack> {
  return loadPack(fileURLToPath(new URL(path, ROOT)));
}

/** One recorded run. */
export type Golden = {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly tolerance: number;
};

/** The recorded run of a stage or a decoder. */
export async function readGolden(pack: Pack, entry: GoldenEntry): Promise<Golden> {
  const tensors = parseSafetensors(await pack.read(entry), entry.file);
  const side = (prefix: string) =>
    Object.fromEntries(
      Object.entries(tensors)
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
    );
  return { inputs: side("in."), outputs: side("out."), tolerance: entry.tolerance };
}

/** Float data of a golden tensor. */
export function floats(tensor: Tensor | undefined): Float32Array {
  if (tensor?.dtype !== "float32") throw new TypeError("the golden file lacks a float32 tensor");
  return tensor.data;
}

/** Expects every element within the tolerance. */
export function expectClose(got: ArrayLike<number>, want: Tensor | undefined, tolerance: number, name: string): void {
  if (want === undefined) throw new TypeError(`the golden file lacks ${name}`);
  expect(got.length, name).toBe(want.data.length);
  let worst = 0;
  for (let i = 0; i < got.length; i++) worst = Math.max(worst, Math.abs(got[i]! - want.data[i]!));
  expect(worst, name).toBeLessThanOrEqual(tolerance);
}

/**
 * A session that puts recorded tensors in the place of the named inputs of its first run (states, noise), checks that all the others
 * are as recorded, and keeps what the run gave.
 */
export class ReplayedSession implements StageSession {
  readonly name: string;
  readonly inputs: StageSession["inputs"];
  readonly outputs: StageSession["outputs"];
  /** What the first run gave. */
  first: Record<string, Tensor> | undefined;
  readonly #session: StageSession;
  readonly #golden: Golden;
  readonly #replaced: ReadonlySet<string>;

  constructor(session: StageSession, golden: Golden, replaced: readonly string[]) {
    this.name = session.name;
    this.inputs = session.inputs;
    this.outputs = session.outputs;
    this.#session = session;
    this.#golden = golden;
    this.#replaced = new Set(replaced);
  }

  async run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    if (this.first !== undefined) return this.#session.run(inputs);
    const feeds: Record<string, Tensor> = {};
    for (const [name, tensor] of Object.entries(inputs)) {
      const recorded = this.#golden.inputs[name];
      if (recorded === undefined) throw new TypeError(`the golden file lacks the input ${name}`);
      if (!this.#replaced.has(name)) expect(tensor, `${this.name}.${name}`).toEqual(recorded);
      feeds[name] = recorded;
    }
    this.first = await this.#session.run(feeds);
    return this.first;
  }

  async dispose(): Promise<void> {}
}
