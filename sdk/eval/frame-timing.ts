/** What the times at which frames were shown say. Seconds, as WebRTC's statistics count (w3c/webrtc-stats). */
export type FrameTiming = {
  readonly frames: number;
  readonly totalInterFrameDelayS: number;
  readonly totalSquaredInterFrameDelayS2: number;
  /** Variance and standard deviation of the delays between frames: frame pacing jitter. */
  readonly varianceS2: number;
  readonly standardDeviationMs: number;
  /** Delays of at least max(3 * average, average + 150 ms), the average being over the last 30 delays before. */
  readonly freezeCount: number;
  readonly totalFreezesDurationS: number;
  /** Delays of more than 5 s. */
  readonly pauseCount: number;
  /** Frames a second over the whole span. */
  readonly fps: number;
};

/** Timing of frames shown at these times in ms, ascending. */
export function frameTiming(shownMs: readonly number[]): FrameTiming {
  const delays = shownMs.slice(1).map((time, i) => (time - shownMs[i]!) / 1_000);
  const n = delays.length;
  const total = delays.reduce((sum, delay) => sum + delay, 0);
  const squared = delays.reduce((sum, delay) => sum + delay * delay, 0);
  let freezeCount = 0;
  let totalFreezesDurationS = 0;
  for (const [i, delay] of delays.entries()) {
    const last = delays.slice(Math.max(0, i - 30), i);
    if (last.length === 0) continue;
    const mean = last.reduce((sum, value) => sum + value, 0) / last.length;
    if (delay < Math.max(3 * mean, mean + 0.15)) continue;
    freezeCount++;
    totalFreezesDurationS += delay;
  }
  const varianceS2 = n === 0 ? 0 : (squared - total ** 2 / n) / n;
  return {
    frames: shownMs.length,
    totalInterFrameDelayS: total,
    totalSquaredInterFrameDelayS2: squared,
    varianceS2,
    standardDeviationMs: Math.sqrt(Math.max(0, varianceS2)) * 1_000,
    freezeCount,
    totalFreezesDurationS,
    pauseCount: delays.filter((delay) => delay > 5).length,
    fps: total === 0 ? 0 : n / total,
  };
}

/** Jitter of RFC 3550 section 6.4.1 in ms: J += (|D| - J) / 16, D = difference of the transit times of neighbours. */
export function networkJitter(packets: { sentMs: readonly number[]; receivedMs: readonly number[] }): number {
  let jitter = 0;
  for (let i = 1; i < Math.min(packets.sentMs.length, packets.receivedMs.length); i++) {
    const difference =
      packets.receivedMs[i]! - packets.receivedMs[i - 1]! - (packets.sentMs[i]! - packets.sentMs[i - 1]!);
    jitter += (Math.abs(difference) - jitter) / 16;
  }
  return jitter;
}

/** Nearest-rank percentiles and count. */
export type Distribution = {
  readonly n: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
};

/** {@link Distribution} of values; NaN everywhere when there are none. */
export function distribution(values: readonly number[]): Distribution {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return {
    n: sorted.length,
    p50: at(0.5),
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
    max: sorted.at(-1) ?? Number.NaN,
  };
}
