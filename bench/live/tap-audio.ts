/**
 * Runs in the page before its own scripts: whatever is connected to an audio context's destination is also measured, every 20 ms, without being changed. Times are
 * of the wall clock at which the sound leaves, as the context estimates it. Media elements that play outside of Web Audio are not heard.
 */
export function tapAudio(): void {
  const heard: { atMs: number; rms: number }[] = [];
  (globalThis as unknown as { __heard: typeof heard }).__heard = heard;
  const taps = new WeakMap<BaseAudioContext, AnalyserNode>();
  const connect = AudioNode.prototype.connect as (this: AudioNode, ...rest: unknown[]) => unknown;
  function tapOf(context: BaseAudioContext): AnalyserNode {
    const known = taps.get(context);
    if (known !== undefined) return known;
    const tap = context.createAnalyser();
    tap.fftSize = 1024;
    taps.set(context, tap);
    const samples = new Float32Array(tap.fftSize);
    setInterval(() => {
      if (context.state !== "running") return;
      tap.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const sample of samples) sum += sample * sample;
      const middleMs = (500 * samples.length) / context.sampleRate;
      const latencyMs = ((context as AudioContext).outputLatency || 0) * 1_000;
      heard.push({ atMs: performance.timeOrigin + performance.now() - middleMs + latencyMs, rms: Math.sqrt(sum / samples.length) });
    }, 20);
    return tap;
  }
  AudioNode.prototype.connect = function (this: AudioNode, ...rest: unknown[]) {
    if (rest[0] instanceof AudioDestinationNode) connect.call(this, tapOf(this.context));
    return connect.apply(this, rest);
  } as typeof AudioNode.prototype.connect;
}
