import { EchoError } from "../base/errors.js";
import type { EventEmitter } from "../base/events.js";
import { mediaDevices } from "../capture/camera.js";
import { watchDevices, watchTrack } from "../capture/track-watch.js";
import type { AgentEvents } from "./agent-events.js";

/** What a {@link UserDevice} is about. */
export type UserDeviceOptions = {
  readonly input: "camera" | "microphone";
  /** Asks the person for the device, when the caller brought no stream. */
  readonly open: () => Promise<MediaStream>;
  /** Begins to read a stream; the result ends it. */
  readonly read: (stream: MediaStream) => Promise<() => void>;
  readonly events: Pick<EventEmitter<AgentEvents>, "emit">;
};

/**
 * A camera or a microphone on its way to the agent. When it goes (unplugged, muted by the system) the agent goes on without it and
 * says so. One that the agent opened itself is opened again when a device comes back; a stream of the caller's stays the caller's.
 */
export class UserDevice {
  readonly #options: UserDeviceOptions;
  #end: (() => void)[] = [];
  #lost = false;
  #detached = false;

  private constructor(options: UserDeviceOptions) {
    this.#options = options;
  }

  /** Throws what `open` and `read` throw. */
  static async attach(options: UserDeviceOptions, stream?: MediaStream): Promise<UserDevice> {
    const device = new UserDevice(options);
    if (stream === undefined) await device.#openOwn();
    else await device.#use(stream, false);
    return device;
  }

  /** Ends it; an own stream is stopped, so that the lamp of the camera goes out. May be called again. */
  detach(): void {
    this.#detached = true;
    this.#stop();
  }

  async #openOwn(): Promise<void> {
    const stream = await this.#options.open();
    const stopTracks = (): void => {
      for (const track of stream.getTracks()) track.stop();
    };
    if (this.#detached) {
      stopTracks();
      return;
    }
    this.#end.push(stopTracks);
    try {
      await this.#use(stream, true);
    } catch (error) {
      this.#stop();
      throw error;
    }
  }

  async #use(stream: MediaStream, own: boolean): Promise<void> {
    const { input, read } = this.#options;
    const stopReading = await read(stream);
    if (this.#detached) {
      stopReading();
      return;
    }
    this.#end.push(stopReading);
    const [track] = input === "camera" ? stream.getVideoTracks() : stream.getAudioTracks();
    if (track === undefined) return;
    const lost = (reason: string): void => {
      if (this.#lost) return;
      this.#lost = true;
      this.#options.events.emit("input-lost", { input, error: new EchoError("input-lost", { input, reason }) });
      if (track.readyState !== "ended" && track.muted) return; // it may come back by itself
      this.#stop();
      if (own) this.#awaitDevice();
    };
    this.#end.push(watchTrack(track, { lost, restored: () => this.#restored() }));
    if (track.readyState === "ended") lost("the stream has ended");
  }

  /** Tries again each time a device is plugged in or out. */
  #awaitDevice(): void {
    let trying = false;
    const again = async (): Promise<void> => {
      if (trying || this.#detached) return;
      trying = true;
      try {
        stopWatching();
        await this.#openOwn();
        this.#restored();
      } catch {
        if (!this.#detached) this.#awaitDevice(); // not yet
      } finally {
        trying = false;
      }
    };
    const stopWatching = watchDevices(mediaDevices(), () => void again());
    this.#end.push(stopWatching);
  }

  #restored(): void {
    if (!this.#lost || this.#detached) return;
    this.#lost = false;
    this.#options.events.emit("input-restored", { input: this.#options.input });
  }

  #stop(): void {
    for (const end of this.#end.splice(0).reverse()) end();
  }
}
