/**
 * Finds Chromium for the browser tests: $CHROMIUM, then the usual places. On Debian in CI, as root, it is installed when absent.
 *
 *     node tools/chromium.mjs            prints the path, or says how to get it and ends with code 1
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** What to tell somebody who has no Chromium. */
export const HOW_TO_GET_CHROMIUM =
  "Chromium is needed for the browser tests. Debian and Ubuntu: apt-get install chromium. Elsewhere: install Chrome or Chromium, " +
  "and set CHROMIUM to its path if it is not found.";

/** Switches for headless Chromium without a GPU; WebGPU and WebGL run in software there. */
export const CHROMIUM_ARGS = [
  "--no-sandbox",
  "--autoplay-policy=no-user-gesture-required",
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  "--enable-unsafe-swiftshader",
];

/** @returns {string | undefined} the path of an installed Chromium */
export function findChromium() {
  const { CHROMIUM } = process.env;
  if (CHROMIUM) {
    if (!existsSync(CHROMIUM)) throw new Error(`CHROMIUM is ${CHROMIUM}, where there is no file`);
    return CHROMIUM;
  }
  return PLACES.find((place) => existsSync(place));
}

/** Finds Chromium, or installs it where that is ours to do. @returns {string | undefined} */
export function findOrInstallChromium() {
  const found = findChromium();
  const mayInstall = process.env.CI && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
  if (found || !mayInstall) return found;
  console.log("Installing Chromium for the browser tests (apt-get) ...");
  for (const args of [
    ["update", "-qq"],
    ["install", "-qq", "-y", "--no-install-recommends", "chromium"],
  ]) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const { status, stderr } = spawnSync("apt-get", args, { env, encoding: "utf8" });
    if (status !== 0) throw new Error(`apt-get ${args.join(" ")} failed: ${stderr.trim()}`);
  }
  return findChromium();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const path = findOrInstallChromium();
  console.log(path ?? HOW_TO_GET_CHROMIUM);
  if (path === undefined) process.exitCode = 1;
}
