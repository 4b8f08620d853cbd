import { randomBytes } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { EchoError, reasonOf } from "../base/errors.js";

type Pending = { readonly target: string; readonly temporary: string; readonly isFolder: boolean };

/**
 * All files of one run, written beside their places under temporary names. `commit()` moves them into place; until then, and
 * after `discard()`, nothing is left of them. A file that was there before stays as it was unless the run succeeds.
 */
export class OutputFiles {
  readonly #pending: Pending[] = [];

  /**
   * Reserves a place for `target` and returns the temporary path, an empty file.
   * @throws EchoError `output-unwritable`
   */
  async addFile(target: string): Promise<string> {
    const temporary = await this.#reserve(target, false);
    const handle = await open(temporary, "wx").catch((cause: unknown) => {
      throw unwritable(target, cause);
    });
    await handle.close();
    return temporary;
  }

  /**
   * Reserves a folder whose files go beside `target` on commit, each under its own name; returns the temporary folder.
   * @throws EchoError `output-unwritable`
   */
  async addSequence(target: string): Promise<string> {
    const temporary = await this.#reserve(target, true);
    await mkdir(temporary).catch((cause: unknown) => {
      throw unwritable(target, cause);
    });
    return temporary;
  }

  /** Moves everything into place. @throws EchoError `output-unwritable`; what was not moved yet is then removed */
  async commit(): Promise<void> {
    try {
      for (const { target, temporary, isFolder } of this.#pending) {
        const moved = isFolder
          ? (await readdir(temporary)).map((name) => [join(temporary, name), join(dirname(target), name)] as const)
          : [[temporary, target] as const];
        for (const [from, to] of moved)
          await rename(from, to).catch((cause: unknown) => {
            throw unwritable(to, cause);
          });
        if (isFolder) await rm(temporary, { recursive: true });
      }
      this.#pending.length = 0;
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  /** Removes all that has not been committed. */
  async discard(): Promise<void> {
    for (const { temporary } of this.#pending.splice(0)) await rm(temporary, { recursive: true, force: true });
  }

  /** The same without waiting, for the last moment of a process. */
  discardNow(): void {
    for (const { temporary } of this.#pending.splice(0)) {
      if (existsSync(temporary)) rmSync(temporary, { recursive: true, force: true });
    }
  }

  async #reserve(target: string, isFolder: boolean): Promise<string> {
    const folder = dirname(resolve(target));
    const parent = await stat(folder).catch(() => undefined);
    if (parent === undefined) throw unwritable(target, new Error(`there is no folder ${folder}`));
    if (!parent.isDirectory()) throw unwritable(target, new Error(`${folder} is not a folder`));
    if (!isFolder && (await stat(target).catch(() => undefined))?.isDirectory())
      throw unwritable(target, new Error("it is a folder"));
    const temporary = join(folder, `.${basename(target)}.${randomBytes(4).toString("hex")}.part`);
    this.#pending.push({ target: resolve(target), temporary, isFolder });
    return temporary;
  }
}

/** What the operating system's codes mean to the person who named the file. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  EROFS: "the disk is read-only",
  ENOSPC: "the disk is full",
  ENAMETOOLONG: "the name is too long",
};

function unwritable(file: string, cause: unknown): EchoError<"output-unwritable"> {
  const reason = REASONS[(cause as NodeJS.ErrnoException).code ?? ""] ?? reasonOf(cause);
  return new EchoError("output-unwritable", { file, reason, cause });
}
