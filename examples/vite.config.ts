import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Builds the pages that `npm start` serves into build/examples. */
export default defineConfig({
  root: at("."),
  base: "./",
  publicDir: false,
  logLevel: "warn",
  resolve: {
    alias: [
      // The examples import the package by its name, as a user does; here the name means this build of it.
      { find: /^echo-head$/, replacement: at("../dist/index.js") },
      { find: /^echo-head\/babylon$/, replacement: at("../dist/babylon.js") },
      { find: /^echo-head\/voice$/, replacement: at("../dist/voice.js") },
      { find: /^echo-head\/recorder$/, replacement: at("../dist/recorder.js") },
      { find: /^echo-head\/vrm$/, replacement: at("../dist/vrm.js") },
    ],
  },
  worker: { format: "es" },
  build: {
    outDir: at("../build/examples"),
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"], // light-dark() as it is: what lies over a picture has a scheme of its own
    assetsInlineLimit: 0, // audio worklets are files; as data: addresses they are refused
    chunkSizeWarningLimit: 4000,
    rolldownOptions: {
      input: {
        studio: at("studio/index.html"),
        hello: at("01-hello-head/index.html"),
        devices: at("02-microphone-camera/index.html"),
        game: at("04-babylon-game/index.html"),
        overlay: at("05-obs-overlay/index.html"),
        vrm: at("06-vrm-avatar/index.html"),
        pack: at("07-own-pack/index.html"),
        call: at("08-media-stream-webrtc/index.html"),
        remote: at("03-remote-render/index.html"),
      },
    },
  },
});
