import { type AudioChunk, EchoError } from "echo-head";
import type { SpeechSynthesizer } from "./types.js";
import { PcmReader } from "./wav.js";

/** Options of {@link ProgramSynthesizer}. */
export type ProgramSynthesizerOptions = {
  /** @default "espeak-ng" */
  readonly program?: "espeak-ng" | "flite" | undefined;
  /** Such as "en-gb" (espeak-ng) or "slt" (flite). @default the program's */
  readonly voice?: string | undefined;
  /** Words a minute (espeak-ng only). @default 165 */
  readonly wordsPerMinute?: number | undefined;
};

type ChildProcess = typeof import("node:child_process");

/**
 * A voice without a service (Node): espeak-ng or flite as a program of its own, which must be installed. Plain voices, but a tenth of a
 * second from text to sound, on any machine and without a network.
 */
export class ProgramSynthesizer implements SpeechSynthesizer {
  readonly #command: readonly [program: string, ...args: string[]];

  constructor(options: ProgramSynthesizerOptions = {}) {
    const { program = "espeak-ng", voice, wordsPerMinute = 165 } = options;
    if (program !== "espeak-ng" && program !== "flite")
      throw new TypeError('options.program must be "espeak-ng" or "flite"');
    const named = voice === undefined ? [] : [program === "flite" ? "-voice" : "-v", voice];
    // Both read the text from their input: it cannot be taken for a switch.
    this.#command =
      program === "flite"
        ? ["flite", ...named, "-f", "/dev/stdin", "-o", "/dev/stdout"]
        : ["espeak-ng", ...named, "-s", String(wordsPerMinute), "--stdin", "--stdout"];
  }

  /** The first of the two programs that is installed; undefined when none is. */
  static async find(): Promise<ProgramSynthesizer | undefined> {
    const { spawnSync } = await childProcess();
    for (const program of ["espeak-ng", "flite"] as const)
      if (spawnSync(program, ["--version"], { stdio: "ignore" }).error === undefined)
        return new ProgramSynthesizer({ program });
    return undefined;
  }

  async *synthesize(text: string, { signal }: { signal: AbortSignal }): AsyncGenerator<AudioChunk, void> {
    const { spawn } = await childProcess();
    if (signal.aborted) return;
    const [program, ...args] = this.#command;
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], signal });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    ended.catch(() => {});
    let said = "";
    child.stderr.on("data", (part: Buffer) => {
      said = `${said}${part}`.slice(-300);
    });
    child.stdin.on("error", () => {}); // it may end before it has read everything
    child.stdin.end(text);
    const reader = new PcmReader();
    try {
      for await (const bytes of child.stdout as AsyncIterable<Buffer>) {
        const audio = reader.push(bytes);
        if (audio !== undefined) yield audio;
      }
      const code = await ended;
      if (code !== 0) throw new Error(`it ended with code ${code}: ${said.trim()}`);
    } catch (cause) {
      if (signal.aborted) return;
      const absent = (cause as NodeJS.ErrnoException).code === "ENOENT";
      const reason = absent ? "it is not installed" : (cause as Error).message;
      throw new EchoError("voice-service-failed", { service: program, reason, cause });
    } finally {
      child.kill();
    }
  }
}

/** Taken at run time, so that bundlers for browsers never see it. */
async function childProcess(): Promise<ChildProcess> {
  const node = (globalThis as { process?: { getBuiltinModule?(id: string): unknown } }).process;
  const module = node?.getBuiltinModule?.("node:child_process");
  if (module === undefined) throw new TypeError("programs can be run in Node only; take OpenAiSynthesizer in a page");
  return module as ChildProcess;
}
