import { transferHandlers } from "comlink";
import { EchoError, type ErrorEnvelope, reasonOf } from "../base/errors.js";

type WireError =
  | { readonly kind: "echo"; readonly envelope: ErrorEnvelope }
  | { readonly kind: "caller"; readonly message: string }
  | { readonly kind: "other"; readonly name: string; readonly message: string; readonly stack: string | undefined };

/**
 * Makes errors cross threads whole: an EchoError keeps its code, a TypeError stays a TypeError, an abort stays an abort, anything
 * else becomes an EchoError "worker-call-failed". Comlink by itself keeps only the message. Both ends call this once.
 */
export function installThrownErrors(): void {
  const original = transferHandlers.get("throw");
  if (original === undefined) throw new Error("comlink has no handler for thrown values; its version changed");
  transferHandlers.set("throw", {
    canHandle: original.canHandle,
    serialize: (thrown) => [toWire((thrown as { value: unknown }).value), []],
    deserialize: (wire) => {
      throw fromWire(wire as WireError);
    },
  });
}

function toWire(error: unknown): WireError {
  if (EchoError.is(error)) return { kind: "echo", envelope: error.toEnvelope() };
  if (error instanceof TypeError) return { kind: "caller", message: error.message };
  const { name = "a thrown value", stack } = error instanceof Error ? error : {};
  return { kind: "other", name, message: reasonOf(error), stack };
}

function fromWire(wire: WireError): Error {
  if (wire.kind === "echo") return EchoError.fromEnvelope(wire.envelope);
  if (wire.kind === "caller") return new TypeError(wire.message);
  if (wire.name === "AbortError") return new DOMException(wire.message, "AbortError");
  const cause = Object.assign(new Error(wire.message), { name: wire.name, stack: wire.stack });
  return new EchoError("worker-call-failed", { name: wire.name, reason: wire.message, cause });
}
