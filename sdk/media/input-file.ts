import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { EchoError } from "../base/errors.js";

/** An input that can be read but breaks a rule: which file, where in it, and the rule. Exit code 2 on the command line. */
export function invalidInput(file: string, place: string, rule: string, cause?: unknown): EchoError<"input-invalid"> {
  return new EchoError("input-invalid", { file, place, rule, cause });
}

/**
 * Size in bytes of an input file that exists, is a file, may be read and is not empty.
 * @throws EchoError `input-unreadable` or `input-invalid`
 */
export async function checkInputFile(file: string): Promise<number> {
  const found = await stat(file).catch((cause: NodeJS.ErrnoException) => {
    const absent = cause.code === "ENOENT" || cause.code === "ENOTDIR";
    throw new EchoError("input-unreadable", { file, reason: absent ? "there is no such file" : cause.message, cause });
  });
  if (found.isDirectory()) throw new EchoError("input-unreadable", { file, reason: "it is a folder, not a file" });
  if (!found.isFile()) throw new EchoError("input-unreadable", { file, reason: "it is not a plain file" });
  await access(file, constants.R_OK).catch((cause: Error) => {
    throw new EchoError("input-unreadable", { file, reason: "this user may not read it", cause });
  });
  if (found.size === 0) throw invalidInput(file, "byte 0", "the file is empty");
  return found.size;
}
