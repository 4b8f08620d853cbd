import type { EchoAgent } from "echo-head";

const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;

/** A second view of the head, fed by `captureStream()` as a call or a virtual camera would be; it can leave the page in a window. */
export class StreamPanel {
  readonly #button = find<HTMLButtonElement>("stream");
  readonly #video = find<HTMLVideoElement>("stream-video");
  readonly #window = find<HTMLButtonElement>("stream-window");
  #stream: MediaStream | null = null;

  constructor() {
    this.#window.hidden = !document.pictureInPictureEnabled;
    this.#video.addEventListener("resize", () => this.#tell());
  }

  get on(): boolean {
    return this.#stream !== null;
  }

  start(agent: EchoAgent): void {
    this.stop();
    this.#stream = agent.captureStream({ background: find<HTMLInputElement>("stream-colour").value });
    this.#video.srcObject = this.#stream;
    void this.#video.play().catch(() => {}); // taken away before it began
    this.#show();
  }

  stop(): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#video.srcObject = null;
    this.#show();
  }

  /** @throws DOMException as the browser refuses it */
  async openWindow(): Promise<void> {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else await this.#video.requestPictureInPicture();
  }

  #show(): void {
    this.#button.setAttribute("aria-pressed", String(this.on));
    this.#button.textContent = this.on ? "Stop the stream" : "Start the stream";
    find("stream-box").hidden = !this.on;
    this.#tell();
  }

  #tell(): void {
    const sound = this.#stream?.getAudioTracks().length ? "with its voice" : "without sound";
    const { videoWidth, videoHeight } = this.#video;
    find("stream-status").textContent = videoWidth === 0 ? "" : `${videoWidth} x ${videoHeight} pixels, ${sound}`;
  }
}
