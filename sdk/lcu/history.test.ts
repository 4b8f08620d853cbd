import { describe, expect, it } from "vitest";
import { HistoryRing } from "./history.js";

/** One block of 2 frames with 3 face values and features [2, window 2, width 2]; only the last window place may be read. */
const block = (value: number) => ({
  face: Float32Array.from([value, 0, 0, value + 1, 0, 0]),
  presence: Float32Array.from([1, 0]),
  features: Float32Array.from([99, 99, value, 2, 99, 99, value, 4]),
  window: 2,
});
const ring = () => new HistoryRing({ entries: 3, blocksPerEntry: 2, values: 6 });

describe("HistoryRing", () => {
  it("is empty at first, and right-aligned after", () => {
    const history = ring();
    expect(history.tensors()).toEqual({ history: new Float32Array(18), mask: new Float32Array(3) });
    expect(history.addBlock(block(1))).toBe(false);
    expect(history.addBlock(block(3))).toBe(true);
    const { history: values, mask } = history.tensors();
    expect([...mask]).toEqual([0, 0, 1]);
    expect([...values.subarray(0, 12)]).toEqual(new Array(12).fill(0));
    expect([...values.subarray(12)]).toEqual([2.5, 0, 0, 0.5, 2, 3]); // means over 4 frames
  });

  it("drops the oldest entry beyond its bound", () => {
    const history = ring();
    for (let i = 0; i < 10; i++) history.addBlock(block(i));
    const { history: values, mask } = history.tensors();
    expect([...mask]).toEqual([1, 1, 1]);
    expect([values[4], values[10], values[16]]).toEqual([4.5, 6.5, 8.5]);
    history.reset();
    expect(history.filled).toBe(0);
    expect(history.tensors().history.every((v) => v === 0)).toBe(true);
  });
});
