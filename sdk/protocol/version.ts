/** Raised whenever a message that crosses a thread or a socket changes its shape. */
export const PROTOCOL_VERSION = 1;

export type { ErrorEnvelope } from "../base/errors.js";
