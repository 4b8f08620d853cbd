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

/** How a program is asked: text on its standard input and sound on its output, or, for flite, both through its arguments and a file. */
type Asked = { readonly args: readonly string[]; readonly file?: string };

/**
 * A voice without a service (Node): espeak-ng or flite as a program of its own, which must be installed. Plain voices, but a tenth of a
 * second from text to sound, on any machine and without a network.
 */
export class ProgramSynthesizer implements SpeechSynthesizer {
  readonly #program: "espeak-ng" | "flite";
  readonly #named: readonly string[];
  readonly #wordsPerMinute: number;

  constructor(options: ProgramSynthesizerOptions = {}) {
    const { program = "espeak-ng", voice, wordsPerMinute = 165 } = options;
    if (program !== "espeak-ng" && program !== "flite")
      throw new TypeError('options.program must be "espeak-ng" or "flite"');
    this.#program = program;
    this.#named = voice === undefined ? [] : [program === "flite" ? "-voice" : "-v", voice];
    this.#wordsPerMinute = wordsPerMinute;
  }

  /** The first of the two programs that is installed; undefined when none is. */
  static async find(options: Omit<ProgramSynthesizerOptions, "program"> = {}): Promise<ProgramSynthesizer | undefined> {
    const { spawnSync } = await node("child_process");
    for (const program of ["espeak-ng", "flite"] as const)
      if (spawnSync(program, ["--version"], { stdio: "ignore" }).error === undefined)
        return new ProgramSynthesizer({ ...options, program });
    return undefined;
  }

  async *synthesize(text: string, { signal }: { signal: AbortSignal }): AsyncGenerator<AudioChunk, void> {
    if (signal.aborted) return;
    const [fs, path, os] = await Promise.all([node("fs/promises"), node("path"), node("os")]);
    const folder = this.#program === "flite" ? await fs.mkdtemp(path.join(os.tmpdir(), "echo-head-voice-")) : undefined;
    const asked = this.#ask(text, folder === undefined ? undefined : path.join(folder, "speech.wav"));
    const reader = new PcmReader();
    try {
      for await (const bytes of this.#run(text, asked, signal)) {
        const audio = reader.push(bytes);
        if (audio !== undefined) yield audio;
      }
      const audio = asked.file === undefined ? undefined : reader.push(await fs.readFile(asked.file));
      if (audio !== undefined) yield audio;
    } catch (cause) {
      if (signal.aborted) return;
      const absent = (cause as NodeJS.ErrnoException).code === "ENOENT";
      const reason = absent ? "it is not installed" : (cause as Error).message;
      throw new EchoError("voice-service-failed", { service: this.#program, reason, cause });
    } finally {
      if (folder !== undefined) await fs.rm(folder, { recursive: true, force: true });
    }
  }

  #ask(text: string, file: string | undefined): Asked {
    // flite opens its output by name, which a pipe from Node has none of. A text after -t is never a switch.
    if (file !== undefined) return { args: [...this.#named, "-t", text, "-o", file], file };
    return { args: [...this.#named, "-s", String(this.#wordsPerMinute), "--stdin", "--stdout"] };
  }

  /** What the program writes to its output, to its end. Throws when it fails. */
  async *#run(text: string, { args }: Asked, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const { spawn } = await node("child_process");
    const child = spawn(this.#program, args, { stdio: ["pipe", "pipe", "pipe"], signal });
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
    try {
      yield* child.stdout as AsyncIterable<Buffer>;
      const code = await ended;
      if (code !== 0) throw new Error(`it ended with code ${code}: ${said.trim()}`);
    } finally {
      child.kill();
    }
  }
}

type NodeModules = {
  "fs/promises": typeof import("node:fs/promises");
  path: typeof import("node:path");
  os: typeof import("node:os");
  child_process: typeof import("node:child_process");
};

/** A module of Node, taken at run time, so that bundlers for browsers never see it. */
async function node<Name extends keyof NodeModules>(name: Name): Promise<NodeModules[Name]> {
  const host = (globalThis as { process?: { getBuiltinModule?(id: string): unknown } }).process;
  const module = host?.getBuiltinModule?.(`node:${name}`);
  if (module === undefined) throw new TypeError("programs can be run in Node only; take OpenAiSynthesizer in a page");
  return module as NodeModules[Name];
}
