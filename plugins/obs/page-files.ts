import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";

/** The overlay page. Its own background is clear: OBS injects its CSS only after the page has loaded. */
export function overlayHtml(): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <link rel="icon" href="data:," />
    <title>echo-head overlay</title>
    <style>
      html, body { margin: 0; height: 100%; overflow: hidden; background: transparent; }
      #head { position: absolute; left: 50%; bottom: 0; transform-origin: 50% 100%; opacity: 0; transition: opacity 250ms; }
      #head.live { opacity: 1; }
      #captions { position: absolute; left: 4%; right: 4%; bottom: 4%; text-align: center; font: 600 5vmin/1.3 system-ui, sans-serif;
        color: #fff; text-shadow: 0 0 0.25em #000, 0 0 0.25em #000; opacity: 0; transition: opacity 200ms; overflow-wrap: anywhere; }
      #captions.on { opacity: 1; }
      #hud { position: absolute; top: 0; left: 0; margin: 0; padding: 4px 8px; font: 12px/1.4 monospace; color: #fff; background: #000a; white-space: pre; }
    </style>
  </head>
  <body>
    <canvas id="head" width="1" height="1"></canvas>
    <div id="captions" role="status"></div>
    <script type="module" src="/overlay-page.js"></script>
  </body>
</html>
`;
}

/** The page's script as the build leaves it beside this module. @throws Error that says what is missing */
export async function readPageScript(): Promise<string> {
  const file = new URL("./overlay-page.js", import.meta.url);
  if (!existsSync(file)) throw new Error("dist/overlay-page.js is missing: run npm run build");
  return readFile(file, "utf8");
}
