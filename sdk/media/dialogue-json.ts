import { readFile } from "node:fs/promises";
import type { DialogueTurn } from "../protocol/dialogue.js";
import { checkInputFile, invalidInput } from "./input-file.js";

/** Ten hours of talk are about 1 MB; a larger file is some other file. */
const LARGEST_BYTES = 16 * 1024 * 1024;
const TURN_KEYS = ["role", "text", "t"];

/**
 * Reads a dialogue: `[{"role": "user" | "avatar", "text": "...", "t": 1.2}]`, `t` in seconds. The turns come back in the order of
 * their times; turns of equal time keep the order of the file.
 * @throws EchoError `input-unreadable`, or `input-invalid` with the place, such as `[2].role`
 */
export async function readDialogueJson(file: string): Promise<DialogueTurn[]> {
  const size = await checkInputFile(file);
  if (size > LARGEST_BYTES)
    throw invalidInput(file, `byte ${LARGEST_BYTES}`, `a dialogue may have at most ${LARGEST_BYTES} bytes`);
  const value = parseJson(file, await readFile(file, "utf8"));
  if (!Array.isArray(value)) throw invalidInput(file, "top level", "must be an array of turns");
  return value.map((turn, index) => checkTurn(file, turn, index)).sort((a, b) => a.timeS - b.timeS);
}

function checkTurn(file: string, turn: unknown, index: number): DialogueTurn {
  const refuse = (key: string, rule: string) => invalidInput(file, `[${index}]${key}`, rule);
  if (typeof turn !== "object" || turn === null || Array.isArray(turn))
    throw refuse("", 'must be an object {"role", "text", "t"}');
  for (const key of Object.keys(turn))
    if (!TURN_KEYS.includes(key)) throw refuse(`.${key}`, `is not a known key; known are ${TURN_KEYS.join(", ")}`);
  const { role, text, t } = turn as Record<string, unknown>;
  if (role !== "user" && role !== "avatar")
    throw refuse(".role", `must be "user" or "avatar", it is ${role === undefined ? "absent" : JSON.stringify(role)}`);
  if (typeof text !== "string" || text.trim() === "") throw refuse(".text", "must be a text that is not empty");
  if (typeof t !== "number" || !Number.isFinite(t) || t < 0)
    throw refuse(
      ".t",
      `must be a number of seconds, 0 or more, it is ${t === undefined ? "absent" : JSON.stringify(t)}`,
    );
  return { role, text, timeS: t };
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = (error as Error).message;
    const line = text.slice(0, errorPosition(text, reason)).split("\n").length;
    throw invalidInput(file, `line ${line}`, `must be JSON: ${reason.replaceAll(/\s+/g, " ")}`, error);
  }
}

/** Where JSON.parse stopped. V8 tells the position except for an unexpected token: there the shortest refused prefix ends in it. */
function errorPosition(text: string, reason: string): number {
  const told = /position (\d+)/.exec(reason);
  if (told !== null) return Number(told[1]);
  if (!reason.startsWith("Unexpected token")) return text.length;
  let good = 0;
  let bad = text.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (hasUnexpectedToken(text.slice(0, middle))) bad = middle;
    else good = middle;
  }
  return good;
}

function hasUnexpectedToken(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return (error as Error).message.startsWith("Unexpected token");
  }
}
