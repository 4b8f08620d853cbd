/**
 * Ten seconds of every avatar of a pack for its card, spoken and heard from the sample conversation (build first):
 *
 *     node tools/card-clips.mjs models/echo-nano        writes models/echo-nano/card/clip-<avatar>.webm, with sound and alpha
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ASSETS = join(ROOT, "examples/assets");
const FROM_S = 5;
const LENGTH_S = 10;
const HEADER_BYTES = 44;

/** Seconds FROM_S to FROM_S + LENGTH_S of a PCM16 WAV file with the plain header of the sample conversation. @param {string} name */
function cut(name) {
  const wav = readFileSync(join(ASSETS, name));
  if (wav.toString("latin1", 36, 40) !== "data") throw new Error(`${name}: expected a header of ${HEADER_BYTES} bytes`);
  const bytesPerSecond = wav.readUInt32LE(28);
  const sound = wav.subarray(
    HEADER_BYTES + FROM_S * bytesPerSecond,
    HEADER_BYTES + (FROM_S + LENGTH_S) * bytesPerSecond,
  );
  const header = Buffer.from(wav.subarray(0, HEADER_BYTES));
  header.writeUInt32LE(HEADER_BYTES - 8 + sound.length, 4);
  header.writeUInt32LE(sound.length, 40);
  return Buffer.concat([header, sound]);
}

/** The same seconds of the user's face. */
function cutFace() {
  const lines = readFileSync(join(ASSETS, "conversation.face.jsonl"), "utf8").trim().split("\n");
  const rows = lines.map((line) => JSON.parse(line)).filter(({ t }) => t >= FROM_S && t < FROM_S + LENGTH_S);
  return rows.map((row) => JSON.stringify({ ...row, t: row.t - FROM_S })).join("\n");
}

/** A third of the bytes, for the repository keeps every clip that it ever had. @param {string} from @param {string} to */
function shrink(from, to) {
  const picture = ["-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-crf", "28", "-b:v", "0"];
  const sound = ["-c:a", "libopus", "-b:a", "32k"];
  execFileSync("ffmpeg", ["-y", "-v", "error", "-c:v", "libvpx-vp9", "-i", from, ...picture, ...sound, to]);
}

const pack = process.argv[2] ?? join(ROOT, "models/echo-nano");
const folder = mkdtempSync(join(tmpdir(), "card-clips-"));
try {
  writeFileSync(join(folder, "avatar.wav"), cut("conversation.avatar.wav"));
  writeFileSync(join(folder, "user.wav"), cut("conversation.user.wav"));
  writeFileSync(join(folder, "face.jsonl"), cutFace());
  mkdirSync(join(pack, "card"), { recursive: true });
  for (const avatar of JSON.parse(readFileSync(join(pack, "manifest.json"), "utf8")).avatars) {
    const full = join(folder, `${avatar}.webm`);
    const given = ["--avatar-audio", "avatar.wav", "--user-audio", "user.wav", "--user-face", "face.jsonl"];
    const cli = [
      join(ROOT, "dist/cli.js"),
      "render",
      "--pack",
      pack,
      "--avatar",
      avatar,
      "--backend",
      "cpu",
      "--out",
      full,
    ];
    execFileSync(
      process.execPath,
      [...cli, ...given.map((part) => (part.startsWith("--") ? part : join(folder, part)))],
      { stdio: "inherit" },
    );
    shrink(full, join(pack, `card/clip-${avatar}.webm`));
  }
} finally {
  rmSync(folder, { recursive: true });
}
