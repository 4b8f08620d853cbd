import { findOrInstallChromium, HOW_TO_GET_CHROMIUM } from "./chromium.mjs";

/** Runs once before `npm test`: gets what the tests need beyond `npm ci`. */
export function setup(): void {
  if (findOrInstallChromium() !== undefined) return;
  if (process.env.CI) throw new Error(HOW_TO_GET_CHROMIUM);
  console.warn(`\n  The browser tests are SKIPPED. ${HOW_TO_GET_CHROMIUM}\n`);
}
