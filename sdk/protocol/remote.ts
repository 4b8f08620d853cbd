import type { ErrorEnvelope } from "../base/errors.js";

/** Version of the messages below; docs/protocol.md describes it. Raised when a message changes its shape or its meaning. */
export const REMOTE_PROTOCOL_VERSION = 1;

/** Blocks that the server sends without an acknowledgement. */
export const CREDIT_WINDOW = 3;
/** Operations (step, prime, rewind, reset, avatar) of one session that may wait or run. */
export const MAX_WAITING_OPERATIONS = 12;
/** Blocks whose pictures were dropped and whose coefficients wait for credit; the oldest go first. 4 s. */
export const MAX_EARLIER_BLOCKS = 25;
/** Bytes of one message from a client; a step has about 16 KB. */
export const MAX_CLIENT_MESSAGE_BYTES = 65_536;
/** Bytes of one message from a server; four raw pictures of 512 x 512 have 4 MB. */
export const MAX_SERVER_MESSAGE_BYTES = 8_388_608;
/** Messages of one connection that may break a rule before it is closed. */
export const MAX_VIOLATIONS = 20;
/** How long a session without a connection is kept, in ms. */
export const RESUME_GRACE_MS = 30_000;
/** The largest magnitude of a conditioning value; trained packs stay below 100. */
export const MAX_CONDITION = 1_000;
/** The path of the socket.io endpoint and of the control plane on a node. */
export const REMOTE_PATHS = { socket: "/echo-head/socket", sessions: "/sessions" } as const;

/**
 * How pictures travel. `avc` and `vp8`: one stream of twice the height, colour above and alpha below as luma, BT.601 limited range.
 * `webp`, `png` and `raw` are exact and large: for debugging, and where no codec is at hand.
 */
export const VIDEO_FORMATS = ["avc", "vp8", "webp", "png", "raw"] as const;
/** One of {@link VIDEO_FORMATS}. */
export type VideoFormat = (typeof VIDEO_FORMATS)[number];

/** `POST /sessions`: asks any node for a place. The access token goes into the Authorization header. */
export type SessionRequest = {
  readonly protocol: number;
  /** `Pack.hash` of the caller's pack. */
  readonly packHash: string;
  readonly avatar: string;
  /** 0..2^32 - 1. */
  readonly seed: number;
};

/** The answer to a {@link SessionRequest}: where to connect, and with what. */
export type SessionOffer = {
  readonly sessionId: string;
  /** Address of the node, for instance "http://10.0.0.7:8787". */
  readonly url: string;
  /** Signed, for one connection to that node, valid for half a minute. */
  readonly token: string;
};

/** `GET /sessions/<id>`: whether a node still has the session. */
export type SessionWhereabouts = { readonly state: "alive"; readonly url: string } | { readonly state: "lost" };

/** What a client says when it connects (socket.io's `auth`). Either `token` (a new session) or `resume`. */
export type ConnectAuth = {
  readonly protocol: number;
  /** What the client can decode, best first. */
  readonly formats: readonly VideoFormat[];
  readonly token?: string | undefined;
  readonly resume?: { readonly sessionId: string; readonly token: string } | undefined;
};

/** The server's first message. */
export type WelcomeMessage = {
  readonly protocol: number;
  readonly sessionId: string;
  /** For the next connection; each connection gets another one. */
  readonly resumeToken: string;
  /** True when the session goes on where it was. */
  readonly resumed: boolean;
  /** The last operation that was taken; the next one is this plus one. */
  readonly lastSeq: number;
  readonly packHash: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly format: VideoFormat;
  /** Blocks in flight, {@link CREDIT_WINDOW}. */
  readonly window: number;
  /** How long the session is kept without a connection, in ms. */
  readonly graceMs: number;
  /** Where the server's graphs run, for instance "cuda". */
  readonly backend: string;
};

/** One block to be made. */
export type StepMessage = {
  readonly seq: number;
  /** int16 [2560] little endian: the avatar's audio of the block, 16 kHz mono. */
  readonly pcm: Uint8Array;
  /** float32 [12*128] little endian, F_pu. */
  readonly fPu: Uint8Array;
  /** float32 [8*128] little endian, c_emo; absent when it is that of the step before. */
  readonly emotion?: Uint8Array | undefined;
  readonly sdcm: boolean;
  readonly lau: boolean;
  /** 0..1. */
  readonly expressivity: number;
  /** Frames that are painted: 4, 2, 1 or 0; each picture stands for the frames around it. @default 4 */
  readonly pictures?: number | undefined;
  /** Steps of the sampler, 1..16. @default the pack's */
  readonly steps?: number | undefined;
};

/** Client -> server: event name -> message. The first five are operations: they have a `seq`, which counts up by one. */
export type ClientMessages = {
  step: StepMessage;
  /** The audio before the next step, int16 [2560]. */
  prime: { readonly seq: number; readonly pcm: Uint8Array };
  /** Takes back 0..3 steps; `pcm` int16 [2560] takes the place of the audio of the step before them. */
  rewind: { readonly seq: number; readonly blocks: number; readonly pcm: Uint8Array };
  reset: { readonly seq: number };
  avatar: { readonly seq: number; readonly id: string };
  /** Every block up to this one has been received. */
  ack: { readonly seq: number };
  /** What the client can decode from now on; sent when a decoder failed. */
  formats: { readonly formats: readonly VideoFormat[] };
  /** The next picture must stand alone. */
  keyframe: Record<string, never>;
  /** The session is over. */
  end: Record<string, never>;
};
/** Name of a client's message. */
export type ClientEvent = keyof ClientMessages;
/** The messages that have a `seq` and are answered one by one, in order. */
export const OPERATIONS = ["step", "prime", "rewind", "reset", "avatar"] as const satisfies readonly ClientEvent[];

/** Coefficients of a block. */
export type BlockNumbers = {
  readonly seq: number;
  /** float32 [4*52] little endian, ARKit order. */
  readonly blendshapes: Uint8Array;
  /** float32 [4*6] little endian. */
  readonly pose: Uint8Array;
};

/** One block: the answer to a step. */
export type BlockMessage = BlockNumbers & {
  readonly format: VideoFormat;
  /** True when the first picture stands alone. */
  readonly key: boolean;
  /** One chunk a picture, in order; none when no frame was to be painted. */
  readonly pictures: readonly Uint8Array[];
  /** Blocks before this one whose pictures were dropped for want of credit, oldest first. */
  readonly earlier: readonly BlockNumbers[];
  /** Milliseconds that each graph took, and "wait" for the turn. */
  readonly stageMs: Readonly<Record<string, number>>;
};

/** Server -> client: event name -> message. */
export type ServerMessages = {
  welcome: WelcomeMessage;
  block: BlockMessage;
  /** An operation other than a step is done. */
  done: { readonly seq: number };
  /** A message was refused, or (without `seq`) the connection is about to be closed. */
  refused: { readonly seq?: number | undefined; readonly error: ErrorEnvelope };
  /** The node takes no new sessions and ends this one after `deadlineMs`; go elsewhere when it is quiet. */
  draining: { readonly deadlineMs: number };
};
/** Name of a server's message. */
export type ServerEvent = keyof ServerMessages;
