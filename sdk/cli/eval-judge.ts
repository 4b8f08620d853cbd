import { readFile } from "node:fs/promises";
import { average } from "../eval/correlation.js";
import { type EmotionVerdict, type JudgedVideo, judgeEmotion } from "../eval/emotion-judge.js";
import { type Command, textOf, wholeNumberOf } from "./command.js";
import { pictureFiles } from "./eval-frames.js";
import { EXIT, UsageError } from "./exit-codes.js";
import { Progress } from "./progress.js";

const FPS = 25;

/** `echo-head eval judge`: E-Consis by a multimodal model of your choice. */
export const evalJudgeCommand: Command = {
  name: "eval judge",
  summary: "Scores the emotional consistency of generated and true videos (E-Consis) with a multimodal model.",
  options: {
    frames: { value: "<folder>", help: "generated frames: PNGs, or one folder of them a video" },
    "truth-frames": { value: "<folder>", help: "true frames, laid out alike" },
    endpoint: { value: "<url>", help: "OpenAI-compatible base address, such as http://127.0.0.1:8000/v1" },
    model: { value: "<name>", help: "the model there" },
    "key-variable": { value: "<name>", help: "environment variable with the API key; default: no key is sent" },
    every: { value: "<n>", help: "send every n-th frame; default 12 (about two a second)" },
    repeats: { value: "<n>", help: "answers to average for each pair; default 3" },
    json: { help: "print the report as JSON" },
  },
  notes: [
    "Frames are sent to that address, and nowhere else. Scores depend on the model: state it, and compare within one only.",
  ],
  run: async (values, _, io) => {
    const need = (name: string): string => {
      const text = textOf(values, name);
      if (text === undefined) throw new UsageError(`--${name} is missing`);
      return text;
    };
    const [made, real] = [await pictureFiles(need("frames")), await pictureFiles(need("truth-frames"))];
    const [url, model] = [need("endpoint"), need("model")];
    if (made.length !== real.length)
      throw new UsageError(`--frames holds ${made.length} videos, --truth-frames ${real.length}; they must be pairs`);
    const variable = textOf(values, "key-variable");
    const apiKey = variable === undefined ? undefined : process.env[variable];
    if (variable !== undefined && !apiKey) throw new UsageError(`the environment variable ${variable} is not set`);
    const every = wholeNumberOf(values, "every", 1) ?? 12;
    const repeats = wholeNumberOf(values, "repeats", 1) ?? 3;
    const progress = new Progress({ io, forced: false });
    const pairs: EmotionVerdict[] = [];
    for (const [i, files] of made.entries()) {
      progress.show(() => `pair ${i + 1} of ${made.length}`);
      pairs.push(
        await judgeEmotion({
          endpoint: { url, model, apiKey },
          generated: await readVideo(files, every),
          truth: await readVideo(real[i]!, every),
          repeats,
          signal: io.signal,
        }),
      );
    }
    progress.clear();
    const report = {
      judge: { url, model, every, repeats },
      eConsis: average(pairs.map(({ overall }) => overall)),
      pairs,
    };
    const text = `E-Consis ${report.eConsis.toFixed(2)} of 5 over ${pairs.length} pairs by ${model}, ${repeats} answers each\n`;
    io.out(values.json === true ? `${JSON.stringify(report, undefined, 2)}\n` : text);
    return EXIT.ok;
  },
};

async function readVideo(files: readonly string[], every: number): Promise<JudgedVideo> {
  const kept = files.flatMap((file, i) => (i % every === 0 ? [{ file, timeS: i / FPS }] : []));
  const pictures: string[] = [];
  for (const { file } of kept) pictures.push(`data:image/png;base64,${(await readFile(file)).toString("base64")}`);
  return { pictures, timesS: kept.map(({ timeS }) => timeS) };
}
