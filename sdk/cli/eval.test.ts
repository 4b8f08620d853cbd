import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { csvHeader, csvRow } from "../media/blendshape-csv.js";
import { sine, writeWav } from "../media/wav-writing.fixture.js";
import { evalCommand } from "./eval.js";
import { evalJudgeCommand } from "./eval-judge.js";
import { evalRatingPageCommand, evalRatingsCommand } from "./eval-ratings.js";
import { runCaptured } from "./run-captured.fixture.js";

const NETS = join(import.meta.dirname, "../../fixtures/metrics/nets");
const COMMANDS = [evalJudgeCommand, evalRatingPageCommand, evalRatingsCommand, evalCommand];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "echo-head-eval-"));
});
afterEach(() => rmSync(folder, { recursive: true }));
const at = (...names: string[]) => join(folder, ...names);

async function run(...args: string[]) {
  const ended = await runCaptured(["eval", ...args], COMMANDS);
  return { ...ended, json: () => JSON.parse(ended.out) };
}

/** A face of `frames` frames that opens and shuts its mouth at `hertz`. */
function csv(name: string, hertz: number, frames = 60): string {
  const pose = { yawRad: 0.1, pitchRad: 0, rollRad: 0, x: 0, y: 0, z: 0 };
  const rows = Array.from({ length: frames }, (_, index) => {
    const blendshapes = Float32Array.from({ length: 52 }, (_, d) => 0.5 + 0.3 * Math.sin((index * hertz) / 4 + d));
    return csvRow({ index, blendshapes, pose: { ...pose, yawRad: Math.sin(index * hertz) / 10 } }, 25);
  });
  writeFileSync(at(name), csvHeader() + rows.join(""));
  return at(name);
}

function pngs(name: string, count: number, shade = 0): string {
  mkdirSync(at(name));
  for (let i = 0; i < count; i++) {
    const data = Uint8Array.from({ length: 16 * 16 * 3 }, (_, k) => (k * (i + 3) + shade) % 256);
    const file = at(name, `f-${String(i).padStart(3, "0")}.png`);
    writeFileSync(file, encode({ width: 16, height: 16, data, channels: 3, depth: 8 }));
  }
  return at(name);
}

describe("echo-head eval", () => {
  it("measures motion files as JSON with all that belongs to a figure", async () => {
    const result = await run(
      "--pred",
      csv("a.csv", 1),
      "--truth",
      csv("b.csv", 1.1),
      "--user",
      csv("u.csv", 0.7),
      "--json",
    );
    expect(result.err).toBe("");
    expect(result.code).toBe(0);
    const { motion } = result.json();
    expect(motion).toMatchObject({
      preset: "echo-text",
      featureSpace: "arkit-52",
      fps: 25,
      sequences: 1,
      frameCounts: [60],
    });
    expect(motion.groups.exp.columns).toHaveLength(52);
    expect(motion.groups.exp.sid.centroidHash).toMatch(/^[0-9a-f]{64}$/);
    expect(motion.groups.exp.pfd.ddof).toBe(1);
    expect(motion.notes.length).toBeGreaterThan(2);
  });

  it("pairs folders by file name, freezes centres and says the same with them", async () => {
    for (const name of ["p", "t"]) mkdirSync(at(name));
    for (const clip of ["1.csv", "2.csv"]) {
      csv(`p/${clip}`, 1);
      csv(`t/${clip}`, 1.2);
    }
    const first = await run("--pred", at("p"), "--truth", at("t"), "--save-centroids", at("c.json"), "--json");
    const second = await run("--pred", at("p"), "--truth", at("t"), "--centroids", at("c.json"), "--json");
    expect(first.json().motion.sequences).toBe(2);
    expect(second.json().motion.groups).toEqual(first.json().motion.groups);
    const text = await run("--pred", at("p"), "--truth", at("t"));
    expect(text.out).toMatch(/preset echo-text, arkit-52, 25 fps, 2 sequences, 120 frames/);
    expect(text.out).toMatch(/SID, bits/);
  });

  it("measures pictures with networks given by path", async () => {
    const [made, real] = [pngs("made", 8), pngs("real", 8, 40)];
    writeFileSync(
      at("a.wav"),
      writeWav({ samples: sine({ seconds: 0.5, sampleRateHz: 16_000, hz: 200 }), sampleRateHz: 16_000 }),
    );
    const nets = ["--feature-net", join(NETS, "features.onnx"), "--clip-net", join(NETS, "clips.onnx")];
    const others = ["--face-net", join(NETS, "faces.onnx"), "--sync-net", join(NETS, "syncnet.onnx")];
    const truth = ["--truth-frames", real, "--reference", join(real, "f-000.png"), "--audio", at("a.wav")];
    const result = await run("--frames", made, ...truth, ...nets, ...others, "--json");
    expect(result.err).toBe("");
    const { pictures } = result.json();
    expect(pictures.fid).toMatchObject({ counts: { generated: 8, truth: 8 }, net: { name: "tiny features" } });
    expect(pictures.fvd).toMatchObject({ clip: { frames: 4, stride: 2 }, counts: { generated: 3, truth: 3 } });
    expect(pictures.csim.value).toBeLessThanOrEqual(1);
    expect(pictures.lse).toMatchObject({ windows: 3, vshift: 15 });
  });

  it("measures with our own small networks where they lie, and says how to make them where they do not", async () => {
    const result = await run("--frames", pngs("made", 9), "--truth-frames", pngs("real", 9, 40), "--json");
    if (!existsSync(join(import.meta.dirname, "../../models/eval/features.onnx"))) {
      expect(result.err).toMatch(/--feature-net must be given.*training\/eval_nets makes one/);
      return;
    }
    expect(result.err).toBe("");
    const { fid, fvd } = result.json().pictures;
    expect(fid).toMatchObject({ dimensions: 64, counts: { generated: 9, truth: 9 } });
    expect(fid.net.name).toMatch(/^echo-eval features/);
    expect(fvd).toMatchObject({ dimensions: 128, clip: { frames: 8, stride: 8 }, counts: { generated: 1, truth: 1 } });
    expect(fid.knownBias).toBeGreaterThan(0);
    expect(fid.notes.join()).toMatch(/singular: 9 and 9 samples of 64 dimensions/);
  });

  it.each([
    [[], /nothing to measure/],
    [["--pred", "x.csv"], /--pred and --truth go together/],
    [["--pred", "x.csv", "--truth", "y.csv", "--fps", "0"], /--fps must be a number above 0/],
    [["--pred", "absent.csv", "--truth", "absent.csv"], /there is no such file/],
    [["--preset", "best"], /--preset must be one of echo-text, dim-code, dualtalk-code/],
    [["--frames", "absent"], /--frames needs/],
  ])("refuses %j", async (args, words) => {
    const result = await run(...args);
    expect(result.code).toBe(2);
    expect(result.err).toMatch(words);
  });
});

it("eval judge sends every n-th frame of both videos to the endpoint and averages", async () => {
  const pictures: number[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const parts = JSON.parse(text).messages[0].content as { type: string; image_url?: { url: string } }[];
    pictures.push(parts.filter((part) => part.image_url?.url.startsWith("data:image/png;base64,")).length);
    const content = '{"category": 4, "intensity": 4, "timing": 3, "overall": 4, "reason": "calm"}';
    response.end(JSON.stringify({ choices: [{ message: { content } }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const videos = ["--frames", pngs("made", 7), "--truth-frames", pngs("real", 7)];
    const result = await run(
      "judge",
      ...videos,
      "--endpoint",
      url,
      "--model",
      "m",
      "--every",
      "3",
      "--repeats",
      "2",
      "--json",
    );
    expect(result.err).toBe("");
    expect(result.json()).toMatchObject({ eConsis: 4, judge: { model: "m", every: 3, repeats: 2 } });
    expect(pictures).toEqual([6, 6]); // frames 0, 3, 6 of both
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

it("eval rating-page hides who made what; eval ratings brings it back", async () => {
  for (const name of ["ours.webm", "other.webm", "user.webm"]) writeFileSync(at(name), name);
  const items = [{ clip: "1", user: "user.webm", systems: { ours: "ours.webm", other: "other.webm" } }];
  writeFileSync(at("study.json"), JSON.stringify({ title: "Test", items }));
  const made = await run("rating-page", "--study", at("study.json"), "--out", at("page"), "--key", at("key.json"));
  expect(made.err).toBe("");
  const page = readFileSync(at("page", "index.html"), "utf8");
  expect(page).not.toMatch(/ours|other\.webm/);
  expect(readdirSync(at("page"))).toHaveLength(4); // the page, the user once, two avatars
  const key = JSON.parse(readFileSync(at("key.json"), "utf8")) as Record<string, { system: string }>;
  const rows = Object.entries(key).map(([item, { system }]) => `anna,${item},${system === "ours" ? 5 : 2}`);
  writeFileSync(at("anna.csv"), `rater,item,score\n${rows.join("\n")}\n`);
  const scored = await run("ratings", "--csv", at("anna.csv"), "--key", at("key.json"), "--json");
  expect(scored.json().systems.map(({ system, mean }: { system: string; mean: number }) => [system, mean])).toEqual([
    ["ours", 5],
    ["other", 2],
  ]);
  const leak = await run("rating-page", "--study", at("study.json"), "--out", at("p2"), "--key", at("p2/key.json"));
  expect(leak.err).toMatch(/--key must lie outside of --out/);
});
