import { evaluateMotion, fitMotionCentroids } from "../eval/motion-report.js";
import { PRESETS, type PresetName } from "../eval/presets.js";
import { type Command, type OptionValues, textOf } from "./command.js";
import { readCentroids, readSequences, writeJson } from "./eval-inputs.js";
import { evaluatePictures, PICTURE_OPTIONS, wantsPictures } from "./eval-pictures.js";
import { evalText } from "./eval-text.js";
import { EXIT, UsageError } from "./exit-codes.js";
import { ownCommit, ownPackage } from "./machine.js";

/** `echo-head eval`: the paper's metrics of motion, pictures, identity and lips. */
export const evalCommand: Command = {
  name: "eval",
  summary: "Measures generated motion or pictures against the truth with the metrics of the paper.",
  options: {
    pred: { value: "<csv|folder>", help: "generated motion: a file of render --blendshapes, or a folder of them" },
    truth: { value: "<csv|folder>", help: "true motion; in a folder the files have the same names" },
    user: { value: "<csv|folder>", help: "the user's motion: adds P-FD, rPCC and TLCC" },
    preset: { value: "<name>", choices: Object.keys(PRESETS), help: "whose counting; default echo-text" },
    fps: { value: "<n>", help: "bring all tracks to this rate; default: the truth's" },
    centroids: { value: "<json>", help: "frozen centres of SID; default: fitted to the truth given" },
    "save-centroids": { value: "<json>", help: "write the centres of this truth, to share them between runs" },
    ...PICTURE_OPTIONS,
    json: { help: "print the report as JSON" },
  },
  notes: ["Definitions, presets and what may be compared with what: docs/eval.md."],
  run: async (values, _, io) => {
    const fps = positiveNumberOf(values, "fps");
    const [pred, truth] = [textOf(values, "pred"), textOf(values, "truth")];
    if ((pred === undefined) !== (truth === undefined)) throw new UsageError("--pred and --truth go together");
    if (pred === undefined && !wantsPictures(values))
      throw new UsageError("there is nothing to measure: give --pred and --truth, or --frames");
    const report: Record<string, unknown> = { version: ownPackage().version, commit: ownCommit() };
    if (pred !== undefined && truth !== undefined) {
      const preset = (textOf(values, "preset") ?? "echo-text") as PresetName;
      const sequences = await readSequences({ pred, truth, user: textOf(values, "user") });
      const file = textOf(values, "centroids");
      const centroids =
        file === undefined ? await fitMotionCentroids({ sequences, preset, fps }) : await readCentroids(file);
      const save = textOf(values, "save-centroids");
      if (save !== undefined) await writeJson(save, centroids);
      report.motion = await evaluateMotion({ sequences, preset, fps, centroids });
    }
    if (wantsPictures(values)) report.pictures = await evaluatePictures(values, io);
    io.out(values.json === true ? `${JSON.stringify(report, undefined, 2)}\n` : evalText(report));
    return EXIT.ok;
  },
};

function positiveNumberOf(values: OptionValues, name: string): number | undefined {
  const text = textOf(values, name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!(number > 0 && Number.isFinite(number)))
    throw new UsageError(`--${name} must be a number above 0, it is "${text}"`);
  return number;
}
