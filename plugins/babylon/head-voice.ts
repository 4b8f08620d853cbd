import type { AbstractSoundSource } from "@babylonjs/core/AudioV2/abstractAudio/abstractSoundSource.js";
import type { AudioEngineV2 } from "@babylonjs/core/AudioV2/abstractAudio/audioEngineV2.js";
import type { Node } from "@babylonjs/core/node.js";

/** Options of {@link createHeadVoice}. Distances in scene units. */
export interface HeadVoiceOptions {
  /** Babylon's audio engine, made with `CreateAudioEngineAsync({ audioContext: context })`. */
  audioEngine: AudioEngineV2;
  /** The same context that the SpeechPlayer plays in. */
  context: BaseAudioContext;
  /** Where the voice comes from: the head's plane, billboard or joint. The sound follows it. */
  node: Node;
  /** Up to here the voice has its full loudness. @default 1 */
  minDistance?: number;
  /** How fast it fades beyond: 0 never, 1 by half for each doubling. @default 1 */
  rolloffFactor?: number;
  /** @default "HRTF" */
  panningModel?: "equalpower" | "HRTF";
}

/** A voice that has its place in the scene. */
export interface HeadVoice {
  /** Give it to `SpeechPlayer.create({ context, output })`. */
  readonly output: AudioNode;
  /** Babylon's sound source, for its volume, bus and spatial settings. */
  readonly source: AbstractSoundSource;
  /** Ends the source. Context and engine are the caller's. Safe to call twice. */
  dispose(): void;
}

/**
 * The voice of a head comes from where the head is. Babylon's own spatial audio does it; attach its listener to your camera:
 * `audioEngine.listener.attach(camera)`.
 */
export async function createHeadVoice(options: HeadVoiceOptions): Promise<HeadVoice> {
  const { audioEngine, context, node, minDistance = 1, rolloffFactor = 1, panningModel = "HRTF" } = options;
  for (const [key, value] of Object.entries({ minDistance, rolloffFactor }))
    if (!Number.isFinite(value) || value < 0) throw new TypeError(`options.${key} must be a number of at least 0`);
  const output = context.createGain();
  const source = await audioEngine.createSoundSourceAsync("EchoHeadVoice", output, {
    spatialEnabled: true,
    spatialMinDistance: minDistance,
    spatialRolloffFactor: rolloffFactor,
    spatialPanningModel: panningModel,
    spatialDistanceModel: "inverse",
  });
  source.spatial.attach(node);
  let ended = false;
  return {
    output,
    source,
    dispose: () => {
      if (ended) return;
      ended = true;
      source.spatial.detach();
      source.dispose();
      output.disconnect();
    },
  };
}
