import { average } from "./correlation.js";
import { expectedBias, fitGaussian, frechetDistance } from "./frechet.js";
import { ARCFACE_POINTS, cosineSimilarity, type Point, similarityTransform } from "./identity.js";
import { type LipSync, lipSync, windowCount } from "./lip-sync.js";
import { mfcc, SYNCNET_MFCC } from "./mfcc.js";
import { type MeasuringNet, netProvenance } from "./net.js";
import { type Picture, pictureTensor, warpPicture } from "./picture.js";

/** Pictures that go through a network at once. */
const BATCH = 16;
/** SyncNet's window. */
const WINDOW_FRAMES = 5;
const WINDOW_COLUMNS = 20;

/** A Fréchet distance of network features (FID of frames, FVD of clips). Only comparable with the same network, input rule, ddof and counts. */
export type FeatureDistance = {
  readonly value: number;
  readonly dimensions: number;
  readonly counts: { readonly generated: number; readonly truth: number };
  readonly ddof: 0 | 1;
  /** What two samples of the truth's own Gaussian of these sizes give; a floor, for frames of a video are not independent. */
  readonly knownBias: number;
  readonly net: Record<string, unknown>;
  /** Clips only: frames in a window, and from window to window. */
  readonly clip?: { readonly frames: number; readonly stride: number };
  readonly notes: readonly string[];
};

/** Frames, in order, as a list or one at a time. */
export type Pictures = AsyncIterable<Picture> | Iterable<Picture>;

/** Fréchet distance of frames under a feature network [N, 3, H, W] -> [N, D] (FID when it is the FID Inception network). ddof 1. */
export async function frameDistance(options: {
  net: MeasuringNet;
  generated: Pictures;
  truth: Pictures;
}): Promise<FeatureDistance> {
  const { net, generated, truth } = options;
  return distanceOf(net, await frameFeatures(net, generated), await frameFeatures(net, truth), 1);
}

/** Fréchet distance of clips under a network [N, 3, T, H, W] -> [N, D] (FVD when it is I3D). ddof 0, as StyleGAN-V and cd-fvd count it. */
export async function clipDistance(options: {
  net: MeasuringNet;
  generated: readonly Pictures[];
  truth: readonly Pictures[];
}): Promise<FeatureDistance> {
  const { net, generated, truth } = options;
  const clip = net.description.clip ?? { frames: 16, stride: 16 };
  const [made, real] = [await clipFeatures(net, generated, clip), await clipFeatures(net, truth, clip)];
  return { ...distanceOf(net, made, real, 0), clip };
}

/** CSIM: cosine of face descriptors between each frame and the reference. */
export type IdentitySimilarity = {
  readonly value: number;
  readonly least: number;
  readonly frames: number;
  /** Frames without landmarks, where alignment was asked for: counted, not measured. */
  readonly framesWithoutFace: number;
  readonly aligned: boolean;
  readonly net: Record<string, unknown>;
};

/**
 * CSIM of a video. With `landmarks` (five points a frame: eyes, nose, corners of the mouth, as seen in the picture; null where there is no face)
 * faces are aligned as InsightFace does; without, whole frames are resized, as ViCo does. The report says which.
 */
export async function identitySimilarity(options: {
  net: MeasuringNet;
  generated: Pictures;
  reference: Picture;
  landmarks?:
    | { readonly reference: readonly Point[]; readonly frames: readonly (readonly Point[] | null)[] }
    | undefined;
}): Promise<IdentitySimilarity> {
  const { net, reference, landmarks } = options;
  const face = (picture: Picture, points: readonly Point[] | undefined) =>
    points === undefined
      ? picture
      : warpPicture(picture, similarityTransform(points, ARCFACE_POINTS as Point[]), { width: 112, height: 112 });
  const describeFaces = async (pictures: readonly Picture[]) => {
    const { input } = net.description;
    const shape = [pictures.length, 3, input.height, input.width];
    return (await net.run([{ data: pictureTensor(pictures, input), shape }]))[0]!;
  };
  const [wanted] = await describeFaces([face(reference, landmarks?.reference)]);
  const values: number[] = [];
  let framesWithoutFace = 0;
  let index = 0;
  for await (const picture of options.generated) {
    const points = landmarks?.frames[index++];
    if (points === null || (landmarks !== undefined && points === undefined)) {
      framesWithoutFace++;
      continue;
    }
    const [descriptor] = await describeFaces([face(picture, points)]);
    values.push(cosineSimilarity(descriptor!, wanted!));
  }
  return {
    value: average(values),
    least: values.length === 0 ? Number.NaN : values.reduce((least, value) => Math.min(least, value)),
    frames: values.length,
    framesWithoutFace,
    aligned: landmarks !== undefined,
    net: netProvenance(net),
  };
}

/** LSE-D and LSE-C of a video with its sound, and what they were measured with. */
export type LipSyncReport = LipSync & {
  readonly net: Record<string, unknown>;
  readonly vshift: number;
  readonly notes: readonly string[];
};

/**
 * LSE-D and LSE-C under a SyncNet-shaped network: inputs pictures [N, 3, 5, H, W] and MFCC [N, 1, 13, 20], outputs two descriptors of equal width.
 * `pcm` is 16 kHz mono at int16 scale; video at 25 fps.
 * @throws TypeError when the clip is too short for a window
 */
export async function lipSyncOfVideo(options: {
  net: MeasuringNet;
  pictures: Pictures;
  pcm: ArrayLike<number>;
  vshift?: number;
}): Promise<LipSyncReport> {
  const { net, pcm, vshift = 15 } = options;
  const { input } = net.description;
  const plane = 3 * input.width * input.height;
  const frames: Float32Array[] = [];
  for await (const picture of options.pictures) frames.push(pictureTensor([picture], input));
  const sound = mfcc(pcm);
  const windows = windowCount(frames.length, pcm.length);
  if (windows < 1)
    throw new TypeError(
      `the clip must have more than 5 frames and as much sound; it has ${frames.length} frames, ${pcm.length} samples`,
    );
  const [video, audio]: [Float64Array[], Float64Array[]] = [[], []];
  for (let from = 0; from < windows; from += BATCH) {
    const n = Math.min(BATCH, windows - from);
    const seen = new Float32Array(n * plane * WINDOW_FRAMES); // [n, 3, 5, H, W]
    const heard = new Float32Array(n * SYNCNET_MFCC.coefficients * WINDOW_COLUMNS); // [n, 1, 13, 20]
    for (let i = 0; i < n; i++) {
      for (let t = 0; t < WINDOW_FRAMES; t++)
        for (let c = 0; c < 3; c++) {
          const size = plane / 3;
          const from5 = frames[from + i + t]!.subarray(c * size, (c + 1) * size);
          seen.set(from5, ((i * 3 + c) * WINDOW_FRAMES + t) * size);
        }
      for (let k = 0; k < SYNCNET_MFCC.coefficients; k++)
        for (let t = 0; t < WINDOW_COLUMNS; t++)
          heard[(i * SYNCNET_MFCC.coefficients + k) * WINDOW_COLUMNS + t] =
            sound[Math.min(sound.length - 1, 4 * (from + i) + t)]![k]!;
    }
    const [v, a] = await net.run([
      { data: seen, shape: [n, 3, WINDOW_FRAMES, input.height, input.width] },
      { data: heard, shape: [n, 1, SYNCNET_MFCC.coefficients, WINDOW_COLUMNS] },
    ]);
    video.push(...v!);
    audio.push(...a!);
  }
  const notes = [
    "LSE of our small network says nothing beside SyncNet's numbers: compare with the truth's LSE under the same network",
  ];
  if (windows < 100) notes.push(`${windows} windows: the zero padding of the shifts weighs in below 100 frames (4 s)`);
  return { ...lipSync(video, audio, { vshift }), net: netProvenance(net), vshift, notes };
}

async function frameFeatures(net: MeasuringNet, pictures: Pictures): Promise<Float64Array[]> {
  const { input } = net.description;
  const features: Float64Array[] = [];
  let batch: Picture[] = [];
  const flush = async () => {
    if (batch.length === 0) return;
    const shape = [batch.length, 3, input.height, input.width];
    features.push(...(await net.run([{ data: pictureTensor(batch, input), shape }]))[0]!);
    batch = [];
  };
  for await (const picture of pictures) {
    batch.push(picture);
    if (batch.length === BATCH) await flush();
  }
  await flush();
  return features;
}

async function clipFeatures(
  net: MeasuringNet,
  videos: readonly Pictures[],
  clip: { frames: number; stride: number },
): Promise<Float64Array[]> {
  const { input } = net.description;
  const size = input.width * input.height;
  const features: Float64Array[] = [];
  for (const video of videos) {
    const window: Float32Array[] = [];
    let seen = 0;
    for await (const picture of video) {
      window.push(pictureTensor([picture], input));
      if (window.length > clip.frames) window.shift();
      seen++;
      if (window.length < clip.frames || (seen - clip.frames) % clip.stride !== 0) continue;
      const data = new Float32Array(3 * clip.frames * size); // [1, 3, T, H, W]
      for (const [t, frame] of window.entries())
        for (let c = 0; c < 3; c++) data.set(frame.subarray(c * size, (c + 1) * size), (c * clip.frames + t) * size);
      features.push(...(await net.run([{ data, shape: [1, 3, clip.frames, input.height, input.width] }]))[0]!);
    }
  }
  return features;
}

function distanceOf(net: MeasuringNet, made: Float64Array[], real: Float64Array[], ddof: 0 | 1): FeatureDistance {
  const [a, b] = [fitGaussian(made, { ddof }), fitGaussian(real, { ddof })];
  const value = frechetDistance(a, b);
  const knownBias = expectedBias(b, made.length, real.length);
  const dimensions = a.mean.length;
  const notes: string[] = [];
  if (Math.min(made.length, real.length) <= dimensions)
    notes.push(`covariances are singular: ${made.length} and ${real.length} samples of ${dimensions} dimensions`);
  if (knownBias > 0.1 * value)
    notes.push(`at least ${knownBias.toPrecision(2)} of ${value.toPrecision(3)} is small-sample bias`);
  const counts = { generated: made.length, truth: real.length };
  return { value, dimensions, counts, ddof, knownBias, net: netProvenance(net), notes };
}
