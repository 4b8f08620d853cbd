/** A channel counts as soon as it has been louder than this share (-26 dB) of the loudest one. */
const ACTIVE_SHARE = 0.05;

/**
 * Mixes the channels of a recording to one: the mean of those that carry sound. A voice that lies in one channel of six (the centre of 5.1)
 * keeps its level, as does a voice that lies in all of them; the result never clips. Which channels carry sound is learnt on the way, and
 * a change is faded in over the block that brings it.
 */
export class ChannelMixer {
  readonly #peaks: Float32Array;
  #weights: Float32Array;

  /** @param channels 1 or more */
  constructor(channels: number) {
    this.#peaks = new Float32Array(channels);
    this.#weights = new Float32Array(channels);
  }

  /** The next block, one plane a channel, all of one length: `channels x [n] -> [n]`. */
  mix(planes: readonly Float32Array[]): Float32Array {
    const length = planes[0]!.length;
    const mixed = new Float32Array(length);
    const before = this.#weights;
    const after = this.#learn(planes);
    planes.forEach((plane, channel) => {
      const from = before[channel]!;
      const slope = (after[channel]! - from) / length;
      if (from === 0 && slope === 0) return;
      for (let i = 0; i < length; i++) mixed[i]! += plane[i]! * (from + slope * (i + 1));
    });
    this.#weights = after;
    return mixed;
  }

  #learn(planes: readonly Float32Array[]): Float32Array {
    const wasSilent = this.#peaks.every((peak) => peak === 0);
    planes.forEach((plane, channel) => {
      let peak = this.#peaks[channel]!;
      for (let i = 0; i < plane.length; i++) peak = Math.max(peak, Math.abs(plane[i]!));
      this.#peaks[channel] = peak;
    });
    const loudest = Math.max(...this.#peaks);
    const active = Array.from(this.#peaks, (peak) => loudest > 0 && peak >= ACTIVE_SHARE * loudest);
    const count = active.filter(Boolean).length;
    const weights = Float32Array.from(active, (isActive) => (isActive ? 1 / count : 0));
    // The first sound needs no fade: nothing was heard before it.
    if (wasSilent) this.#weights.set(weights);
    return weights;
  }
}
