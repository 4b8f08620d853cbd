/** The part of the data path that failed. */
export type ErrorStage =
  | "pack"
  | "runtime"
  | "worker"
  | "capture"
  | "perception"
  | "lcu"
  | "generator"
  | "decoder"
  | "frame"
  | "agent"
  | "remote"
  | "plugin"
  | "command-line";

type ErrorRow = {
  readonly stage: ErrorStage;
  /** true: we are already trying again or going on without it. false: what failed has stopped. */
  readonly recoverable: boolean;
  /** Words in braces are filled from the details given to `new EchoError`. */
  readonly message: string;
};

/** Every failure of the outside world that the package can report. `docs/errors.md` is made from this table. */
export const ERROR_TABLE = {
  "pack-not-found": { stage: "pack", recoverable: false, message: "no model pack at {pack}: {reason}" },
  "pack-manifest-invalid": { stage: "pack", recoverable: false, message: "{file} is not valid at {path}: {rule}" },
  "pack-version-unsupported": {
    stage: "pack",
    recoverable: false,
    message: "{file} has format version {found}; this release reads version {supported}",
  },
  "pack-file-missing": { stage: "pack", recoverable: false, message: "the pack lacks {file}, which {usedBy} names" },
  "pack-file-corrupt": { stage: "pack", recoverable: false, message: "{file} is damaged: {reason}" },
  "pack-graph-mismatch": {
    stage: "pack",
    recoverable: false,
    message: "the graph {file} does not fit the manifest: {reason}",
  },
  "pack-golden-mismatch": {
    stage: "pack",
    recoverable: false,
    message: "{file} does not give its golden result: {tensor} is off by {error}, allowed is {tolerance}",
  },
  "avatar-not-found": {
    stage: "pack",
    recoverable: false,
    message: 'no avatar "{avatar}" in the pack; it has {known}',
  },

  "backend-unavailable": {
    stage: "runtime",
    recoverable: false,
    message: "backend {backend} cannot run here: {reason}",
  },
  "graph-load-failed": { stage: "runtime", recoverable: false, message: "cannot load the graph {graph}: {reason}" },
  "graph-run-failed": { stage: "runtime", recoverable: false, message: "the graph {graph} failed: {reason}" },
  "graph-output-not-finite": {
    stage: "runtime",
    recoverable: false,
    message: "the graph {graph} gave {value} in {tensor} at element {index}",
  },
  "gpu-device-lost": { stage: "runtime", recoverable: true, message: "the GPU device was lost: {reason}" },
  "picture-on-gpu": {
    stage: "frame",
    recoverable: false,
    message: "the picture is on the GPU: use frame.readRgba(), frame.bitmap or frame.texture",
  },

  "worker-start-failed": {
    stage: "worker",
    recoverable: false,
    message: "the {worker} worker did not start: {reason}",
  },
  "worker-died": { stage: "worker", recoverable: true, message: "the {worker} worker stopped: {reason}" },
  "worker-call-timeout": {
    stage: "worker",
    recoverable: true,
    message: "the {worker} worker did not answer {call} within {timeoutMs} ms",
  },
  "worker-restarts-exhausted": {
    stage: "worker",
    recoverable: false,
    message: "the {worker} worker stopped {count} times and is not started again: {reason}",
  },
  "worker-call-failed": { stage: "worker", recoverable: false, message: "{name} in a worker: {reason}" },

  disposed: { stage: "agent", recoverable: false, message: "{what} has been disposed" },
  "agent-failed": { stage: "agent", recoverable: false, message: "the agent stopped: {reason}" },
  "reasoner-failed": {
    stage: "lcu",
    recoverable: true,
    message: "the affect reasoner failed, the last affect stays: {reason}",
  },
  "audio-stream-failed": { stage: "capture", recoverable: true, message: "the stream of speech ended early: {reason}" },
  "camera-unavailable": { stage: "capture", recoverable: false, message: "no camera: {reason}" },
  "input-lost": { stage: "capture", recoverable: true, message: "the {input} gives nothing any more: {reason}" },
  "tracker-failed": { stage: "perception", recoverable: true, message: "the face tracker failed: {reason}" },
  "microphone-unavailable": { stage: "capture", recoverable: false, message: "no microphone: {reason}" },

  "server-cannot-listen": { stage: "remote", recoverable: false, message: "cannot listen on {server}: {reason}" },
  "registry-unreachable": {
    stage: "remote",
    recoverable: false,
    message: "no registry of nodes at {server}: {reason}",
  },
  "server-unreachable": { stage: "remote", recoverable: false, message: "no render server at {server}: {reason}" },
  "connection-lost": {
    stage: "remote",
    recoverable: true,
    message: "the connection to {server} was lost, trying again: {reason}",
  },
  "session-lost": {
    stage: "remote",
    recoverable: true,
    message: "the session on {server} is gone, a new one begins: {reason}",
  },
  "server-draining": {
    stage: "remote",
    recoverable: true,
    message: "{server} shuts down, the session moves to another",
  },
  "server-full": { stage: "remote", recoverable: false, message: "no place on the render servers: {reason}" },
  "protocol-mismatch": {
    stage: "remote",
    recoverable: false,
    message: "the server speaks protocol {server}, this side {client}",
  },
  "pack-differs": {
    stage: "remote",
    recoverable: false,
    message: "the server renders the pack {server}, this side has {client}",
  },
  "token-invalid": { stage: "remote", recoverable: false, message: "the token was refused: {reason}" },
  "token-expired": { stage: "remote", recoverable: false, message: "the token has expired" },
  "token-replayed": { stage: "remote", recoverable: false, message: "the token has been used before" },
  "rate-exceeded": { stage: "remote", recoverable: false, message: "too many {what}: {limit}" },
  "message-invalid": { stage: "remote", recoverable: false, message: "the message {event} is wrong at {path}: {rule}" },
  "message-too-large": {
    stage: "remote",
    recoverable: false,
    message: "a message of {bytes} bytes; at most {limit} are allowed",
  },
  "video-unusable": { stage: "remote", recoverable: false, message: "no video format for both sides: {reason}" },

  "obs-failed": { stage: "plugin", recoverable: false, message: "OBS: {reason}" },
  "voice-service-failed": { stage: "plugin", recoverable: true, message: "{service} failed: {reason}" },

  "judge-failed": { stage: "command-line", recoverable: false, message: "the judge at {url} failed: {reason}" },
  "input-unreadable": { stage: "command-line", recoverable: false, message: "cannot read {file}: {reason}" },
  "input-invalid": { stage: "command-line", recoverable: false, message: "{file}, {place}: {rule}" },
  "output-unwritable": { stage: "command-line", recoverable: false, message: "cannot write {file}: {reason}" },
  "training-unavailable": { stage: "command-line", recoverable: false, message: "training cannot run: {reason}" },
  "training-failed": {
    stage: "command-line",
    recoverable: false,
    message: "training stopped with exit code {code}: {reason}",
  },
  "encode-failed": { stage: "command-line", recoverable: false, message: "cannot encode {file}: {reason}" },
} as const satisfies Record<string, ErrorRow>;

/** A code of {@link ERROR_TABLE}. */
export type ErrorCode = keyof typeof ERROR_TABLE;

type Placeholders<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;

/** What the message of a code needs, plus the cause and, where it is known better than the table, the stage. */
export type ErrorDetails<Code extends ErrorCode> = {
  readonly [Name in Placeholders<(typeof ERROR_TABLE)[Code]["message"]>]: string | number;
} & { readonly cause?: unknown; readonly stage?: ErrorStage };

/** An error as plain data: how it crosses threads and sockets. */
export type ErrorEnvelope = {
  readonly code: ErrorCode;
  readonly stage: ErrorStage;
  readonly recoverable: boolean;
  readonly message: string;
  readonly cause?: { readonly name: string; readonly message: string } | undefined;
};

const BRAND = Symbol.for("echo-head.error");

/**
 * A failure of the world (files, devices, workers, networks); a caller's mistake is a TypeError instead.
 * Test with {@link EchoError.is}, not with instanceof: a worker's bundle has its own copy of this class.
 */
export class EchoError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "EchoError";
  readonly code: Code;
  readonly stage: ErrorStage;
  readonly recoverable: boolean;

  constructor(code: Code, details: ErrorDetails<Code>) {
    const row: ErrorRow = ERROR_TABLE[code];
    const { cause, stage, ...values } = details as Record<string, unknown> & { stage?: ErrorStage };
    super(fillMessage(row.message, values), cause === undefined ? undefined : { cause });
    this.code = code;
    this.stage = stage ?? row.stage;
    this.recoverable = row.recoverable;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** True for an EchoError made by any copy of this package, also one that came from a worker. */
  static is(error: unknown): error is EchoError {
    return typeof error === "object" && error !== null && (error as Record<symbol, unknown>)[BRAND] === true;
  }

  /** Plain data that survives structured clone and JSON. The stack stays behind. */
  toEnvelope(): ErrorEnvelope {
    const cause = this.cause instanceof Error ? { name: this.cause.name, message: this.cause.message } : undefined;
    const { code, stage, recoverable, message } = this;
    return cause === undefined ? { code, stage, recoverable, message } : { code, stage, recoverable, message, cause };
  }

  /** The other end of {@link EchoError.toEnvelope}. @throws TypeError when the code is not in the table */
  static fromEnvelope(envelope: ErrorEnvelope): EchoError {
    if (!isErrorCode(envelope.code)) throw new TypeError(`envelope.code must be a known code, not "${envelope.code}"`);
    let cause: Error | undefined;
    if (envelope.cause !== undefined) {
      cause = new Error(envelope.cause.message);
      cause.name = envelope.cause.name;
    }
    const error = Object.create(EchoError.prototype) as EchoError;
    const own = (value: unknown, enumerable = true) => ({ value, enumerable, writable: true, configurable: true });
    return Object.defineProperties(error, {
      [BRAND]: own(true, false),
      name: own("EchoError"),
      message: own(envelope.message, false),
      stack: own(new Error(envelope.message).stack, false),
      code: own(envelope.code),
      stage: own(envelope.stage),
      recoverable: own(envelope.recoverable),
      ...(cause === undefined ? {} : { cause: own(cause, false) }),
    });
  }
}

/** True for a code of {@link ERROR_TABLE}. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(ERROR_TABLE, code);
}

/** The message of anything that was thrown, for the `reason` of an EchoError. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fillMessage(template: string, values: Record<string, unknown>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? "?"));
}
