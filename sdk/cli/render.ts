import { open, writeFile } from "node:fs/promises";
import { type AudioFile, openAudioFile } from "../media/audio-file.js";
import { csvHeader, csvRow } from "../media/blendshape-csv.js";
import { readDialogueJson } from "../media/dialogue-json.js";
import { readFaceJsonl } from "../media/face-jsonl.js";
import type { FrameSink } from "../media/frame-sink.js";
import { OutputFiles } from "../media/output-files.js";
import { PngSink } from "../media/png-sink.js";
import { SOUND_RATE_HZ } from "../media/sound-encoder.js";
import { VideoSink } from "../media/video-sink.js";
import { loadWebCodecs } from "../media/webcodecs.js";
import { loadPack } from "../pack/load-pack.js";
import type { Pack } from "../pack/pack.js";
import type { AvatarManifest } from "../pack/types.js";
import type { DialogueTurn } from "../protocol/dialogue.js";
import type { FaceSample } from "../protocol/pose.js";
import type { RenderSummary } from "../render/types.js";
import type { Command, CommandIo } from "./command.js";
import { EXIT } from "./exit-codes.js";
import { durationText, Progress } from "./progress.js";
import { planRender, type RenderPlan } from "./render-plan.js";
import type { RenderFrames } from "./renderer.js";

type Inputs = {
  readonly avatarAudio: AudioFile | undefined;
  readonly userAudio: AudioFile | undefined;
  readonly userFace: readonly FaceSample[] | undefined;
  readonly dialogue: readonly DialogueTurn[] | undefined;
};

/** `echo-head render`. The renderer is a parameter so that tests can do without graphs. */
export function createRenderCommand(frames: RenderFrames): Command {
  return {
    name: "render",
    summary:
      "Renders a head that speaks a recording and listens to another, as a video, a PNG sequence or blendshapes.",
    options: {
      "avatar-audio": {
        value: "<file>",
        help: "what the avatar says: WAV, FLAC, MP3 or Ogg Opus; without it, it listens",
      },
      "user-audio": { value: "<file>", help: "what the user says meanwhile" },
      "user-face": { value: "<face.jsonl>", help: "the user's face: one JSON object a line" },
      dialogue: { value: "<d.json>", help: "what was said, for the avatar's mood" },
      pack: { value: "<name|dir>", help: "the model pack; default echo-nano" },
      avatar: { value: "<id>", help: "who speaks; default: the pack's first choice" },
      backend: {
        value: "<name>",
        choices: ["auto", "cpu", "wasm", "webgpu", "cuda"],
        help: "where the model runs; default auto",
      },
      out: { value: "<file>", help: "out.webm (with alpha), out.mp4, or out.png for a sequence" },
      blendshapes: { value: "<out.csv>", help: "52 ARKit coefficients and the head's pose, one line a frame" },
      stats: { value: "<stats.json>", help: "speed, latency and the time of each stage" },
      progress: { help: "tell the progress on stderr also where it is no terminal" },
      json: { help: "print the statistics as JSON" },
    },
    notes: [
      "Nothing is written unless everything succeeds. Exit codes: 0 done, 1 failed, 2 your input, 3 the pack,",
      "4 the backend, 130 interrupted.",
    ],
    run: async (values, _, io) => {
      const plan = planRender(values);
      const progress = new Progress({ io, forced: values.progress === true });
      const started = performance.now();
      const stats = await render({ plan, frames, io, progress });
      if (values.json === true) io.out(`${JSON.stringify(stats, undefined, 2)}\n`);
      else io.err(`${doneText(plan, stats, (performance.now() - started) / 1000)}\n`);
      return EXIT.ok;
    },
  };
}

/** What goes into stats.json. */
type RenderStats = RenderSummary & {
  readonly pack: string;
  readonly avatar: string;
  readonly width: number;
  readonly height: number;
  readonly durationS: number;
};

async function render(task: {
  plan: RenderPlan;
  frames: RenderFrames;
  io: CommandIo;
  progress: Progress;
}): Promise<RenderStats> {
  const { plan, frames, io, progress } = task;
  progress.show(() => `reading ${plan.pack} and the recordings`);
  const inputs = await readInputs(plan);
  const pack = await loadPack(plan.pack, { signal: io.signal });
  const avatar = pack.avatar(plan.avatar);
  const { fps, sampleRateHz } = pack.manifest.clock;
  const outputs = new OutputFiles();
  const discardNow = () => outputs.discardNow();
  process.once("exit", discardNow);
  try {
    const sink = await openSink(plan, inputs, outputs, fps);
    const csv = plan.blendshapes === undefined ? undefined : await outputs.addFile(plan.blendshapes);
    const statsFile = plan.stats === undefined ? undefined : await outputs.addFile(plan.stats);
    const table = csv === undefined ? undefined : await open(csv, "w");
    const run = frames({
      pack,
      avatar: avatar.id,
      backend: plan.backend,
      avatarAudio: inputs.avatarAudio?.mono({ sampleRateHz }),
      userAudio: inputs.userAudio?.mono({ sampleRateHz }),
      userFace: inputs.userFace,
      dialogue: inputs.dialogue,
      signal: io.signal,
    });
    try {
      const expected = expectedFrames(inputs, fps);
      const startedMs = performance.now();
      await table?.write(csvHeader());
      let next = await run.next();
      for (; next.done !== true; next = await run.next()) {
        const frame = next.value;
        try {
          await sink.add(frame);
          await table?.write(csvRow(frame, fps));
        } finally {
          frame.close();
        }
        const count = frame.index + 1;
        progress.show(() => progressText(count, expected, fps, (performance.now() - startedMs) / 1000));
      }
      await sink.finish();
      const stats = statsOf(next.value, pack, avatar);
      if (statsFile !== undefined) await writeFile(statsFile, `${JSON.stringify(stats, undefined, 2)}\n`);
      io.signal.throwIfAborted();
      await table?.close();
      await outputs.commit();
      return stats;
    } catch (error) {
      await run.return(undefined as never).catch(() => undefined); // lets go of threads and of the recordings
      await sink.cancel();
      await table?.close().catch(() => undefined);
      throw error;
    }
  } finally {
    progress.clear();
    await outputs.discard();
    process.removeListener("exit", discardNow);
  }
}

function statsOf(summary: RenderSummary, pack: Pack, avatar: AvatarManifest): RenderStats {
  return {
    ...summary,
    pack: `${pack.manifest.name} ${pack.manifest.version}`,
    avatar: avatar.id,
    ...avatar.resolution,
    durationS: summary.frames / summary.fps,
  };
}

async function readInputs(plan: RenderPlan): Promise<Inputs> {
  return {
    avatarAudio: plan.avatarAudio === undefined ? undefined : await openAudioFile(plan.avatarAudio),
    userAudio: plan.userAudio === undefined ? undefined : await openAudioFile(plan.userAudio),
    userFace: plan.userFace === undefined ? undefined : await readFaceJsonl(plan.userFace),
    dialogue: plan.dialogue === undefined ? undefined : await readDialogueJson(plan.dialogue),
  };
}

/** The sound of a video is the avatar's own, decoded once more at the rate of the video. */
async function openSink(plan: RenderPlan, inputs: Inputs, outputs: OutputFiles, fps: number): Promise<FrameSink> {
  if (plan.format === "png") return new PngSink({ folder: await outputs.addSequence(plan.out), target: plan.out });
  await loadWebCodecs(plan.out); // before the model is loaded, for it may be absent
  return new VideoSink({
    path: await outputs.addFile(plan.out),
    name: plan.out,
    format: plan.format,
    fps,
    sound: inputs.avatarAudio?.mono({ sampleRateHz: SOUND_RATE_HZ }),
  });
}

/** What the containers promise; only the progress is told from it. */
function expectedFrames({ avatarAudio, userAudio, userFace }: Inputs, fps: number): number {
  const face = userFace?.at(-1)?.timeS;
  const seconds =
    avatarAudio?.durationS ?? Math.max(userAudio?.durationS ?? 0, face === undefined ? 0 : face + 1 / fps);
  return Math.ceil(Number((seconds * fps).toFixed(6)));
}

function progressText(count: number, expected: number, fps: number, seconds: number): string {
  const rate = count / seconds;
  const share = expected > 0 ? ` ${Math.min(100, Math.floor((100 * count) / expected))} %` : "";
  const left = expected > count && seconds > 1 ? `, ${durationText((expected - count) / rate)} left` : "";
  return `frame ${count} of ${expected}${share}, ${(rate / fps).toFixed(2)} x real time${left}`;
}

function doneText(plan: RenderPlan, stats: RenderStats, seconds: number): string {
  return (
    `${plan.out}: ${stats.frames} frames, ${stats.durationS.toFixed(2)} s of ${stats.avatar}, rendered in ` +
    `${durationText(seconds)} on ${stats.backend} (${stats.realTimeFactor.toFixed(2)} x real time)`
  );
}
