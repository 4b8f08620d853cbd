import { describe, expect, it } from "vitest";
import {
  checkBoolean,
  checkKeys,
  checkNumber,
  checkOneOf,
  checkSamples,
  checkText,
  describe as describeValue,
} from "./option-checks.js";

describe("option checks", () => {
  it("refuse unknown keys by their dotted path", () => {
    expect(() => checkKeys({ pack: 1, pak: 2 }, "options", ["pack"])).toThrow(
      new TypeError("options.pak is not an option; known are pack"),
    );
    expect(() => checkKeys([], "options", [])).toThrow("options must be an object, not an array");
    expect(() => checkKeys(null, "options", [])).toThrow(TypeError);
    expect(() => checkKeys({ pack: 1 }, "options", ["pack"])).not.toThrow();
  });

  it("refuse numbers out of range, NaN and infinity", () => {
    expect(() => checkNumber(1.2, "options.expressivity", { min: 0, max: 1 })).toThrow(
      new TypeError("options.expressivity must be a finite number from 0 to 1, not 1.2"),
    );
    for (const bad of [Number.NaN, Infinity, "1", null]) expect(() => checkNumber(bad, "n")).toThrow(TypeError);
    expect(() => checkNumber(1.5, "options.seed", { integer: true, min: 0 })).toThrow("a whole number of at least 0");
    expect(() => checkNumber(1, "n", { min: 1, max: 1 })).not.toThrow();
  });

  it("refuse other choices, texts and switches", () => {
    expect(() => checkOneOf("gpu", "options.backend", ["auto", "cpu"])).toThrow(
      'options.backend must be one of auto, cpu, not "gpu"',
    );
    expect(() => checkText("", "options.avatar")).toThrow('options.avatar must be a text, not ""');
    expect(() => checkBoolean(1, "options.switches.lpe")).toThrow("options.switches.lpe must be true or false, not 1");
  });

  it("name the first sample that is not finite", () => {
    expect(() => checkSamples(new Float32Array([0, Number.NaN]), "audio.pcm")).toThrow(
      "audio.pcm[1] must be finite, not NaN",
    );
    expect(() => checkSamples(new Float32Array(3), "face", 4)).toThrow("face must have 4 elements, not 3");
    expect(() => checkSamples([0], "audio.pcm")).toThrow("audio.pcm must be a Float32Array, not an array");
  });

  it("never print large values", () => {
    expect(describeValue("x".repeat(1000)).length).toBeLessThan(50);
    expect(describeValue(new Float32Array(9))).toBe("an object (Float32Array)");
  });
});
