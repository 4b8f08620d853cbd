import type { Rows } from "./frechet.js";

/** How well a mouth follows its sound, by SyncNet's rule. */
export type LipSync = {
  /** LSE-D: least mean distance over the shifts. Lower is better. */
  readonly distance: number;
  /** LSE-C: median minus least mean distance. Higher is better. */
  readonly confidence: number;
  /** Frames; positive: the sound leads the picture. */
  readonly offset: number;
  /** Mean distance at each shift, 2 vshift + 1 numbers. */
  readonly meanDistances: readonly number[];
  /** Windows of 5 frames that were compared. */
  readonly windows: number;
};

/** Added to each component inside the norm, as torch.nn.functional.pairwise_distance does. */
const PAIRWISE_EPSILON = 1e-6;

/**
 * LSE-D and LSE-C (Chung & Zisserman 2016, syncnet_python; Prajwal et al. 2020) from embeddings of windows: `video` and `audio` [W, E], one a frame.
 * The audio is padded with `vshift` zero vectors on both sides, so clips much shorter than 2 vshift + 1 frames are contaminated by them.
 * @throws TypeError when there is no window
 */
export function lipSync(video: Rows, audio: Rows, options: { vshift?: number } = {}): LipSync {
  const { vshift = 15 } = options;
  const windows = Math.min(video.length, audio.length);
  if (windows === 0) throw new TypeError("video and audio must have at least one window each");
  const width = video[0]!.length;
  const zeros = new Float64Array(width);
  const meanDistances = Array.from({ length: 2 * vshift + 1 }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < windows; i++) {
      const sound = audio[i + j - vshift] ?? zeros;
      let squared = 0;
      for (let d = 0; d < width; d++) squared += (video[i]![d]! - sound[d]! + PAIRWISE_EPSILON) ** 2;
      sum += Math.sqrt(squared);
    }
    return sum / windows;
  });
  const distance = Math.min(...meanDistances);
  const sorted = [...meanDistances].sort((a, b) => a - b);
  const median = sorted[vshift]!; // 2 vshift + 1 values: the middle one
  return {
    distance,
    confidence: median - distance,
    offset: vshift - meanDistances.indexOf(distance),
    meanDistances,
    windows,
  };
}

/** Windows that SyncNet's protocol compares: min(frames, floor(samples / 640)) - 5, one fewer than there are. */
export function windowCount(frames: number, samples: number): number {
  return Math.max(0, Math.min(frames, Math.floor(samples / 640)) - 5);
}
