/**
 * Adds to package-lock.json the optional packages of other platforms that npm left out because the registry in use does not have
 * them; without them `npm ci` refuses the lock file, and a Mac would not get its binaries. Run it after `npm install <package>`:
 *
 *     npm run lockfile            `-- --check` only reports, with code 1 when something is absent
 *
 * NOTICE: npm 11 prunes optional dependencies that it could not fetch (npm/cli issue 4828 and its kin). Goes when it does not.
 */
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../package-lock.json", import.meta.url);
const SYSTEMS = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const PROCESSORS = ["arm64", "arm", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "x64"];

/** What the name of a platform's package says: "@x/linux-arm64-musl" is for linux, arm64, musl. @param {string} name */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = PROCESSORS.filter((processor) => words.includes(processor));
  const libc = words.includes("musl") ? ["musl"] : words.some((word) => /^gnu/.test(word)) ? ["glibc"] : [];
  if (words.some((word) => /^(arm|gnueabihf|musleabihf|eabi)$/.test(word)) && cpu.length === 0) cpu.push("arm");
  return { ...(os.length > 0 && { os }), ...(cpu.length > 0 && { cpu }), ...(libc.length > 0 && { libc }) };
}

const lock = JSON.parse(readFileSync(file, "utf8"));
const added = {};
for (const [path, entry] of Object.entries(lock.packages)) {
  if (path === "") continue;
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const places = [`node_modules/${name}`, `${path}/node_modules/${name}`];
    if (!/^\d/.test(version) || places.some((place) => lock.packages[place])) continue;
    const dev = entry.dev ? { dev: true } : entry.devOptional || entry.peer ? { devOptional: true } : {};
    added[places[0]] = { version, ...dev, optional: true, ...platformOf(name) };
  }
}

const names = Object.keys(added);
console.log(`lock file: ${names.length} optional packages of other platforms absent`);
if (process.argv.includes("--check")) {
  if (names.length > 0) process.exitCode = 1;
} else if (names.length > 0) {
  const [root, ...rest] = Object.entries({ ...lock.packages, ...added });
  rest.sort(([a], [b]) => (a < b ? -1 : 1));
  lock.packages = Object.fromEntries([root, ...rest]);
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.log("added them");
}
