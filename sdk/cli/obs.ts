import type { InstallOptions, InstallReport } from "../../plugins/obs/index.js";
import { type Command, type OptionValues, textOf, wholeNumberOf } from "./command.js";
import { EXIT } from "./exit-codes.js";

/** Makes the source; a test's own, or installOverlay of echo-head/obs. */
export type InstallOverlay = (options: InstallOptions) => Promise<InstallReport>;

/** `echo-head obs install`. */
export function createObsInstallCommand(install: InstallOverlay = installHere): Command {
  return {
    name: "obs install",
    summary: "Makes the overlay's browser source in a running OBS, or brings it up to date, through obs-websocket.",
    options: {
      url: { value: "<ws-url>", help: "obs-websocket; default ws://127.0.0.1:4455" },
      password: { value: "<text>", help: "its password; better: $OBS_WEBSOCKET_PASSWORD" },
      name: { value: "<text>", help: "name of the source; default echo-head" },
      scene: { value: "<name>", help: "scene for a new source; default: the one on air" },
      overlay: { value: "<url>", help: "address of the running overlay; default http://127.0.0.1:8137/" },
      pack: { value: "<name>", help: "a pack of the overlay" },
      avatar: { value: "<id>", help: "the head; default: the overlay's" },
      remote: { value: "<url>", help: "a render server that makes the head in the overlay's place" },
      scale: { value: "<n>", help: "source pixels for a pixel of the head; default: as large as fits" },
      mirror: { help: "show the head mirrored" },
      captions: { help: "show what it says" },
      width: { value: "<px>", help: "of the source; default 512" },
      height: { value: "<px>", help: "of the source; default 512" },
      json: { help: "print the report, or the error, as JSON" },
    },
    notes: [
      "Needs npm install obs-websocket-js, and in OBS: Tools, WebSocket Server Settings, Enable. Run it as often as you like.",
    ],
    run: async (values, _, io) => {
      const report = await install({
        overlayUrl: overlayUrl(values),
        url: textOf(values, "url"),
        password: textOf(values, "password") ?? process.env.OBS_WEBSOCKET_PASSWORD,
        name: textOf(values, "name"),
        scene: textOf(values, "scene"),
        width: wholeNumberOf(values, "width", 16),
        height: wholeNumberOf(values, "height", 16),
      });
      const { result, name, scene, obsVersion } = report;
      if (values.json === true) io.out(`${JSON.stringify(report, undefined, 2)}\n`);
      else io.out(`${result}: "${name}" in scene "${scene}" of OBS ${obsVersion}\n`);
      for (const remark of report.remarks) io.err(`${remark}\n`);
      return EXIT.ok;
    },
  };
}

const installHere: InstallOverlay = async (options) =>
  (await import("../../plugins/obs/index.js")).installOverlay(options);

/** The overlay's address with the page's parameters, as plugins/obs/page/options.ts reads them. */
function overlayUrl(values: OptionValues): string {
  const url = new URL(textOf(values, "overlay") ?? "http://127.0.0.1:8137/");
  for (const key of ["pack", "avatar", "remote", "scale"]) {
    const value = textOf(values, key);
    if (value !== undefined) url.searchParams.set(key, value);
  }
  for (const key of ["mirror", "captions"]) if (values[key] === true) url.searchParams.set(key, "1");
  return url.href;
}
