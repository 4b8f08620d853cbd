import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
/** What is fetched or made, not written. */
const OTHERS = /^(node_modules|dist|build|coverage|\..*|__pycache__)$/;

function textsIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return OTHERS.test(entry.name) ? [] : textsIn(path);
    return path.endsWith(".md") ? [path] : [];
  });
}

it("every link of a text of this repository leads somewhere", () => {
  const texts = textsIn("");
  expect(texts.length).toBeGreaterThan(30);
  const broken: string[] = [];
  for (const text of texts) {
    for (const [, target] of readFileSync(join(root, text), "utf8").matchAll(/\]\(([^)#\s]+)(?:#[^)\s]*)?\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue; // another site
      if (!existsSync(join(root, normalize(join(dirname(text), target!))))) broken.push(`${text}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});
