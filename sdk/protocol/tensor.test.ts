import { expect, it } from "vitest";
import { concreteShape, float32Data, float32Tensor, int32Tensor } from "./tensor.js";

it("refuses data that does not fill the shape", () => {
  expect(float32Tensor([2, 3], new Float32Array(6)).dtype).toBe("float32");
  expect(() => float32Tensor([2, 3], new Float32Array(5))).toThrow("6 elements for the shape [2,3], not 5");
  expect(() => int32Tensor([1], new Int32Array(0))).toThrow(TypeError);
});

it("puts numbers in the place of N and F", () => {
  expect(concreteShape(["N", 4, "F"], { N: 1, F: 8 })).toEqual([1, 4, 8]);
  expect(() => concreteShape(["F"], { N: 1 })).toThrow('the size of "F" must be given');
});

it("reads float32 data by name", () => {
  const tensors = { x: float32Tensor([1], new Float32Array([3])), ids: int32Tensor([1], new Int32Array(1)) };
  expect(float32Data(tensors, "x")[0]).toBe(3);
  expect(() => float32Data(tensors, "ids")).toThrow("ids must be a float32 tensor, not int32");
  expect(() => float32Data(tensors, "y")).toThrow(TypeError);
});
