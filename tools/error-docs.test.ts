import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { errorDocs } from "./error-docs.js";

const file = new URL("../docs/errors.md", import.meta.url);

it("docs/errors.md is what the table says (npm run docs:errors writes it)", () => {
  if (process.env.WRITE_DOCS) writeFileSync(file, errorDocs());
  expect(readFileSync(file, "utf8")).toBe(errorDocs());
});
