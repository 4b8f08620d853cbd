import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PackFiles } from "../pack/pack-files.fixture.js";
import { verifyPack } from "../pack/verify-pack.js";
import { avatarAddCommand, createAvatarCreateCommand, type RunTraining } from "./avatar.js";
import type { CommandIo } from "./command.js";
import { runCommandLine } from "./run.js";
import { runTraining } from "./training-process.js";

let folder: string;
let pack: PackFiles;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "echo-head-avatar-"));
  pack = new PackFiles();
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  pack.dispose();
});

type Outcome = { code: number; out: string; err: string };

async function run(args: readonly string[], training?: RunTraining, signal?: AbortSignal): Promise<Outcome> {
  const outcome = { code: -1, out: "", err: "" };
  const io: CommandIo = {
    out: (text) => {
      outcome.out += text;
    },
    err: (text) => {
      outcome.err += text;
    },
    isTty: false,
    signal: signal ?? new AbortController().signal,
  };
  outcome.code = await runCommandLine(args, io, [createAvatarCreateCommand(training), avatarAddCommand]);
  return outcome;
}

/** A clone with a Python that is a shell script. */
function fakeClone(script: string): { root: string; python: string } {
  const root = join(folder, "clone");
  mkdirSync(join(root, "training"), { recursive: true });
  writeFileSync(join(root, "training/requirements.txt"), "");
  const python = join(root, "python");
  writeFileSync(python, `#!/bin/sh\n${script}\n`);
  chmodSync(python, 0o755);
  return { root, python };
}

function inClone(root: string): RunTraining {
  return (options) => runTraining({ ...options, root });
}

/** The tiny pack's "kofi" as a folder of its own under another id, as avatar create writes one. */
function avatarFolder(id: string, figures: Record<string, unknown> = {}): string {
  const target = join(folder, id);
  cpSync(pack.path("avatars/kofi"), target, { recursive: true });
  let text = readFileSync(join(target, "avatar.json"), "utf8").replaceAll("avatars/kofi/", `avatars/${id}/`);
  const avatar = JSON.parse(text);
  cpSync(pack.path(avatar.decoders.full.file), join(target, "decoder-full.onnx"));
  avatar.decoders = { full: { ...avatar.decoders.full, file: `avatars/${id}/decoder-full.onnx` } };
  text = JSON.stringify({ ...avatar, id, displayName: id, card: { figures } });
  writeFileSync(join(target, "avatar.json"), text);
  return target;
}

describe("avatar create", () => {
  let glb: string;
  let args: string[];
  beforeEach(() => {
    glb = join(folder, "robin.glb");
    writeFileSync(glb, "glTF");
    args = ["avatar", "create", "--glb", glb, "--out", join(folder, "out"), "--pack", pack.folder];
  });

  it("hands all it was told to Python and tells progress, notes and result", async () => {
    const { root, python } = fakeClone(
      [
        `echo "$@" > ${folder}/args; pwd > ${folder}/cwd`,
        'echo \'{"stage": "look", "done": 0.5, "total": 1}\'',
        "echo a library prints this",
        'echo \'{"note": "no eyeball found on the left"}\'',
        'echo \'{"result": {"id": "robin", "folder": "/x", "figures": {"headDb": 27.25}}}\'',
      ].join("\n"),
    );
    const options = ["--minutes", "2.5", "--like", "kofi", "--keep-decoder", "--name", "Robin", "--python", python];
    const result = await run([...args, ...options, "--progress", "--json"], inClone(root));
    expect(result).toMatchObject({ code: 0 });
    expect(JSON.parse(result.out)).toEqual({
      id: "robin",
      folder: "/x",
      figures: { headDb: 27.25 },
      notes: ["no eyeball found on the left"],
    });
    expect(result.err).toContain("learning how it looks: 50 %");
    const given = readFileSync(join(folder, "args"), "utf8");
    expect(given).toContain(`-m training.avatar create --json --glb ${glb}`);
    expect(given).toContain(`--pack ${pack.folder} --name Robin --like kofi --minutes 2.5 --keep-decoder`);
    expect(readFileSync(join(folder, "cwd"), "utf8").trim()).toBe(root);
  });

  it("says what is wrong with a head: exit code 2, file and rule", async () => {
    const refusal = JSON.stringify({ error: { file: glb, rule: "must have morph targets with ARKit names" } });
    const { root, python } = fakeClone(`echo '${refusal}'; exit 2`);
    const result = await run([...args, "--python", python], inClone(root));
    expect(result.code).toBe(2);
    expect(result.err).toBe(
      `echo-head avatar create: ${glb}, the file: must have morph targets with ARKit names [input-invalid]\n`,
    );
  });

  it("says how to get what Python lacks", async () => {
    const refusal = JSON.stringify({
      error: { rule: "needs the packages: No module named 'torch'", package: "torch" },
    });
    const { root, python } = fakeClone(`echo "${refusal.replaceAll('"', '\\"')}"; exit 5`);
    const absent = await run([...args, "--python", python], inClone(root));
    expect(absent.code).toBe(1);
    expect(absent.err).toMatch(
      /No module named 'torch'; run .*pip install -r .*requirements\.txt \[training-unavailable\]/,
    );
    const nowhere = await run([...args, "--python", join(folder, "no-python")], inClone(root));
    expect(nowhere.err).toMatch(/does not start .*name one with --python \[training-unavailable\]/);
    const installed = await run([...args, "--python", python], inClone(join(folder, "node_modules")));
    expect(installed.err).toContain("run this in a clone of the repository [training-unavailable]");
  });

  it("tells the end of what a crashed training wrote", async () => {
    const { root, python } = fakeClone("echo 'MemoryError: too large' >&2; exit 1");
    const result = await run([...args, "--python", python], inClone(root));
    expect(result.code).toBe(1);
    expect(result.err).toContain("exit code 1: MemoryError: too large [training-failed]");
  });

  it("stops Python on Ctrl-C", async () => {
    const { root, python } = fakeClone(
      `trap 'echo stopped > ${folder}/stopped; exit 1' TERM\necho '{"stage": "head"}'\nwhile :; do sleep 0.05; done`,
    );
    const stop = new AbortController();
    const training: RunTraining = (options) => runTraining({ ...options, root, onProgress: () => stop.abort() });
    const result = await run([...args, "--python", python], training, stop.signal);
    expect(result.code).toBe(130);
    expect(existsSync(join(folder, "stopped"))).toBe(true);
  });

  it.each([
    [["--minutes", "0"], "--minutes must be a number from 0.05 to 600"],
    [["--glb", "head.obj"], "--glb must end in .glb, .vrm or .gltf"],
    [["--glb", "absent.glb"], "--glb must be a file, there is no absent.glb"],
    [["--pack", "https://example.org/pack/"], "--pack must be a folder or echo-nano"],
  ])("refuses %j before anything runs", async (wrong, rule) => {
    const result = await run([...args, ...wrong], () => Promise.reject(new Error("it ran")));
    expect(result.code).toBe(2);
    expect(result.err).toContain(rule);
  });
});

describe("avatar add", () => {
  it("puts a folder into a pack that then verifies whole", { timeout: 120_000 }, async () => {
    const result = await run(["avatar", "add", avatarFolder("robin"), "--pack", pack.folder]);
    expect(result).toEqual({ code: 0, out: `added "robin" in ${pack.folder}\n`, err: "" });
    const report = await verifyPack(pack.folder, { backend: "cpu" });
    expect(report.graphs.map(({ name }) => name)).toContain("decoder (robin/full)");
    expect(readdirSync(pack.path("avatars")).sort()).toEqual(["ada", "kofi", "robin"]);
  });

  it("lets an older one go only when told to", async () => {
    const own = avatarFolder("robin");
    expect((await run(["avatar", "add", own, "--pack", pack.folder])).code).toBe(0);
    const again = await run(["avatar", "add", own, "--pack", pack.folder]);
    expect(again.code).toBe(2);
    expect(again.err).toContain("must be new to the pack, or --replace given: ");
    const replaced = await run(["avatar", "add", own, "--pack", pack.folder, "--replace"]);
    expect(replaced.out).toBe(`replaced "robin" in ${pack.folder}\n`);
  });

  it("refuses what does not fit and leaves the pack as it was", async () => {
    const before = readFileSync(pack.path("manifest.json"), "utf8");
    const foreign = await run([
      "avatar",
      "add",
      avatarFolder("foreign", { motionSpace: "0".repeat(64) }),
      "--pack",
      pack.folder,
    ]);
    expect(foreign.code).toBe(2);
    expect(foreign.err).toContain("it was fitted to another training");
    const damaged = avatarFolder("damaged");
    writeFileSync(join(damaged, "decoder-full.onnx"), "no graph");
    expect((await run(["avatar", "add", damaged, "--pack", pack.folder])).err).toContain("SHA-256 differs");
    const shared = await run(["avatar", "add", pack.path("avatars/ada"), "--pack", pack.folder, "--replace"]);
    expect(shared.err).toContain("must be under avatars/ada/");
    expect((await run(["avatar", "add", join(folder, "absent"), "--pack", pack.folder])).err).toContain(
      "[input-unreadable]",
    );
    const nowhere = await run(["avatar", "add", damaged, "--pack", join(folder, "absent")]);
    expect(nowhere.code).toBe(3);
    expect(readFileSync(pack.path("manifest.json"), "utf8")).toBe(before);
    expect(readdirSync(pack.path("avatars")).sort()).toEqual(["ada", "kofi"]);
  });
});
