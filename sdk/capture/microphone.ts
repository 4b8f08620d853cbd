import { EchoError, reasonOf } from "../base/errors.js";
import type { AssetOptions } from "../protocol/backend.js";
import { workletUrl } from "../runtime/worklet-urls.js";
import type { AudioChunk } from "./types.js";

/**
 * Hands a microphone's samples to `sink`, about 20 ms at a time, mono, at the rate of the sound card (browsers). The result stops it.
 * The stream is borrowed: its tracks are not stopped. Throws EchoError `microphone-unavailable`.
 */
export async function attachMicrophone(
  stream: MediaStream,
  sink: (audio: AudioChunk) => void,
  assets: AssetOptions = {},
): Promise<() => void> {
  if (typeof AudioContext === "undefined")
    throw new EchoError("microphone-unavailable", {
      reason: "there is no AudioContext; microphones work in browsers only",
    });
  if (typeof stream?.getAudioTracks !== "function") throw new TypeError("stream must be a MediaStream");
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
    await context.resume();
    return () => {
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
