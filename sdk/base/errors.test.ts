import { describe, expect, it } from "vitest";
import { EchoError, ERROR_TABLE, type ErrorEnvelope, isErrorCode, reasonOf } from "./errors.js";

describe("EchoError", () => {
  it("fills its message from the details and takes stage and recoverable from the table", () => {
    const error = new EchoError("pack-file-missing", { file: "a.onnx", usedBy: "manifest.json" });
    expect(error.message).toBe("the pack lacks a.onnx, which manifest.json names");
    expect(error).toMatchObject({ code: "pack-file-missing", stage: "pack", recoverable: false, name: "EchoError" });
    expect(error).toBeInstanceOf(Error);
  });

  it("asks for the details of its message at compile time", () => {
    // @ts-expect-error the message of this code names a file and a user of it
    expect(new EchoError("pack-file-missing", { file: "a.onnx" }).message).toContain("which ? names");
  });

  it("keeps the cause and lets a stage be told more exactly", () => {
    const cause = new RangeError("deep");
    const error = new EchoError("graph-run-failed", { graph: "lpe", reason: "x", stage: "lcu", cause });
    expect(error.stage).toBe("lcu");
    expect(error.cause).toBe(cause);
  });

  it("is known by its brand, also when another bundle made it", () => {
    const foreign = Object.assign(new Error("x"), { [Symbol.for("echo-head.error")]: true });
    expect(EchoError.is(foreign)).toBe(true);
    expect(EchoError.is(new Error("x"))).toBe(false);
    expect(EchoError.is(null)).toBe(false);
  });

  it("survives JSON and structured clone as an envelope", () => {
    const error = new EchoError("worker-died", { worker: "lcu", reason: "exit 1", cause: new RangeError("heap") });
    for (const copy of [structuredClone(error.toEnvelope()), JSON.parse(JSON.stringify(error.toEnvelope()))]) {
      const back = EchoError.fromEnvelope(copy as ErrorEnvelope);
      expect(EchoError.is(back)).toBe(true);
      expect(back).toBeInstanceOf(EchoError);
      expect(back.toEnvelope()).toEqual(error.toEnvelope());
      expect(back.cause).toMatchObject({ name: "RangeError", message: "heap" });
      expect(back.stack).toContain("exit 1");
    }
  });

  it("refuses an envelope with a code that it does not know", () => {
    const envelope = { code: "no-such", stage: "pack", recoverable: false, message: "m" } as unknown as ErrorEnvelope;
    expect(() => EchoError.fromEnvelope(envelope)).toThrow(TypeError);
    expect(isErrorCode("toString")).toBe(false);
  });

  it("has one kebab-case code a row, each with its own message", () => {
    const rows = Object.entries(ERROR_TABLE);
    for (const [code] of rows) expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(new Set(rows.map(([, row]) => row.message)).size).toBe(rows.length);
  });

  it("reads a reason out of anything thrown", () => {
    expect(reasonOf(new Error("a"))).toBe("a");
    expect(reasonOf("b")).toBe("b");
  });
});
