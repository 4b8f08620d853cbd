import { type Conversation, type FaceLine, faceAt, type Turn } from "./conversation.js";
import type { SpeechSegment } from "./speech-segments.js";

/** How often the user's side is handed on, ms: one frame of the model. */
const TICK_MS = 40;

/** What the player tells while a conversation runs. Times are seconds from its start. */
export type ConversationEvents = {
  /** The user's samples since the last call. */
  userAudio(pcm: Float32Array, sampleRateHz: number): void;
  userFace(face: FaceLine | null): void;
  /** The avatar's turn begins, perhaps in its middle after a seek. */
  avatarTurn(pcm: Float32Array, sampleRateHz: number): void;
  /** The words of a turn are known. */
  text(turn: Turn): void;
  /** Someone begins to say this; null at the end of a turn. */
  said(role: Turn["role"], turn: Turn | null): void;
  moved(timeS: number): void;
  stopped(ended: boolean): void;
};

/** Plays a recorded conversation: the user's voice as sound, and both sides to whoever listens, on the audio clock. */
export class ConversationPlayer {
  readonly #conversation: Conversation;
  readonly #context: AudioContext;
  readonly #output: AudioNode;
  readonly #events: ConversationEvents;
  #timer: ReturnType<typeof setInterval> | undefined;
  #source: AudioBufferSourceNode | null = null;
  /** Context time at which the conversation's second 0 is heard. */
  #zeroS = 0;
  #positionS = 0;
  #said: Record<Turn["role"], Turn | null> = { user: null, avatar: null };

  /** @param output where the user's voice goes: the speakers, an analyser */
  constructor(conversation: Conversation, context: AudioContext, output: AudioNode, events: ConversationEvents) {
    this.#conversation = conversation;
    this.#context = context;
    this.#output = output;
    this.#events = events;
  }

  get playing(): boolean {
    return this.#timer !== undefined;
  }

  /** Seconds. */
  get position(): number {
    return this.#positionS;
  }

  play(): void {
    if (this.playing) return;
    if (this.#positionS >= this.#conversation.durationS - 0.05) this.#positionS = 0;
    this.#start();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  pause(): void {
    this.#halt(false);
  }

  /** Goes on from there if it was playing. */
  seek(timeS: number): void {
    this.#positionS = Math.min(Math.max(0, timeS), this.#conversation.durationS);
    this.#events.moved(this.#positionS);
    if (this.playing) this.#start();
  }

  #start(): void {
    this.#source?.stop();
    const { user, avatarSpeech } = this.#conversation;
    this.#zeroS = this.#context.currentTime - this.#positionS;
    this.#source = null;
    if (this.#positionS < user.duration) {
      this.#source = new AudioBufferSourceNode(this.#context, { buffer: user });
      this.#source.connect(this.#output);
      this.#source.start(0, this.#positionS);
    }
    // In the middle of the avatar's turn: it goes on from here.
    const inside = avatarSpeech.find(({ startS, endS }) => startS < this.#positionS && this.#positionS < endS - 0.3);
    if (inside) this.#speak({ startS: this.#positionS, endS: inside.endS });
  }

  #tick(): void {
    const { durationS, user, avatarSpeech, face, turns } = this.#conversation;
    const from = this.#positionS;
    const to = Math.min(durationS, this.#context.currentTime - this.#zeroS);
    if (to <= from) return; // the context has not started yet
    this.#positionS = to;
    const pcm = slice(user, from, to);
    if (pcm.length > 0) this.#events.userAudio(pcm, user.sampleRate);
    this.#events.userFace(faceAt(face, to));
    for (const segment of avatarSpeech) if (segment.startS >= from && segment.startS < to) this.#speak(segment);
    for (const turn of turns) if (turn.t >= from && turn.t < to) this.#events.text(turn);
    this.#caption("user", to);
    this.#caption("avatar", to);
    this.#events.moved(to);
    if (to >= durationS) this.#halt(true);
  }

  #speak({ startS, endS }: SpeechSegment): void {
    const { avatar } = this.#conversation;
    this.#events.avatarTurn(slice(avatar, startS, endS), avatar.sampleRate);
  }

  /** A caption stands while its side speaks, and a moment longer. */
  #caption(role: Turn["role"], timeS: number): void {
    const stands = ({ span }: Turn) => span.startS - 0.1 <= timeS && timeS < span.endS + 0.6;
    const turn = this.#conversation.turns.findLast((each) => each.role === role && stands(each)) ?? null;
    if (turn === this.#said[role]) return;
    this.#said[role] = turn;
    this.#events.said(role, turn);
  }

  #halt(ended: boolean): void {
    if (!this.playing) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#source?.stop();
    this.#source = null;
    this.#events.userFace(null);
    for (const role of ["user", "avatar"] as const) {
      this.#said[role] = null;
      this.#events.said(role, null);
    }
    this.#events.stopped(ended);
  }
}

/** A copy of the first channel between two times. */
function slice(buffer: AudioBuffer, fromS: number, toS: number): Float32Array {
  const rate = buffer.sampleRate;
  return buffer.getChannelData(0).slice(Math.round(fromS * rate), Math.round(toS * rate));
}
