import { describe, expect, it } from "vitest";
import { BlockAssembler } from "./block-assembler.js";

const ramp = (from: number, count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => from + i);

describe("BlockAssembler", () => {
  it("hands samples out in order whatever the chunks", () => {
    const assembler = new BlockAssembler({ blockSamples: 4 });
    assembler.push(ramp(1, 3));
    assembler.push(ramp(4, 6));
    expect([...assembler.take(), ...assembler.take()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    assembler.push(ramp(10, 7));
    expect([...assembler.take(), ...assembler.take()]).toEqual([9, 10, 11, 12, 13, 14, 15, 16]);
    expect(assembler.counters()).toEqual({ pushed: 16, dropped: 0, padded: 0 });
  });

  it("drops the oldest beyond its bound and counts them", () => {
    const assembler = new BlockAssembler({ blockSamples: 4, capacity: 8 });
    assembler.push(ramp(1, 6));
    assembler.push(ramp(7, 6));
    expect(assembler.length).toBe(8);
    assembler.push(ramp(13, 100));
    expect([...assembler.take(), ...assembler.take()]).toEqual([105, 106, 107, 108, 109, 110, 111, 112]);
    expect(assembler.counters().dropped).toBe(104);
  });

  it("puts silence before a short block, and counts it only once there was a source", () => {
    const assembler = new BlockAssembler({ blockSamples: 4 });
    expect([...assembler.take()]).toEqual([0, 0, 0, 0]);
    expect(assembler.counters().padded).toBe(0);
    assembler.push(ramp(1, 1));
    expect([...assembler.take()]).toEqual([0, 0, 0, 1]);
    expect(assembler.counters().padded).toBe(3);
  });
});
