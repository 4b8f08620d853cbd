import type { Distribution } from "../../sdk/eval/frame-timing.js";
import type { LiveResults, SetupReport } from "./main.js";
import { EVENTS } from "./reaction.js";

type Row = readonly [figure: string, inside: string, outside: string];

/** What each set-up is; the keys are those of bench/results/live.json. */
export const WHAT: Readonly<Record<keyof LiveResults, string>> = {
  native: "agent in Node on the native processor, no page: frames count when they are handed out, no sound is played",
  wasm: "page in Chromium, everything on WASM in the page's workers",
  serve: "page in Chromium, painted by `echo-head serve` on the same two cores' native processor; listening stays in the page",
  "serve-half": "the same at `quality: \"half-rate\"`: a remote agent stays on the rung that it is given, for this machine's slowness says nothing of a server's",
  "serve-raw": "the same with pictures that are not compressed (`echo-head serve --formats raw`)",
};

/** The lines of docs/benchmarks.md on real time, from bench/results/live.json. */
export function liveLines(results: LiveResults): string[] {
  const names = Object.keys(WHAT) as (keyof LiveResults)[];
  const measured = names.flatMap((name) => (results[name] ? [[name, results[name]] as const] : []));
  if (measured.length === 0) return [];
  const lines = [
    "## Real time",
    "",
    "    npm run build && node bench/live/run.mjs",
    "",
    "A conversation of recorded turns with a page of ours; the answer is at hand when the user ends, so reasoner and synthesiser are not in the figures. Inside: the agent's own log and counters (`LiveRecorder`). Outside: what Chromium composes and its audio graph plays, nothing of the page's own. Times in ms, p50 (p95, n). Definitions: [eval.md](eval.md#real-time).",
    "",
  ];
  for (const [name, report] of measured) lines.push(...setupLines(name, report));
  lines.push(
    "- The browser and the head share the processor, and Chromium has no GPU here: it composes in software, and the screencast that looks at it costs too. No other machine was at hand.",
    "- These cores paint 25 pictures a second with hardly any room (below). A local agent steps down by itself (the ladder of [real-time.md](real-time.md)); a remote one asks for what it was told to, and a server that cannot keep up leaves out pictures: give it `quality`.",
    "- A listener's face moves anyway, so \"after the user begins\" (section 15 of the definitions: any motion over the threshold) is partly chance. The two reactions are not: the same head, from the same seed, listens three times with nobody there and once for each event; the first face that it never showed with nobody there is the reaction (inside: a coefficient off by more than 0.05 from each of those frames; outside: a picture of the page whose face is in none of those). Of the events asked for, as many as turns, those are told that have no reaction within 3 s, and those that do not count because the head was another one before the event in three tries.",
    "- Voice-to-face from outside is the first picture whose mouth changes 1.5 times as much as in the second before: a lively listener hides it, hence the smaller n. An A/V offset whose correlation is under 0.3 is left out.",
    "",
  );
  return lines;
}

function setupLines(name: keyof LiveResults, report: SetupReport): string[] {
  const { inside, outside, reaction, machine, pack, commit, date, turns } = report;
  const { live } = inside;
  const quality = inside.qualityChanges.length === 0 ? "" : `; ladder: ${inside.qualityChanges.map((change) => change.split(":")[0]).join(", ")}`;
  const rows: Row[] = [
    ["first frame", whole(live.firstFrameMs), whole(outside?.firstChangeMs)],
    ["voice-to-voice", spread(live.voiceToVoiceMs), spread(outside?.voiceToVoiceMs)],
    ["voice-to-face", spread(live.voiceToFaceReplyMs), spread(outside?.voiceToFaceMs)],
    ["face moves after the user begins", spread(live.voiceToFaceListeningMs), "-"],
    ...reactionRows(reaction),
    ["barge-in to silence", spread(live.bargeInMs), spread(outside?.bargeInMs)],
    ["A/V offset, sound ahead", spread(name === "native" ? undefined : live.avOffsetMs), offset(outside)],
    ["frames a second; new pictures a second", live.pacing.fps.toFixed(1), outside === undefined ? "-" : outside.pacing.fps.toFixed(1)],
    ["jitter (standard deviation of the gaps)", whole(live.pacing.standardDeviationMs), whole(outside?.pacing.standardDeviationMs)],
    ["frames later than 1.5 frame times", `${(100 * live.deadlineMisses).toFixed(1)} %`, "-"],
    ["freezes", String(live.pacing.freezeCount), outside === undefined ? "-" : String(outside.pacing.freezeCount)],
    ["dropped frames of those made; blocks left out", `${live.drops?.dropped} of ${live.drops?.made}; ${live.drops?.skippedBlocks}`, "-"],
  ];
  return [
    `### ${WHAT[name]}`,
    "",
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, Node ${machine.node}, ${date.slice(0, 10)}, commit ${commit ?? "unknown"}, pack ${pack.name} (${pack.hash.slice(0, 12)}); backend ${inside.backend}, quality at the end ${inside.quality}${quality}; block p50 ${whole(inside.blockMs.p50)}, p95 ${whole(inside.blockMs.p95)} of 160 ms, begun ${whole(inside.leadMs)} ms ahead; ${turns} turns.`,
    "",
    "| figure | inside | outside |",
    "| --- | --- | --- |",
    ...rows.map((row) => `| ${row.join(" | ")} |`),
    "",
  ];
}

const REACTED_TO = { smile: "reaction to somebody who comes with a smile", voice: "reaction to a voice" } as const;

function reactionRows(reaction: SetupReport["reaction"]): Row[] {
  if (reaction === undefined) return [];
  return EVENTS.map((kind): Row => {
    const { events, spoiled, insideMs, outsideMs } = reaction[kind];
    const told = (delays: Distribution | undefined) => (delays === undefined ? "-" : `${spread(delays)}; none ${events - delays.n}, not counted ${spoiled}`);
    return [`${REACTED_TO[kind]}, at ${reaction.quality}`, told(insideMs), told(outsideMs)];
  });
}

/** "310 (455, n 8)"; JSON has null for what is not a number. */
function spread(values: Distribution | undefined): string {
  if (values === undefined || values.n === 0) return "-";
  return `${whole(values.p50)} (${whole(values.p95)}, n ${values.n})`;
}

function offset(outside: SetupReport["outside"]): string {
  const { avOffsetMs, avCorrelation } = outside ?? {};
  return avOffsetMs === undefined || (avCorrelation ?? 0) < 0.3 ? "-" : `${whole(avOffsetMs)} (r ${avCorrelation!.toFixed(2)})`;
}

function whole(value: number | null | undefined): string {
  return value === undefined || value === null || !Number.isFinite(value) ? "-" : value.toFixed(0);
}
