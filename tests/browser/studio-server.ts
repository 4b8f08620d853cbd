import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The trained pack where it is, else the tiny one: its pictures are 16 x 16, but they come the same way. */
export const testPack = existsSync(`${root}models/echo-nano/manifest.json`) ? "models/echo-nano" : "fixtures/tiny-pack";

/** Runs `npm start` as a person does, build included, on a free port. @returns its address and how to end it */
export async function startPageServer(): Promise<{ address: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, ["tools/start.mjs", "--no-open", "--port", "0", "--pack", testPack], {
    cwd: root,
  });
  const ended = once(child, "close");
  let output = "";
  const address = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output += chunk;
        const found = /http:\/\/127\.0\.0\.1:\d+\//.exec(output);
        if (found) resolve(found[0]);
      });
    }
    child.once("close", () => reject(new Error(`npm start ended:\n${output}`)));
  });
  return {
    address,
    stop: async () => {
      child.kill("SIGINT");
      await ended;
    },
  };
}
