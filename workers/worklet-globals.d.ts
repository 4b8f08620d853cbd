/** What an AudioWorkletGlobalScope has; TypeScript's DOM library leaves it out. */

declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
  process(inputs: Float32Array[][], outputs: Float32Array[][], parameters: Record<string, Float32Array>): boolean;
}

declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

/** The number of the first sample of this render quantum. */
declare const currentFrame: number;
