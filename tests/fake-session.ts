import type { Tensor, TensorSpecs } from "../sdk/protocol/tensor.js";
import type { StageSession } from "../sdk/runtime/session.js";

/** The arithmetic of a fake graph. */
export type FakeGraph = (inputs: Readonly<Record<string, Tensor>>) => Record<string, Tensor>;

/** A session made of a function, which records what it was fed. */
export class FakeSession implements StageSession {
  readonly name: string;
  readonly inputs: TensorSpecs;
  readonly outputs: TensorSpecs = {};
  /** The inputs of each run so far. */
  readonly runs: Readonly<Record<string, Tensor>>[] = [];
  disposed = false;
  readonly #graph: FakeGraph;

  constructor(name: string, inputs: Readonly<Record<string, readonly (number | "N" | "F")[]>>, graph: FakeGraph) {
    this.name = name;
    this.inputs = Object.fromEntries(Object.entries(inputs).map(([key, shape]) => [key, { dtype: "float32", shape }]));
    this.#graph = graph;
  }

  async run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    for (const name of Object.keys(this.inputs))
      if (!(name in inputs)) throw new TypeError(`${this.name} lacks ${name}`);
    for (const name of Object.keys(inputs))
      if (!(name in this.inputs)) throw new TypeError(`${this.name} knows no ${name}`);
    // A copy, because the sampler works in place.
    this.runs.push(
      Object.fromEntries(Object.entries(inputs).map(([key, t]) => [key, { ...t, data: t.data.slice() } as Tensor])),
    );
    return this.#graph(inputs);
  }

  async dispose(): Promise<void> {
    this.disposed = true;
  }
}
