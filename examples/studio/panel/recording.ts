import type { EchoAgent, SpeechPlayer } from "echo-head";
import { HeadRecorder, type Recording, type RecordingFormat } from "echo-head/recorder";
import { clock } from "../conversation/transport.js";
import { Choice } from "./choice.js";

const FORMATS = [
  { id: "webm", label: "WebM, transparent" },
  { id: "mp4", label: "MP4" },
] as const satisfies readonly { id: RecordingFormat; label: string }[];
const NAMES: Readonly<Record<string, string>> = {
  vp9: "VP9",
  avc: "H.264",
  hevc: "HEVC",
  av1: "AV1",
  opus: "Opus",
  aac: "AAC",
};

const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;

/** Films the head, shows the film and offers it to be saved. */
export class RecordingPanel {
  readonly #button = find<HTMLButtonElement>("record");
  readonly #status = find("record-status");
  readonly #video = find<HTMLVideoElement>("film-video");
  readonly #save = find<HTMLAnchorElement>("film-save");
  #format: RecordingFormat = "webm";
  #recorder: HeadRecorder | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    new Choice(find("formats"), FORMATS, {
      className: "choice",
      fill: (button, { label }) => button.append(label),
      choose: ({ id }) => {
        this.#format = id;
      },
    });
  }

  get on(): boolean {
    return this.#recorder !== null;
  }

  /** @throws EchoError encode-failed where the browser lacks an encoder */
  async start(agent: EchoAgent, player: SpeechPlayer): Promise<void> {
    if (this.#recorder) return;
    this.#button.disabled = true;
    try {
      this.#recorder = await HeadRecorder.start({ agent, player, format: this.#format });
    } finally {
      this.#button.disabled = false;
    }
    this.#status.textContent = "";
    find("film").hidden = true;
    this.#show();
    this.#timer = setInterval(() => this.#show(), 250);
  }

  /** Ends the film, if one is being made, and shows it. */
  async stop(): Promise<void> {
    const recorder = this.#recorder;
    if (!recorder) return;
    this.#recorder = null;
    clearInterval(this.#timer);
    this.#show();
    this.#status.textContent = "Finishing the film ...";
    try {
      this.#offer(await recorder.stop(), recorder.format);
    } catch (error) {
      this.#status.textContent = "";
      throw error;
    }
  }

  #offer(film: Recording, format: RecordingFormat): void {
    URL.revokeObjectURL(this.#save.href);
    const address = URL.createObjectURL(film.blob);
    const codecs = [film.pictureCodec, film.soundCodec]
      .filter((codec) => codec !== null)
      .map((codec) => NAMES[codec] ?? codec);
    const megabytes = (film.blob.size / 1e6).toFixed(2);
    this.#status.textContent = `${clock(film.durationMs / 1_000)}, ${film.pictures} pictures, ${codecs.join(" and ")}, ${megabytes} MB`;
    this.#save.href = address;
    this.#save.download = `head.${format}`;
    this.#video.src = address;
    find("film").hidden = false;
  }

  #show(): void {
    const on = this.#recorder !== null;
    this.#button.setAttribute("aria-pressed", String(on));
    find("record-label").textContent = on ? "Stop recording" : "Record";
    find("record-pill").hidden = !on;
    find("record-time").textContent = clock((this.#recorder?.durationMs ?? 0) / 1_000);
  }
}
