import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { describeMachine, type Machine, ownCommit, ownPackage } from "../../sdk/cli/machine.js";
import type { CaptureReport } from "../../sdk/eval/capture-report.js";
import type { QualityLevel } from "../../sdk/index.js";
import { loadPack } from "../../sdk/pack/load-pack.js";
import { writePage } from "../peers/page.js";
import { converse } from "./conversation.js";
import { WHAT } from "./live-page.js";
import { listenInPage } from "./listening.js";
import { converseNatively, listenNatively, type Package } from "./native.js";
import type { PageReport } from "./page.js";
import { measureReactions, type ReactionReports } from "./reaction.js";
import { servePages } from "./site.js";

/** What one set-up gave. */
export type SetupReport = {
  readonly date: string;
  readonly commit: string | undefined;
  readonly machine: Machine;
  readonly pack: { readonly name: string; readonly hash: string };
  readonly turns: number;
  readonly inside: PageReport;
  readonly outside?: CaptureReport;
  readonly reaction?: { readonly quality: QualityLevel } & ReactionReports;
};

/** bench/results/live.json: the last run of each set-up. */
export type LiveResults = Partial<Record<SetupName, SetupReport>>;

type Measured = Pick<SetupReport, "inside" | "outside" | "reaction">;
type Task = { readonly root: string; readonly pack: string; readonly turns: number };

export type SetupName = "native" | "wasm" | "serve" | "serve-half" | "serve-raw";

const SETUPS: Readonly<Record<SetupName, (task: Task) => Promise<Measured>>> = {
  native: runNative,
  wasm: runWasm,
  serve: (task) => runServe(task, { quality: "full" }),
  "serve-half": (task) => runServe(task, { quality: "half-rate", reactions: "quarter-rate" }),
  "serve-raw": (task) => runServe(task, { quality: "full", formats: "raw" }),
};

/** The command; see run.mjs. */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      setup: { type: "string", multiple: true },
      pack: { type: "string", default: "models/echo-nano" },
      turns: { type: "string", default: "8" },
      out: { type: "string", default: "bench/results/live.json" },
      "page-only": { type: "boolean", default: false },
    },
  });
  const { root: own } = ownPackage();
  const root = own === "" ? join(import.meta.dirname, "../..") : own;
  const names = (values.setup ?? Object.keys(SETUPS)) as SetupName[];
  for (const name of names)
    if (!(name in SETUPS)) throw new TypeError(`--setup must be one of ${Object.keys(SETUPS).join(", ")}, not ${name}`);
  const turns = Number(values.turns);
  if (!Number.isInteger(turns) || turns < 1) throw new TypeError(`--turns must be a whole number above 0, not ${values.turns}`);
  for (const name of values["page-only"] ? [] : names) {
    const task = { root, pack: resolve(values.pack), turns };
    const machine = describeMachine(); // its load before the run, not the run's own
    console.error(`${name}: ${WHAT[name]} ...`);
    const { manifest, hash } = await loadPack(task.pack);
    const packName = { name: `${manifest.name} ${manifest.version}`, hash };
    const about = { date: new Date().toISOString(), commit: ownCommit(), machine, pack: packName, turns };
    const measured = await SETUPS[name](task);
    const results: LiveResults = { ...readResults(values.out), [name]: { ...about, ...measured } };
    mkdirSync(dirname(values.out), { recursive: true });
    writeFileSync(values.out, `${JSON.stringify(results, (_, v) => (typeof v === "number" ? Number(v.toPrecision(5)) : v), 1)}\n`);
  }
  writePage(root);
}

function readResults(file: string): LiveResults {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as LiveResults) : {};
}

async function runNative({ root, pack, turns }: Task): Promise<Measured> {
  const made = (await import(pathToFileURL(built(root, "dist/index.js")).href)) as Package;
  const about = { made, pack, folder: join(root, "examples/assets"), quality: "quarter-rate" } as const;
  const inside = await converseNatively({ ...about, turns: Math.min(turns, 5) });
  return { inside, reaction: { quality: about.quality, ...(await measureReactions({ listen: (planned) => listenNatively(about, planned), count: turns })) } };
}

async function runWasm({ root, pack, turns }: Task): Promise<Measured> {
  const site = await servePages({ root, pack });
  try {
    return { ...(await converse(site.url, turns)), reaction: await reactionsInPage(site.listeningUrl, { quality: "eighth-rate" }, turns) };
  } finally {
    site.stop();
  }
}

/** Reactions are measured with pictures that the machine can hold, where `reactions` says so. */
async function runServe({ root, pack, turns }: Task, how: { quality: QualityLevel; formats?: string; reactions?: QualityLevel }): Promise<Measured> {
  const site = await servePages({ root, pack });
  const args = ["serve", "--pack", pack, "--port", "0", "--allow-origin", "*"];
  if (how.formats !== undefined) args.push("--formats", how.formats);
  const server = spawn(process.execPath, [built(root, "dist/cli.js"), ...args], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const remote = await new Promise<string>((found, failed) => {
      server.stdout.on("data", (text) => {
        const address = /renders at (\S+)/.exec(String(text));
        if (address) found(address[1]!);
      });
      server.once("exit", (code) => failed(new Error(`echo-head serve ended with ${code}`)));
    });
    const talked = await converse(`${site.url}?${new URLSearchParams({ remote, quality: how.quality })}`, turns);
    if (how.reactions === undefined) return talked;
    return { ...talked, reaction: await reactionsInPage(site.listeningUrl, { remote, quality: how.reactions }, turns) };
  } finally {
    server.kill("SIGTERM");
    site.stop();
  }
}

async function reactionsInPage(page: string, asked: { quality: QualityLevel; remote?: string }, count: number) {
  const url = `${page}?${new URLSearchParams(asked)}`;
  return { quality: asked.quality, ...(await measureReactions({ listen: (planned) => listenInPage(url, planned), count })) };
}

function built(root: string, file: string): string {
  const path = join(root, file);
  if (!existsSync(path)) throw new Error(`${file} is not there: npm run build`);
  return path;
}
