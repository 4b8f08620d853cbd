/**
 * The little of Web Audio that the libraries of the page need, offline and in step: worklet processors get quanta of 128 samples, messages arrive at once,
 * and the clock is that of the samples. Their own files run unchanged.
 */
const QUANTUM = 128;
export const PAGE_RATE_HZ = 48_000;

type Port = { onmessage: ((event: { data: unknown }) => void) | null; postMessage(data: unknown): void };
type Processor = {
  process(inputs: Float32Array[][], outputs: Float32Array[][], parameters: Record<string, Float32Array>): boolean;
};
type ProcessorClass = {
  new (options: unknown): Processor;
  parameterDescriptors?: readonly { name: string; defaultValue?: number }[];
};

const registry = new Map<string, ProcessorClass>();
let portForProcessor: Port | undefined;
const scope = globalThis as Record<string, unknown>;

function connectedPorts(): [Port, Port] {
  const make = (): Port => ({ onmessage: null, postMessage: () => {} });
  const [a, b] = [make(), make()];
  a.postMessage = (data) => b.onmessage?.({ data });
  b.postMessage = (data) => a.onmessage?.({ data });
  return [a, b];
}

/** A node whose processor is run by {@link playThrough}. */
export type HostedNode = { readonly processor: Processor; readonly parameterValues: Record<string, Float32Array> };

/** Puts AudioWorkletNode, AudioWorkletProcessor, registerProcessor, sampleRate and currentTime into the global scope. */
export function installWorkletHost(): void {
  scope.sampleRate = PAGE_RATE_HZ;
  scope.currentTime = 0;
  scope.registerProcessor = (name: string, type: ProcessorClass) => registry.set(name, type);
  scope.AudioWorkletProcessor = class {
    readonly port = portForProcessor;
  };
  scope.AudioWorkletNode = class {
    readonly port: Port;
    readonly context: unknown;
    readonly parameters: Map<string, { value: number }>;
    readonly processor: Processor;
    readonly parameterValues: Record<string, Float32Array>;
    constructor(context: unknown, name: string, options: object) {
      const [own, far] = connectedPorts();
      this.context = context;
      this.port = own;
      portForProcessor = far;
      const type = registry.get(name)!;
      this.processor = new type(options);
      const defaults = (type.parameterDescriptors ?? []).map(
        ({ name, defaultValue = 0 }) => [name, Float32Array.of(defaultValue)] as const,
      );
      this.parameterValues = Object.fromEntries(defaults);
      this.parameters = new Map(defaults.map(([name, values]) => [name, { value: values[0]! }]));
    }
  };
}

/** Runs sound (48 kHz mono) through a node and calls `onFrame` at each frame of the page, with the time in seconds that has been heard. */
export function playThrough(node: HostedNode, pcm: Float32Array, fps: number, onFrame: (timeS: number) => void): void {
  let nextFrame = 1;
  for (let at = 0; at < pcm.length; at += QUANTUM) {
    scope.currentTime = at / PAGE_RATE_HZ;
    const quantum = new Float32Array(QUANTUM);
    quantum.set(pcm.subarray(at, at + QUANTUM));
    node.processor.process([[quantum]], [], node.parameterValues);
    while (nextFrame / fps <= (at + QUANTUM) / PAGE_RATE_HZ) onFrame(nextFrame++ / fps);
  }
}
