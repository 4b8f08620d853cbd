/**
 * Tries the package as a stranger gets it: packs it, installs the tarball in an empty folder, imports every entry, checks the
 * types, and renders. Needs a finished build. Code 1 at the first thing that fails.
 *
 *     node tools/packed-smoke.mjs [--pack <folder>]      default pack: the echo-nano that is in the tarball
 */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({ options: { pack: { type: "string", default: "echo-nano" } } });
const pack = values.pack === "echo-nano" ? values.pack : resolve(values.pack);
const folder = mkdtempSync(join(tmpdir(), "echo-head-packed-"));
let passed = 0;

/** @param {string} cwd @param {string} command @param {readonly string[]} args */
function run(cwd, command, args) {
  // As on any machine of a user, but for the download of CUDA libraries (README, "Install").
  const env = { ...process.env, npm_config_onnxruntime_node_install: "skip" };
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: "utf8" });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with code ${status}:\n${stdout}${stderr}`);
  return stdout;
}

/** @param {string} what @param {() => string | undefined} check may give a remark */
function step(what, check) {
  const remark = check();
  passed++;
  console.log(`  ok  ${what}${remark ? ` (${remark})` : ""}`);
}

/** The import names of package.json's exports that are modules. @param {Record<string, string | { import?: string }>} exports */
function entryNames(exports) {
  const modules = Object.entries(exports).filter(([, target]) => typeof target === "object");
  return modules.map(([name]) => name.replace(/^\./, "echo-head"));
}

function main() {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const names = entryNames(manifest.exports);
  let tarball = "";
  step("npm pack", () => {
    const [packed] = JSON.parse(run(root, "npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder]));
    tarball = join(folder, packed.filename);
    const files = packed.files.map((file) => file.path);
    for (const needed of [
      "dist/index.js",
      "dist/index.d.ts",
      "dist/cli.js",
      "dist/lcu.worker.js",
      "dist/generator.worker.js",
      "dist/painter.worker.js",
      "LICENSE",
      "README.md",
    ]) {
      if (!files.includes(needed)) throw new Error(`the tarball lacks ${needed}`);
    }
    const stray = files.find((file) => /(^|\/)(node_modules|training|fixtures|tests)\/|\.test\./.test(file));
    if (stray) throw new Error(`the tarball holds ${stray}`);
    return `${files.length} files, ${(packed.size / 1e6).toFixed(1)} MB`;
  });
  const project = join(folder, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  step("npm install in an empty folder", () => {
    run(project, "npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", tarball]);
    if (!existsSync(join(project, "node_modules/onnxruntime-node")))
      throw new Error("onnxruntime-node was not installed");
  });
  step("the main entry needs no peer dependency", () => {
    run(project, process.execPath, ["--input-type=module", "-e", 'await import("echo-head")']);
  });
  // What a user of the plugin has beside the package.
  mkdirSync(join(project, "node_modules/@babylonjs"), { recursive: true });
  for (const peer of ["@babylonjs/core", "@webgpu/types", "node-osc", "vtubestudio"]) {
    mkdirSync(dirname(join(project, "node_modules", peer)), { recursive: true });
    symlinkSync(join(root, "node_modules", peer), join(project, "node_modules", peer), "junction");
  }
  for (const name of names) {
    step(`import "${name}"`, () => {
      const script = `const m = await import(${JSON.stringify(name)}); console.log(Object.keys(m).length)`;
      const count = Number(run(project, process.execPath, ["--input-type=module", "-e", script]));
      if (!(count > 0)) throw new Error(`${name} exports nothing`);
      return `${count} names`;
    });
  }
  step("types for NodeNext and for bundlers", () => {
    const lines = names.map((name, i) => `import * as m${i} from "${name}";\nexport const n${i}: object = m${i};`);
    writeFileSync(join(project, "use.ts"), `${lines.join("\n")}\n`);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const options = [
      "--noEmit",
      "--strict",
      "--target",
      "es2022",
      "--lib",
      "es2023,dom,dom.iterable,esnext.disposable",
    ];
    for (const [module, resolution] of [
      ["nodenext", "nodenext"],
      ["esnext", "bundler"],
    ]) {
      const args = [...options, "--skipLibCheck", "--module", module, "--moduleResolution", resolution, "use.ts"];
      run(project, process.execPath, [tsc, ...args]);
    }
  });
  step("the usage in README.md has the right types", () => {
    const [, code] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, "README.md"), "utf8")) ?? [];
    if (code === undefined) throw new Error("README.md has no ```ts block");
    const yours = [
      "declare function yourSpeechSynthesis(text: string): Promise<{ pcm: Float32Array; sampleRateHz: number }>;",
      "declare function draw(...frame: unknown[]): void;",
    ];
    writeFileSync(join(project, "readme.ts"), `${code}\n${yours.join("\n")}\n`);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext"];
    run(project, process.execPath, [tsc, ...options, "readme.ts"]);
  });
  step("echo-head render", () => {
    mkdirSync(join(project, "frames"));
    const out = ["--out", "frames/frame.png", "--blendshapes", "head.csv", "--stats", "stats.json"];
    const audio = join(root, "fixtures/audio/speech.flac");
    run(project, "npx", [
      "--no-install",
      "echo-head",
      "render",
      "--avatar-audio",
      audio,
      "--pack",
      pack,
      "--backend",
      "cpu",
      ...out,
    ]);
    const stats = JSON.parse(readFileSync(join(project, "stats.json"), "utf8"));
    const rows = readFileSync(join(project, "head.csv"), "utf8").trim().split("\n").length - 1;
    if (!(stats.frames > 0) || rows !== stats.frames)
      throw new Error(`${stats.frames} frames, ${rows} rows of blendshapes`);
    return `${stats.frames} frames, ${stats.realTimeFactor.toFixed(2)} x real time, ${statSync(join(project, "head.csv")).size} bytes of blendshapes`;
  });
}

let failed = 0;
try {
  main();
} catch (error) {
  failed = 1;
  console.error(`FAILED  ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`packed smoke: ${passed} passed, ${failed} failed`);
