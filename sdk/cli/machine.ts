import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What a figure of speed is worth nothing without. */
export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly platform: string;
  /** Programs that wanted a processor over the last minute; more than the cores means that figures are of a busy machine. */
  readonly load: number;
};

/** The machine that this process runs on. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    load: Math.round(10 * loadavg()[0]!) / 10,
  };
}

/** False where there is surely no GPU to ask: a Linux machine without its device files. Asking there makes drivers print errors. */
export function mayHaveGpu(): boolean {
  return process.platform !== "linux" || existsSync("/dev/dri") || existsSync("/dev/nvidia0");
}

/** Name, version and folder of the package that this file belongs to. */
export function ownPackage(): { version: string; root: string } {
  for (const step of ["../", "../../"]) {
    const root = fileURLToPath(new URL(step, import.meta.url));
    const file = join(root, "package.json");
    if (!existsSync(file)) continue;
    const { name, version } = JSON.parse(readFileSync(file, "utf8")) as { name?: string; version?: string };
    if (name === "echo-head" && version !== undefined) return { version, root };
  }
  return { version: "unknown", root: "" };
}

/** The commit that is checked out, with "+" when files differ from it; undefined outside a clone. */
export function ownCommit(): string | undefined {
  const { root } = ownPackage();
  if (root === "" || !existsSync(join(root, ".git"))) return undefined;
  try {
    const git = (...args: string[]) =>
      execFileSync("git", ["-C", root, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    return `${git("rev-parse", "--short=12", "HEAD")}${git("status", "--porcelain", "-uno") === "" ? "" : "+"}`;
  } catch {
    return undefined;
  }
}
