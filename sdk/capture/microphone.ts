import { EchoError, reasonOf } from "../base/errors.js";
import type { AssetOptions } from "../protocol/backend.js";
import { workletUrl } from "../runtime/worklet-urls.js";
import { describeRefusal, mediaDevices } from "./camera.js";
import type { AudioChunk } from "./types.js";

/**
 * Asks for the microphone (browsers), with echo cancellation, because the head speaks through the same machine; the caller stops its
 * tracks. Throws EchoError `microphone-unavailable` when there is none, it is busy, or the person refuses.
 */
export async function openMicrophone(): Promise<MediaStream> {
  try {
    return await mediaDevices().getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
  } catch (error) {
    throw new EchoError("microphone-unavailable", { reason: describeRefusal(error), cause: error });
  }
}

/**
 * Hands a microphone's samples to `sink`, about 20 ms at a time, mono, at the rate of the sound card (browsers). The result stops it.
 * The stream is borrowed: its tracks are not stopped. A context that the browser suspends is resumed as soon as it allows.
 * Throws EchoError `microphone-unavailable`.
 */
export async function readMicrophone(
  stream: MediaStream,
  sink: (audio: AudioChunk) => void,
  assets: AssetOptions = {},
): Promise<() => void> {
  if (typeof AudioContext === "undefined")
    throw new EchoError("microphone-unavailable", {
      reason: "there is no AudioContext; microphones work in browsers only",
    });
  if (stream.getAudioTracks().length === 0)
    throw new EchoError("microphone-unavailable", { reason: "the stream has no audio track" });
  const context = new AudioContext({ latencyHint: "interactive" });
  try {
    if (context.audioWorklet === undefined) throw new Error("AudioWorklet needs https or localhost");
    await context.audioWorklet.addModule(workletUrl("capture", assets));
    const source = context.createMediaStreamSource(stream);
    const node = new AudioWorkletNode(context, "echo-head-capture", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    node.port.onmessage = ({ data }: MessageEvent<Float32Array>) =>
      sink({ pcm: data, sampleRateHz: context.sampleRate });
    source.connect(node);
    // Not awaited: without a click yet the context stays suspended, and begins with the first one.
    const resume = (): void => {
      if (context.state !== "running" && context.state !== "closed") void context.resume().catch(() => {});
    };
    resume();
    const stop = new AbortController();
    context.addEventListener("statechange", resume, { signal: stop.signal });
    for (const event of ["pointerdown", "keydown"])
      globalThis.addEventListener?.(event, resume, { signal: stop.signal });
    return () => {
      stop.abort();
      node.port.onmessage = null;
      source.disconnect();
      node.disconnect();
      void context.close();
    };
  } catch (error) {
    await context.close();
    throw new EchoError("microphone-unavailable", { reason: reasonOf(error), cause: error });
  }
}
