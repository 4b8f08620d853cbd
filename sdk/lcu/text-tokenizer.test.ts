import { expect, it } from "vitest";
import { TextTokenizer } from "./text-tokenizer.js";

const tokenizer = new TextTokenizer({ vocabulary: ["<pad>", "<unk>", "warm", "and", "happy", "don't"], length: 5 });

it("splits, looks up and pads", () => {
  expect([...tokenizer.encode("Warm, and HAPPY!")]).toEqual([2, 3, 4, 0, 0]);
  expect([...tokenizer.encode("don't — grumpy2happy")]).toEqual([5, 1, 4, 0, 0]);
  expect([...tokenizer.encode("")]).toEqual([0, 0, 0, 0, 0]);
});

it("cuts what is too long", () => {
  expect([...tokenizer.encode("happy ".repeat(50))]).toEqual([4, 4, 4, 4, 4]);
});
