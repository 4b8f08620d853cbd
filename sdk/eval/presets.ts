import type { VariationKind } from "./motion.js";
import type { GroupName } from "./motion-track.js";

/** Whose counting is followed. */
export type PresetName = "echo-text" | "dim-code" | "dualtalk-code";

/** Over which frames one number is formed. */
export type Pooling = "per-sequence" | "pooled";

/** One way of counting the metrics of motion. */
export type Preset = {
  readonly name: PresetName;
  /** Groups that it measures apart, where the columns have them. */
  readonly groups: readonly GroupName[];
  readonly var: VariationKind;
  readonly varPooling: Pooling;
  readonly sid: {
    readonly k: Readonly<Partial<Record<GroupName, number>>>;
    readonly pooling: Pooling;
    /** DualTalk's code clusters the prediction and scores the truth. */
    readonly argumentsSwapped: boolean;
  };
  readonly rpcc: Pooling;
  /** STS is of DIM and DualTalk only. */
  readonly sts: boolean;
  /** What a reader must know of this preset. */
  readonly remarks: readonly string[];
};

/** The presets. FD and P-FD are by sequence, ddof 1, and then averaged in all of them; the pooled number is always given too. */
export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  "echo-text": {
    name: "echo-text",
    groups: ["exp", "pose"],
    var: "mean-over-dimensions",
    varPooling: "per-sequence",
    sid: { k: { exp: 15, pose: 9 }, pooling: "per-sequence", argumentsSwapped: false },
    rpcc: "per-sequence",
    sts: false,
    remarks: [
      "the paper does not say whether FD and SID are by sequence or pooled: both are given, `value` is by sequence",
      "the paper's printed SID exceeds log2 k for k = 15/9 in places, so its numbers cannot all be of this definition",
    ],
  },
  "dim-code": {
    name: "dim-code",
    groups: ["exp", "pose"],
    var: "flattened",
    varPooling: "pooled",
    sid: { k: { exp: 40, pose: 20 }, pooling: "pooled", argumentsSwapped: false },
    rpcc: "pooled",
    sts: true,
    remarks: [
      "DIM's best-of-10 selection by the truth and its shift of one frame between user and truth are not imitated",
    ],
  },
  "dualtalk-code": {
    name: "dualtalk-code",
    groups: ["exp", "jaw", "head", "pose"],
    var: "mean-over-dimensions",
    varPooling: "per-sequence",
    sid: { k: { exp: 40, jaw: 10, head: 10, pose: 10 }, pooling: "per-sequence", argumentsSwapped: true },
    rpcc: "per-sequence",
    sts: true,
    remarks: ["DualTalk's code swaps the arguments of SID: the prediction is clustered and the truth is scored"],
  },
};
