/**
 * What the companion and the overlay page say to each other over one WebSocket (loopback). Text messages are JSON, binary ones carry
 * pictures and sound. All times are milliseconds on the companion's clock unless they say otherwise.
 */

/** Raised when either side changes; a page of another version is told to reload. */
export const OVERLAY_VERSION = 1;

/** The page says it first: who it is and whose head it wants. */
export type PageHello = {
  readonly type: "hello";
  readonly version: number;
  /** Name of a pack that the companion was started with, as its manifest says. */
  readonly pack?: string | undefined;
  readonly avatar?: string | undefined;
  /** Address of a render server. */
  readonly remote?: string | undefined;
  /** True where the page plays the voice. */
  readonly sound: boolean;
  /** As in {@link PageSeen}: a page that is not seen starts no head. */
  readonly visible: boolean;
};

/** A frame has come and is kept: the companion may send another (at most {@link CREDIT} are under way). */
export type PageAck = { readonly type: "ack"; readonly index: number };

/** Whether the source is shown anywhere and whether it is on air, as OBS says; a page outside OBS says by its tab. */
export type PageSeen = { readonly type: "seen"; readonly visible: boolean; readonly active: boolean };

/** How the page is doing, about once a second. */
export type PageReport = {
  readonly type: "report";
  /** Frames drawn in a second. */
  readonly fps: number;
  readonly shown: number;
  /** Frames that a newer one overtook. */
  readonly dropped: number;
  /** From the companion's sending to the page's taking, beyond the fastest, p95 in ms of the page's clock. */
  readonly jitterMs: number;
};

export type PageMessage = PageHello | PageAck | PageSeen | PageReport;

/** The head that the page gets. */
export type HeadMessage = {
  readonly type: "head";
  readonly version: number;
  readonly pack: string;
  readonly avatar: string;
  /** Everything is shown and played so long after its time, so that nothing comes late. */
  readonly delayMs: number;
};

/** Text for the captions, with the sound of the utterance. */
export type CaptionMessage = { readonly type: "caption"; readonly utterance: string; readonly text: string };
/** Its first sample is due. */
export type StartedMessage = { readonly type: "started"; readonly utterance: string };
export type FinishedMessage = { readonly type: "finished"; readonly utterance: string };
/** Its sound ends at this time. */
export type CancelMessage = { readonly type: "cancel"; readonly utterance: string; readonly atMs: number };
/** Why there is no picture; `retry` says whether asking again may help. */
export type FailureMessage = {
  readonly type: "failure";
  readonly code: string;
  readonly message: string;
  readonly retry: boolean;
};

export type CompanionMessage =
  | HeadMessage
  | CaptionMessage
  | StartedMessage
  | FinishedMessage
  | CancelMessage
  | FailureMessage;

/** Pictures under way to one page at most; at the bound the next ones are left out and counted. */
export const CREDIT = 3;

/** A picture: straight-alpha RGBA, row 0 on top. */
export type PictureMessage = {
  readonly kind: "picture";
  readonly index: number;
  readonly width: number;
  readonly height: number;
  readonly timestampMs: number;
  readonly sentMs: number;
  /** uint8 [height * width * 4] */
  readonly rgba: Uint8Array;
};

/** A piece of speech. */
export type SpeechMessage = {
  readonly kind: "speech";
  readonly utterance: string;
  readonly startMs: number;
  readonly sentMs: number;
  readonly sampleRateHz: number;
  readonly channels: number;
  /** f32, interleaved, -1..1 */
  readonly pcm: Float32Array;
};

const HEADER_BYTES = 64;
const PICTURE = 1;
const SPEECH = 2;
/** An utterance's id is at most so long, in the header from here on. */
const ID_AT = 32;

/**
 * Header of 64 bytes, little-endian, then the samples: u8 kind; picture: u16 width at 2, u16 height at 4, u32 index at 8, f64
 * timestamp at 16, f64 sent at 24; speech: u8 channels at 1, u32 rate at 8, f64 start at 16, f64 sent at 24, u8 length and UTF-8 of the
 * utterance's id at 32.
 */
export function writePicture(picture: Omit<PictureMessage, "kind">): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + picture.rgba.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, PICTURE);
  view.setUint16(2, picture.width, true);
  view.setUint16(4, picture.height, true);
  view.setUint32(8, picture.index, true);
  view.setFloat64(16, picture.timestampMs, true);
  view.setFloat64(24, picture.sentMs, true);
  bytes.set(picture.rgba, HEADER_BYTES);
  return bytes;
}

/** See {@link writePicture}. */
export function writeSpeech(speech: Omit<SpeechMessage, "kind">): Uint8Array {
  const id = new TextEncoder().encode(speech.utterance);
  if (id.length > HEADER_BYTES - ID_AT - 1)
    throw new RangeError(`an utterance's id has at most 31 bytes: ${speech.utterance}`);
  const bytes = new Uint8Array(HEADER_BYTES + speech.pcm.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, SPEECH);
  view.setUint8(1, speech.channels);
  view.setUint32(8, speech.sampleRateHz, true);
  view.setFloat64(16, speech.startMs, true);
  view.setFloat64(24, speech.sentMs, true);
  view.setUint8(ID_AT, id.length);
  bytes.set(id, ID_AT + 1);
  bytes.set(new Uint8Array(speech.pcm.buffer, speech.pcm.byteOffset, speech.pcm.byteLength), HEADER_BYTES);
  return bytes;
}

/** Reads a binary message; the arrays look into the given buffer. @throws RangeError when it is none of ours */
export function readBinary(buffer: ArrayBuffer): PictureMessage | SpeechMessage {
  if (buffer.byteLength < HEADER_BYTES) throw new RangeError("the message is shorter than its header");
  const view = new DataView(buffer);
  const timestampMs = view.getFloat64(16, true);
  const sentMs = view.getFloat64(24, true);
  if (view.getUint8(0) === PICTURE) {
    const [width, height] = [view.getUint16(2, true), view.getUint16(4, true)];
    const rgba = new Uint8Array(buffer, HEADER_BYTES);
    if (rgba.length !== width * height * 4) throw new RangeError("the picture's size does not fit its header");
    return { kind: "picture", index: view.getUint32(8, true), width, height, timestampMs, sentMs, rgba };
  }
  if (view.getUint8(0) === SPEECH) {
    const id = new Uint8Array(buffer, ID_AT + 1, Math.min(view.getUint8(ID_AT), HEADER_BYTES - ID_AT - 1));
    const channels = view.getUint8(1);
    const utterance = new TextDecoder().decode(id);
    const pcm = new Float32Array(buffer, HEADER_BYTES);
    return {
      kind: "speech",
      utterance,
      startMs: timestampMs,
      sentMs,
      sampleRateHz: view.getUint32(8, true),
      channels,
      pcm,
    };
  }
  throw new RangeError(`there is no message of kind ${view.getUint8(0)}`);
}
