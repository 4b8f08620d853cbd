/** The part of an EchoFrame that is drawn. */
export type Picture = {
  readonly width: number;
  readonly height: number;
  /** Straight alpha, row 0 on top; read before `add` returns. */
  readonly rgba: Uint8ClampedArray;
};

/** Where rendered pictures go, in order; picture i is shown from i / fps seconds on. */
export interface FrameSink {
  /** Resolves when the next picture may come. @throws EchoError `encode-failed` */
  add(picture: Picture): Promise<void>;
  /** Writes what is still held; the file is complete after it. */
  finish(): Promise<void>;
  /** Stops at once and lets go of the file, complete or not. Never throws. */
  cancel(): Promise<void>;
}
