import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const texts = spawnSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" }).stdout.trim().split("\n");

it("every link of a text of this repository leads somewhere", () => {
  expect(texts.length).toBeGreaterThan(30);
  const broken: string[] = [];
  for (const text of texts.filter((file) => existsSync(join(root, file)))) {
    for (const [, target] of readFileSync(join(root, text), "utf8").matchAll(/\]\(([^)#\s]+)(?:#[^)\s]*)?\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue; // another site
      if (!existsSync(join(root, normalize(join(dirname(text), target!))))) broken.push(`${text}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});
