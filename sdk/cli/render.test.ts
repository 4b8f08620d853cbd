import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input } from "mediabunny";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CSV_COLUMNS } from "../media/blendshape-csv.js";
import { sine, writeWav } from "../media/wav-writing.fixture.js";
import { fakeRenderer } from "./fake-renderer.fixture.js";
import { createRenderCommand } from "./render.js";
import type { RenderFrames } from "./renderer.js";
import { runCommandLine } from "./run.js";

const PACK = join(import.meta.dirname, "../../fixtures/tiny-pack");
const SPEECH = join(import.meta.dirname, "../../fixtures/audio/speech.flac");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "echo-head-render-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string) => join(folder, name);

function place(name: string, content: string | Uint8Array): string {
  writeFileSync(at(name), content);
  return at(name);
}

async function run(args: string[], frames: RenderFrames = fakeRenderer(), stop = new AbortController(), isTty = false) {
  let out = "";
  let err = "";
  const io = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    isTty,
    signal: stop.signal,
  };
  const code = await runCommandLine(["render", "--pack", PACK, ...args], io, [createRenderCommand(frames)]);
  return { code, out, err };
}

async function timesOf(path: string, type: "video" | "audio"): Promise<number[]> {
  const input = new Input({ source: new FilePathSource(path), formats: ALL_FORMATS });
  const track = type === "video" ? await input.getPrimaryVideoTrack() : await input.getPrimaryAudioTrack();
  const times: number[] = [];
  if (track !== null)
    for await (const packet of new EncodedPacketSink(track).packets()) times.push(packet.timestamp + packet.duration);
  input.dispose();
  return times;
}

describe("echo-head render", () => {
  it.each(["webm", "mp4"])("writes a .%s with sound as long as the recording", async (extension) => {
    const out = at(`out.${extension}`);
    const result = await run(["--avatar-audio", SPEECH, "--out", out]);
    expect(result).toMatchObject({ code: 0, out: "" });
    expect(result.err).toMatch(/30 frames, 1\.20 s of .* on cpu \(2\.00 x real time\)\n$/);
    expect(await timesOf(out, "video")).toHaveLength(30); // 1.2 s at 25 fps
    const sound = Math.max(...(await timesOf(out, "audio")));
    expect(sound).toBeGreaterThan(1.17);
    expect(sound).toBeLessThan(1.25);
    expect(readdirSync(folder)).toEqual([`out.${extension}`]);
  });

  it("writes PNGs, blendshapes and statistics", async () => {
    const args = ["--avatar-audio", SPEECH, "--out", at("head.png"), "--json", "--backend", "wasm"];
    const result = await run([...args, "--blendshapes", at("b.csv"), "--stats", at("s.json")]);
    expect(result.code).toBe(0);
    const names = Array.from({ length: 30 }, (_, i) => `head-0000${String(i).padStart(2, "0")}.png`);
    expect(readdirSync(folder).sort()).toEqual(["b.csv", ...names, "s.json"]);

    const [header, ...rows] = readFileSync(at("b.csv"), "utf8").trimEnd().split("\n");
    expect(header).toBe(CSV_COLUMNS.join(","));
    expect(header!.split(",")).toHaveLength(60);
    expect(rows).toHaveLength(30);
    rows.forEach((row, i) => {
      const cells = row.split(",").map(Number);
      expect(cells).toHaveLength(60);
      expect(cells[0]).toBe(i);
      expect(cells[1]).toBeCloseTo(i / 25, 9);
      expect(cells.slice(54, 57)).toEqual([0.1, -0.2, 0]);
      expect(cells.every(Number.isFinite)).toBe(true);
    });
    const jaw = rows.map((row) => Number(row.split(",")[header!.split(",").indexOf("jawOpen")]));
    expect(Math.max(...jaw)).toBeGreaterThan(0.3);

    const stats = JSON.parse(readFileSync(at("s.json"), "utf8"));
    expect(JSON.parse(result.out)).toEqual(stats);
    expect(stats).toMatchObject({ frames: 30, fps: 25, backend: "wasm", blockMs: { p50: 1, p95: 2 }, durationS: 1.2 });
    expect(stats.packHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it("only listens without --avatar-audio, silently, as long as the user does", async () => {
    const user = place(
      "u.wav",
      writeWav({ samples: sine({ hz: 200, seconds: 0.5, sampleRateHz: 8_000 }), sampleRateHz: 8_000 }),
    );
    const face = place("f.jsonl", '{"t": 0, "blendshapes": {"jawOpen": 0.2}}\n{"t": 0.36, "blendshapes": {}}\n');
    const dialogue = place("d.json", '[{"role": "user", "text": "Good news!", "t": 0.1}]');
    const args = ["--user-audio", user, "--user-face", face, "--dialogue", dialogue, "--out", at("out.webm")];
    expect((await run(args)).code).toBe(0);
    expect(await timesOf(at("out.webm"), "video")).toHaveLength(13); // ceil(0.5 * 25)
    expect(await timesOf(at("out.webm"), "audio")).toHaveLength(0);
    expect((await run(["--user-face", face, "--out", at("face.webm")])).code).toBe(0);
    expect(await timesOf(at("face.webm"), "video")).toHaveLength(10);
  });

  it("tells its progress in a terminal, or where it is asked to", async () => {
    const wait = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    const args = ["--avatar-audio", SPEECH, "--out", at("o.png")];
    const terminal = await run(args, fakeRenderer({ onFrame: wait }), undefined, true);
    expect(terminal.err).toMatch(
      /^\rreading .*tiny-pack and the recordings *\rframe \d+ of 30 \d+ %, \d+\.\d\d x real time/,
    );
    expect(terminal.err).toMatch(/\r *\r[^\r]*o\.png: 30 frames[^\r]*\n$/); // the line is taken away again
    const log = await run([...args, "--progress"]);
    expect(log.err).toMatch(/^reading .*tiny-pack and the recordings\n/);
    expect((await run(args)).err).toMatch(/^[^\n]*30 frames[^\n]*\n$/);
  });

  it("replaces an older file only on success", async () => {
    const out = place("out.webm", "old");
    expect((await run(["--avatar-audio", SPEECH, "--out", out], fakeRenderer({ failAtFrame: 9 }))).code).toBe(1);
    expect(readFileSync(out, "utf8")).toBe("old");
    expect((await run(["--avatar-audio", SPEECH, "--out", out])).code).toBe(0);
    expect(readFileSync(out).length).toBeGreaterThan(1_000);
    expect(readdirSync(folder)).toEqual(["out.webm"]);
  });

  it.each(["out.webm", "out.mp4", "out.png"])("leaves nothing behind when it is interrupted: %s", async (name) => {
    const stop = new AbortController();
    const frames = fakeRenderer({ onFrame: (index) => index === 12 && stop.abort() });
    const args = ["--avatar-audio", SPEECH, "--out", at(name), "--blendshapes", at("b.csv"), "--stats", at("s.json")];
    expect(await run(args, frames, stop)).toMatchObject({
      code: 130,
      err: "echo-head render: interrupted; nothing was written\n",
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("input that is refused: exit code 2, one line, nothing written", () => {
  async function refuse(args: string[], message: RegExp): Promise<void> {
    const before = readdirSync(folder);
    const { code, err, out } = await run(args);
    expect(err).toMatch(message);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(readdirSync(folder)).toEqual(before);
  }

  it.each<[string, () => string, RegExp]>([
    ["missing", () => at("absent.wav"), /cannot read .*absent\.wav: there is no such file/],
    ["a folder", () => folder, /cannot read .*: it is a folder/],
    ["empty", () => place("e.wav", ""), /e\.wav, byte 0: the file is empty/],
    ["no recording", () => place("t.wav", "hello ".repeat(99)), /t\.wav, byte 0: this is not a WAV/],
    [
      "cut off",
      () => place("c.flac", readFileSync(SPEECH).subarray(0, 20_000)),
      /c\.flac, .* s.*: the recording is cut off/,
    ],
    [
      "not a number at one sample",
      () => {
        const samples = sine({ hz: 200, seconds: 1, sampleRateHz: 16_000 });
        samples[12_000] = Number.NaN;
        return place("n.wav", writeWav({ samples, sampleRateHz: 16_000, coding: "f32" }));
      },
      /n\.wav, 0\.750 s \(sample 12000\), channel 1: samples must be finite numbers, this one is NaN/,
    ],
  ])("a recording that is %s", async (_, path, message) => {
    const file = path();
    for (const option of ["--avatar-audio", "--user-audio"])
      await refuse([option, file, "--out", at("o.webm")], message);
  });

  it("a broken face and a wrong role", async () => {
    const out = ["--out", at("o.webm"), "--blendshapes", at("b.csv")];
    const face = place("f.jsonl", '{"t": 0, "blendshapes": {}}\n{"t": 1, "blendshapes": {"jawOpen": 7}}\n');
    await refuse(
      ["--user-face", face, ...out],
      /f\.jsonl, line 2: "blendshapes\.jawOpen" must be a number from 0 to 1/,
    );
    const dialogue = place("d.json", '[{"role": "host", "text": "Hi", "t": 0}]');
    await refuse(["--avatar-audio", SPEECH, "--dialogue", dialogue, ...out], /d\.json, \[0\]\.role: must be "user" or/);
  });

  it("places that cannot be written", async () => {
    mkdirSync(at("dir.webm"));
    place("plain", "x");
    const audio = ["--avatar-audio", SPEECH, "--out"];
    await refuse([...audio, at("dir.webm")], /cannot write .*dir\.webm: it is a folder/);
    await refuse([...audio, at("none/o.webm")], /cannot write .*o\.webm: there is no folder/);
    await refuse([...audio, at("plain/o.png")], /cannot write .*o\.png: .*plain is not a folder/);
    await refuse([...audio, at("o.webm"), "--stats", at("none/s.json")], /cannot write .*s\.json/);
  });

  it("options that are wrong", async () => {
    const out = ["--out", at("o.webm")];
    await refuse(["--avatar-audio", SPEECH], /--out is missing/);
    await refuse(["--avatar-audio", SPEECH, "--out", at("o.avi")], /--out must end in \.webm, \.mp4 or \.png/);
    await refuse([...out], /nothing says how long to render/);
    await refuse(["--avatar-audio", SPEECH, ...out, "--speed", "2"], /'--speed'; see echo-head render --help/);
    await refuse(["--avatar-audio", SPEECH, ...out, "--backend", "tpu"], /--backend must be one of auto, cpu/);
    await refuse(["--avatar-audio", SPEECH, ...out, "--avatar", "nobody"], /no avatar "nobody" in the pack; it has/);
    await refuse(["--avatar-audio", SPEECH, ...out, "extra"], /"extra" is one word too many/);
    await refuse(["--avatar-audio", "", ...out], /--avatar-audio must not be empty/);
  });

  it("an output that would replace an input", async () => {
    const wav = place("a.webm", writeWav({ samples: new Float32Array(1_600), sampleRateHz: 16_000 }));
    await refuse(["--avatar-audio", wav, "--out", wav], /--out and --avatar-audio are the same file/);
    symlinkSync(wav, at("link.webm"));
    await refuse(["--avatar-audio", wav, "--out", at("link.webm")], /are the same file/);
    const audio = ["--avatar-audio", SPEECH, "--out", at("o.webm")];
    await refuse([...audio, "--stats", at("x"), "--blendshapes", at("x")], /--stats and --blendshapes are the same/);
  });

  it("a pack that is not there is exit code 3, also as JSON", async () => {
    const result = await run(["--pack", at("nopack"), "--avatar-audio", SPEECH, "--out", at("o.webm"), "--json"]);
    expect(result.code).toBe(3);
    expect(JSON.parse(result.out)).toMatchObject({ error: { code: "pack-not-found" } });
  });
});
