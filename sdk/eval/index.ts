/** The metrics of the paper and of real-time media, as the entry echo-head/eval. Definitions: docs/eval.md. */

export { type CaptureReport, captureReport, type PageCapture } from "./capture-report.js";
export {
  average,
  concordance,
  type LaggedCorrelation,
  laggedCorrelation,
  pearson,
  type Reactiveness,
  reactiveness,
  reactivenessByDimension,
} from "./correlation.js";
export { dynamicTimeWarping } from "./dynamic-time-warping.js";
export {
  EMOTION_PROMPT,
  type EmotionAnswer,
  type EmotionVerdict,
  type JudgedVideo,
  type JudgeEndpoint,
  judgeEmotion,
  parseVerdict,
} from "./emotion-judge.js";
export { type Distribution, distribution, type FrameTiming, frameTiming, networkJitter } from "./frame-timing.js";
export {
  expectedBias,
  fitGaussian,
  frechetDistance,
  frechetOfSamples,
  type Gaussian,
  type Rows,
} from "./frechet.js";
export type {
  FrechetFigure,
  GroupFigures,
  ReactivenessFigure,
  ShannonFigure,
  SynchronyFigure,
} from "./group-figures.js";
export { type AffineMap, ARCFACE_POINTS, cosineSimilarity, type Point, similarityTransform } from "./identity.js";
export { type LipSync, lipSync, windowCount } from "./lip-sync.js";
export { LiveRecorder, type RecordedAgent, type RecordedFrame } from "./live-recorder.js";
export { type DropCounters, type LiveEvent, type LiveReport, liveReport } from "./live-report.js";
export { mfcc, SYNCNET_MFCC } from "./mfcc.js";
export {
  jerkiness,
  meanSquaredError,
  pairFrames,
  populationVariance,
  stepDifference,
  type VariationKind,
  variation,
} from "./motion.js";
export {
  evaluateMotion,
  fitMotionCentroids,
  type MotionCentroids,
  type MotionReport,
  type MotionSequence,
} from "./motion-report.js";
export {
  type FeatureGroups,
  type FeatureSpace,
  featureGroups,
  type GroupName,
  type MotionTrack,
  parseMotionCsv,
  resampleTrack,
  selectColumns,
} from "./motion-track.js";
export { MeasuringNet, type NetDescription } from "./net.js";
export { type Picture, type PictureSpec, pictureTensor, warpPicture } from "./picture.js";
export {
  clipDistance,
  type FeatureDistance,
  frameDistance,
  type IdentitySimilarity,
  identitySimilarity,
  type LipSyncReport,
  lipSyncOfVideo,
  type Pictures,
} from "./picture-report.js";
export { type Pooling, PRESETS, type Preset, type PresetName } from "./presets.js";
export { APPROPRIATENESS, type RatingItem, type RatingStudy, ratingPage } from "./rating-page.js";
export {
  parseRatings,
  type Rating,
  type RatingKey,
  type SystemRating,
  scoreRatings,
} from "./rating-scores.js";
export {
  acrossSpeakerDiversity,
  facialCorrelation,
  facialDistance,
  facialSynchrony,
  facialVariance,
  type Predictions,
  REACT_PARTS,
  reactionDistance,
  withinSpeakerDiversity,
} from "./react.js";
export {
  type Centroids,
  clusterHistogram,
  entropyBits,
  fitCentroids,
  hashCentroids,
  SID_EPSILON,
  shannonIndex,
} from "./shannon-index.js";
