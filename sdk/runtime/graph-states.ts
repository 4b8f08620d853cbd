import { concreteShape, elementCount, float32Tensor, type Tensor, type TensorSpecs } from "../protocol/tensor.js";

/** Which output becomes which input of the next run. */
export type StateSpec = { readonly input: string; readonly output: string; readonly initial: "zeros" };

/** The states of one stage, carried from block to block. Reading them does not change them; `take` does. */
export class GraphStates {
  readonly #specs: readonly StateSpec[];
  readonly #inputs: TensorSpecs;
  readonly #batch: number;
  #values: Record<string, Tensor> = {};

  /** @param inputs the stage's inputs, for the shapes; @param batch sessions in one run ("N"). @default 1 */
  constructor(specs: readonly StateSpec[], inputs: TensorSpecs, batch = 1) {
    this.#specs = specs;
    this.#inputs = inputs;
    this.#batch = batch;
    this.reset();
  }

  /** The state inputs of the next run. */
  get feeds(): Readonly<Record<string, Tensor>> {
    return this.#values;
  }

  /** The outputs that {@link GraphStates.take} needs. */
  get outputNames(): string[] {
    return this.#specs.map(({ output }) => output);
  }

  /** Keeps the state outputs of a run for the next one; gives back those that it had. */
  take(outputs: Readonly<Record<string, Tensor>>): Readonly<Record<string, Tensor>> {
    const before = this.#values;
    const next: Record<string, Tensor> = {};
    for (const { input, output } of this.#specs) {
      const value = outputs[output];
      if (value === undefined) throw new TypeError(`outputs.${output} must be there: it is the next ${input}`);
      next[input] = value;
    }
    this.#values = next;
    return before;
  }

  /** Sets one state by hand, as when an encoder is primed. */
  set(input: string, value: Tensor): void {
    if (!(input in this.#values)) throw new TypeError(`${input} is not a state of this graph`);
    this.#values = { ...this.#values, [input]: value };
  }

  /** Every state back to zeros. */
  reset(): void {
    this.#values = {};
    for (const { input } of this.#specs) {
      const spec = this.#inputs[input];
      if (spec?.dtype !== "float32") throw new TypeError(`the state ${input} must be a float32 input of its graph`);
      const shape = concreteShape(spec.shape, { N: this.#batch });
      this.#values[input] = float32Tensor(shape, new Float32Array(elementCount(shape)));
    }
  }
}
