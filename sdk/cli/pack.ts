import { loadPack } from "../pack/load-pack.js";
import { type PackInfo, packInfo } from "../pack/pack-info.js";
import { type VerifyReport, verifyPack } from "../pack/verify-pack.js";
import type { BackendName } from "../protocol/backend.js";
import { type Command, textOf } from "./command.js";
import { EXIT } from "./exit-codes.js";
import { Progress } from "./progress.js";

const NOTES = [
  "Exit code 3 when the pack is not right; the code in brackets says why (docs/pack.md): pack-not-found,",
  "pack-manifest-invalid, pack-version-unsupported, pack-file-missing, pack-file-corrupt, pack-graph-mismatch,",
  "pack-golden-mismatch.",
];

/** `echo-head pack verify <dir>`. */
export const packVerifyCommand: Command = {
  name: "pack verify",
  summary: "Checks a model pack: manifests, every file's hash, every graph's names, and a golden run of every graph.",
  positionals: ["<dir>"],
  options: {
    backend: {
      value: "<name>",
      choices: ["auto", "cpu", "wasm", "webgpu", "cuda"],
      help: "where the golden runs happen; default auto",
    },
    progress: { help: "tell the progress on stderr also where it is no terminal" },
    json: { help: "print the report, or the error, as JSON" },
  },
  notes: NOTES,
  run: async (values, [folder], io) => {
    const progress = new Progress({ io, forced: values.progress === true });
    try {
      const report = await verifyPack(folder!, {
        backend: (textOf(values, "backend") ?? "auto") as BackendName,
        signal: io.signal,
        onProgress: ({ file, done, total }) => progress.show(() => `${done + 1} of ${total}: ${file}`),
      });
      progress.clear();
      io.out(values.json === true ? `${JSON.stringify(report, undefined, 2)}\n` : verifyText(report));
      return EXIT.ok;
    } finally {
      progress.clear();
    }
  },
};

/** `echo-head pack info <dir>`. */
export const packInfoCommand: Command = {
  name: "pack info",
  summary: "Tells what is in a model pack, from its manifests alone.",
  positionals: ["<dir>"],
  options: { json: { help: "print it as JSON" } },
  notes: NOTES,
  run: async (values, [folder], io) => {
    const info = packInfo(await loadPack(folder!, { signal: io.signal }));
    io.out(values.json === true ? `${JSON.stringify(info, undefined, 2)}\n` : infoText(info));
    return EXIT.ok;
  },
};

function verifyText(report: VerifyReport): string {
  const width = Math.max(...report.graphs.map(({ name }) => name.length)) + 2;
  const rows = report.graphs.map(({ name, golden }) => {
    if (golden === undefined) return `  ${name.padEnd(width)}names and shapes right`;
    return `  ${name.padEnd(width)}off by ${golden.error.toPrecision(2)} in ${golden.tensor}, allowed ${golden.tolerance}`;
  });
  return [
    `${report.name} ${report.version} is right: ${report.files} files, ${megabytes(report.bytes)}, ${report.graphs.length} graphs on ${report.backend}`,
    ...rows,
    `pack hash ${report.hash}`,
    "",
  ].join("\n");
}

function infoText(info: PackInfo): string {
  const { resolution, fps, blockMs, samplerSteps } = info;
  const cost = (gflop: number | undefined, of: string) =>
    gflop === undefined ? "" : `, ${gflop.toPrecision(2)} GFLOP a ${of}`;
  const stage = (name: string, bytes: number, precision: string, rest: string) =>
    `  ${name.padEnd(20)}${megabytes(bytes).padStart(9)}  ${precision}${rest}`;
  return [
    `${info.name} ${info.version}, licence ${info.licence}, ${megabytes(info.bytes)}`,
    info.summary,
    `${resolution.width} x ${resolution.height} pixels, ${fps} fps, blocks of ${blockMs} ms, ${samplerSteps} sampler ${samplerSteps === 1 ? "step" : "steps"}`,
    "",
    "Stages:",
    ...info.stages.map(({ name, bytes, precision, gflopPerRun }) =>
      stage(name, bytes, precision, cost(gflopPerRun, "run")),
    ),
    "",
    "Avatars:",
    ...info.avatars.flatMap(({ id, displayName, licence, isDefault, decoders }) => [
      `  ${id}: ${displayName}, licence ${licence}${isDefault ? ", the default" : ""}`,
      ...decoders.map(
        ({ variant, bytes, precision, gflopPerFrame }) =>
          `  ${stage(`decoder ${variant}`, bytes, precision, cost(gflopPerFrame, "frame"))}`,
      ),
    ]),
    "",
    `pack hash ${info.hash}`,
    "",
  ].join("\n");
}

function megabytes(bytes: number): string {
  return bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
