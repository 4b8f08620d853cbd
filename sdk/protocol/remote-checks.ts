import { isErrorCode } from "../base/errors.js";
import {
  type ClientEvent,
  type ClientMessages,
  MAX_CONDITION,
  MAX_EARLIER_BLOCKS,
  type ServerEvent,
  type ServerMessages,
  VIDEO_FORMATS,
} from "./remote.js";

/** Numbers in the arrays of one pack's messages. */
export type MessageSizes = {
  /** Samples of a block: 2560. */
  readonly pcm: number;
  /** Values of F_pu: 12 * 128. */
  readonly fPu: number;
  /** Values of c_emo: 8 * 128. */
  readonly emotion: number;
};

/** Says what is wrong with a value ("must be ..."), or undefined. */
type Rule = (value: unknown) => string | undefined;
type Schema = Readonly<Record<string, Rule | { readonly optional: Rule }>>;
/** One rule or optional rule for each field of a message. */
type Fields<Message> = { readonly [Key in keyof Required<Message>]: Rule | { readonly optional: Rule } };

/** A message that broke a rule: where, and which. */
export type Violation = { readonly path: string; readonly rule: string };

const MAX_SEQ = 2 ** 31 - 1;
const MAX_NAME = 64;
const MAX_SIDE = 4_096;

const whole =
  (min: number, max: number): Rule =>
  (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `must be a whole number from ${min} to ${max}`;

const share: Rule = (value) =>
  typeof value === "number" && value >= 0 && value <= 1 ? undefined : "must be a number from 0 to 1";

const yesNo: Rule = (value) => (typeof value === "boolean" ? undefined : "must be true or false");

const name: Rule = (value) =>
  typeof value === "string" && value.length > 0 && value.length <= MAX_NAME
    ? undefined
    : `must be a text of 1 to ${MAX_NAME} characters`;

const bytes =
  (length: number): Rule =>
  (value) =>
    value instanceof Uint8Array && value.byteLength === length ? undefined : `must be ${length} bytes`;

const floats = (count: number): Rule => {
  const right = bytes(4 * count);
  return (value) => {
    const wrong = right(value);
    if (wrong !== undefined) return wrong;
    const view = new DataView((value as Uint8Array).buffer, (value as Uint8Array).byteOffset);
    for (let i = 0; i < count; i++)
      if (!(Math.abs(view.getFloat32(4 * i, true)) <= MAX_CONDITION))
        return `must be numbers from ${-MAX_CONDITION} to ${MAX_CONDITION}`; // false for NaN too
    return undefined;
  };
};

const formats: Rule = (value) =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.length <= VIDEO_FORMATS.length &&
  value.every((format) => VIDEO_FORMATS.includes(format)) &&
  new Set(value).size === value.length
    ? undefined
    : `must be a list of ${VIDEO_FORMATS.join(", ")}, each once`;

/** Checks of what clients send, for the sizes of one pack. Gives the first violation, or undefined. Never throws. */
export function createMessageChecks(
  sizes: MessageSizes,
): (event: ClientEvent, message: unknown) => Violation | undefined {
  const seq = whole(1, MAX_SEQ);
  const pcm = bytes(2 * sizes.pcm);
  const schemas: Readonly<Record<ClientEvent, Schema>> = {
    step: {
      seq,
      pcm,
      fPu: floats(sizes.fPu),
      emotion: { optional: floats(sizes.emotion) },
      sdcm: yesNo,
      lau: yesNo,
      expressivity: share,
      pictures: {
        optional: (value: unknown) => ([0, 1, 2, 4].includes(value as number) ? undefined : "must be 0, 1, 2 or 4"),
      },
      steps: { optional: whole(1, 16) },
    },
    prime: { seq, pcm },
    rewind: { seq, blocks: whole(0, 3), pcm },
    reset: { seq },
    avatar: { seq, id: name },
    ack: { seq },
    formats: { formats },
    keyframe: {},
    end: {},
  } satisfies { [Event in ClientEvent]: Fields<ClientMessages[Event]> };
  return (event, message) => checkSchema(schemas[event], message);
}

/** Checks of what servers send: a client believes its server no more than the other way round. Never throws. */
export function createServerMessageChecks(): (event: ServerEvent, message: unknown) => Violation | undefined {
  const seq = whole(1, MAX_SEQ);
  const numbers = { seq, blendshapes: floats(4 * 52), pose: floats(4 * 6) };
  const schemas: Readonly<Record<ServerEvent, Schema>> = {
    welcome: {
      protocol: whole(1, 1_000),
      sessionId: name,
      resumeToken: name,
      resumed: yesNo,
      lastSeq: whole(0, MAX_SEQ),
      packHash: name,
      width: whole(1, MAX_SIDE),
      height: whole(1, MAX_SIDE),
      format: (value: unknown) => formats([value]),
      window: whole(1, 100),
      graceMs: whole(0, 3_600_000),
      backend: name,
    },
    block: {
      ...numbers,
      format: (value: unknown) => formats([value]),
      key: yesNo,
      pictures: list(4, (value) => (value instanceof Uint8Array ? undefined : "must be bytes")),
      earlier: list(MAX_EARLIER_BLOCKS, (value) => {
        const wrong = checkSchema(numbers, value);
        return wrong && `is wrong at ${wrong.path}: ${wrong.rule}`;
      }),
      stageMs: milliseconds,
    },
    done: { seq },
    refused: { seq: { optional: whole(0, MAX_SEQ) }, error: errorEnvelope },
    draining: { deadlineMs: whole(0, 86_400_000) },
  } satisfies { [Event in ServerEvent]: Fields<ServerMessages[Event]> };
  return (event, message) => checkSchema(schemas[event], message);
}

/** Checks what a client says when it connects. */
export function checkConnectAuth(auth: unknown): Violation | undefined {
  const text: Rule = (value) =>
    typeof value === "string" && value.length > 0 && value.length <= 2_048 ? undefined : "must be a text";
  const resume: Rule = (value) => {
    const wrong = checkSchema({ sessionId: name, token: text }, value);
    return wrong && `is wrong at ${wrong.path}: ${wrong.rule}`;
  };
  const wrong = checkSchema(
    { protocol: whole(1, 1_000), formats, token: { optional: text }, resume: { optional: resume } },
    auth,
  );
  if (wrong) return wrong;
  const { token, resume: resumed } = auth as { token?: unknown; resume?: unknown };
  return (token === undefined) === (resumed === undefined)
    ? { path: "token", rule: "must be there, or resume, not both" }
    : undefined;
}

/** Checks the body of `POST /sessions`. */
export function checkSessionRequest(body: unknown): Violation | undefined {
  const hash: Rule = (value) =>
    typeof value === "string" && /^[0-9a-f]{64}$/.test(value) ? undefined : "must be a SHA-256 in hexadecimal";
  return checkSchema({ protocol: whole(1, 1_000), packHash: hash, avatar: name, seed: whole(0, 2 ** 32 - 1) }, body);
}

function list(most: number, rule: Rule): Rule {
  return (value) => {
    if (!Array.isArray(value) || value.length > most) return `must be a list of at most ${most}`;
    for (const item of value) {
      const wrong = rule(item);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}

function milliseconds(value: unknown): string | undefined {
  const fits =
    typeof value === "object" &&
    value !== null &&
    Object.entries(value).length <= 32 &&
    Object.values(value).every((ms) => Number.isFinite(ms) && (ms as number) >= 0);
  return fits ? undefined : "must be milliseconds by name";
}

function errorEnvelope(value: unknown): string | undefined {
  const { code, stage, recoverable, message } = (value ?? {}) as Partial<Record<string, unknown>>;
  const fits =
    isErrorCode(code) && typeof stage === "string" && typeof recoverable === "boolean" && typeof message === "string";
  return fits ? undefined : "must be an error of the table";
}

function checkSchema(schema: Schema, message: unknown): Violation | undefined {
  if (typeof message !== "object" || message === null || Array.isArray(message) || ArrayBuffer.isView(message))
    return { path: "message", rule: "must be an object" };
  const found = message as Record<string, unknown>;
  for (const [key, entry] of Object.entries(schema)) {
    const value = found[key];
    const optional = typeof entry === "object";
    if (value === undefined) {
      if (optional) continue;
      return { path: key, rule: "must be there" };
    }
    const rule = (optional ? entry.optional : entry)(value);
    if (rule !== undefined) return { path: key, rule };
  }
  const extra = Object.keys(found).find((key) => !Object.hasOwn(schema, key));
  return extra === undefined ? undefined : { path: extra.slice(0, MAX_NAME), rule: "is not a field of this message" };
}
