/**
 * Checks the dependency rule of docs/agent.md over every import of the sources. Prints each import that breaks it; code 1 then.
 *
 *     base <- protocol <- runtime, pack <- stages <- agent, render <- index <- plugins, examples
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const STAGES = ["capture", "perception", "lcu", "generator", "decoder", "frame"];
const CORE = ["base", "protocol", "runtime", "pack"];

/**
 * Part -> the parts whose code it may use, and those of which it may use types only. Within a part everything may use everything.
 * @type {Readonly<Record<string, { code: readonly string[], types?: readonly string[] }>>}
 */
const RULES = {
  base: { code: [] },
  protocol: { code: ["base"] },
  runtime: { code: ["base", "protocol"] },
  pack: { code: ["base", "protocol", "runtime"] },
  // A stage sees the types of the stages before it.
  ...Object.fromEntries(STAGES.map((stage, i) => [stage, { code: CORE, types: STAGES.slice(0, i) }])),
  // Playing speech is the mirror of capturing it and shares its resampler.
  frame: { code: [...CORE, "capture"], types: STAGES.slice(0, STAGES.indexOf("frame")) },
  media: { code: [...CORE, "capture"], types: ["frame"] },
  agent: { code: [...CORE, ...STAGES, "render", "remote/client"] },
  render: { code: [...CORE, ...STAGES, "agent"] },
  // The two ends of a socket share only what travels; the server runs an agent's services, the client knows no stage.
  "remote/wire": { code: CORE },
  "remote/media": { code: [...CORE, "media"] },
  "remote/client": { code: [...CORE, "remote/wire", "remote/media"] },
  "remote/server": { code: [...CORE, ...STAGES, "agent", "media", "remote/wire", "remote/media"] },
  // Measuring looks at what comes out, as anybody may; it runs no stage.
  eval: { code: CORE },
  cli: { code: [...CORE, ...STAGES, "media", "agent", "render", "eval", "plugins", "remote/server"] },
  index: { code: [...CORE, ...STAGES, "agent", "render"] },
  workers: { code: [...CORE, "agent", "capture", "frame", "remote/server"] },
  // Consumers: the package by its name, nothing inside it.
  plugins: { code: [] },
  examples: { code: [] },
};

const IMPORT =
  /\b(import|export)\s+(type\s+)?([^;"'`]*?)\s*from\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/g;

/** The part that a file of the repository belongs to. @param {string} file with forward slashes */
export function partOf(file) {
  const [top, second = "", third = ""] = file.split("/");
  if (top !== "sdk") return top;
  if (second === "remote") return `remote/${third}`;
  return second.replace(/\.(ts|js|json)$/, "").replace(/^(agent|render)(-.*)?$/, "$1");
}

/**
 * The imports of a source that break the rule.
 * @param {string} file path from the repository's root, forward slashes
 * @param {string} source its text
 * @returns {string[]} one message each
 */
export function checkSource(file, source) {
  const part = partOf(file);
  const rule = RULES[part];
  if (rule === undefined) return [`${file}: the part "${part}" has no rule in tools/check-boundaries.mjs`];
  const broken = [];
  for (const [, , typeKeyword, names = "", from, dynamic] of source.matchAll(IMPORT)) {
    const specifier = from ?? dynamic;
    if (specifier === "echo-head" || specifier.startsWith("echo-head/")) {
      if (part !== "plugins" && part !== "examples") broken.push(`${file}: the package does not import itself by name`);
      continue;
    }
    if (!specifier.startsWith(".")) continue;
    const target = partOf(relative("/", join("/", dirname(file), specifier)).replaceAll("\\", "/"));
    if (target === part) continue;
    const inBraces = /^\{([\s\S]*)\}$/.exec(names.trim())?.[1];
    const typesOnly =
      typeKeyword !== undefined ||
      inBraces?.split(",").every((name) => name.trim() === "" || /^type\s/.test(name.trim()));
    if (rule.code.includes(target) || (typesOnly && rule.types?.includes(target))) continue;
    broken.push(`${file}: ${part} may not use ${typesOnly ? "types" : "code"} of ${target} (${specifier})`);
  }
  return broken;
}

function main() {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const isSource = (file) => file.endsWith(".ts") && !/\.(test|fixture|config|d)\.ts$/.test(file);
  const files = ["sdk", "workers", "plugins", "examples"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .map((file) => `${folder}/${String(file).replaceAll("\\", "/")}`)
      .filter(isSource),
  );
  const broken = files.flatMap((file) => checkSource(file, readFileSync(join(root, file), "utf8")));
  for (const line of broken) console.error(line);
  console.log(`boundaries: ${files.length} files, ${broken.length} imports that break the rule`);
  if (broken.length > 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main();
