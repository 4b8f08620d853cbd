import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const folder = fileURLToPath(new URL(".", import.meta.url));
const read = (path: string): string => readFileSync(`${folder}${path}`, "utf8");
const examples = readdirSync(folder).filter((name) => /^\d\d-/.test(name));

describe("the examples", () => {
  it("are numbered without gaps", () => {
    expect(examples.map((name) => Number(name.slice(0, 2)))).toEqual(examples.map((_, i) => i + 1));
    expect(examples.length).toBeGreaterThanOrEqual(8);
  });

  it.each(examples)("%s is short, explained, listed and built", (name) => {
    for (const file of readdirSync(`${folder}${name}`).filter((each) => /\.(ts|mjs|html)$/.test(each)))
      expect(read(`${name}/${file}`).split("\n").length, file).toBeLessThan(150);
    const readme = read(`${name}/README.md`);
    expect(readme, "how to run it").toContain("npm start");
    expect(readme, "when not to use it").toMatch(/^Not for /m);
    expect(read("README.md")).toContain(`](${name}/)`);
    expect(existsSync(`${folder}${name}/index.html`)).toBe(true);
    expect(read("vite.config.ts")).toContain(`${name}/index.html`);
  });
});
