/** Numbers with a shape, row-major. `data.length` is the product of `shape`. */
export type Tensor =
  | { readonly dtype: "float32"; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: "int32"; readonly shape: readonly number[]; readonly data: Int32Array };

/** A dimension: a number, or "N" (sessions in the batch) or "F" (frames in the run). */
export type Dimension = number | "N" | "F";

/** What a graph's input or output must be. */
export type TensorSpec = {
  readonly dtype: "float32" | "float16" | "int32";
  readonly shape: readonly Dimension[];
};

/** Name -> what it must be. */
export type TensorSpecs = Readonly<Record<string, TensorSpec>>;

/** A tensor of float32. @throws TypeError when the shape does not hold as many elements as the data */
export function float32Tensor(shape: readonly number[], data: Float32Array): Tensor & { dtype: "float32" } {
  checkSize(shape, data.length);
  return { dtype: "float32", shape, data };
}

/** A tensor of int32. @throws TypeError when the shape does not hold as many elements as the data */
export function int32Tensor(shape: readonly number[], data: Int32Array): Tensor & { dtype: "int32" } {
  checkSize(shape, data.length);
  return { dtype: "int32", shape, data };
}

/** The product of the dimensions. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Numbers in the place of "N" and "F". */
export function concreteShape(
  shape: readonly Dimension[],
  sizes: { readonly N?: number; readonly F?: number },
): number[] {
  return shape.map((size) => {
    const known = typeof size === "number" ? size : sizes[size];
    if (known === undefined) throw new TypeError(`the size of "${size}" must be given`);
    return known;
  });
}

/** The float32 data of a named tensor. @throws TypeError when it is absent or of another kind */
export function float32Data(tensors: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  const tensor = tensors[name];
  if (tensor?.dtype !== "float32") throw new TypeError(`${name} must be a float32 tensor, not ${tensor?.dtype}`);
  return tensor.data;
}

function checkSize(shape: readonly number[], length: number): void {
  if (elementCount(shape) !== length) {
    throw new TypeError(`data must have ${elementCount(shape)} elements for the shape [${shape}], not ${length}`);
  }
}
