/**
 * Measures a page from outside: opens it in Chromium, looks at its pictures (screencast) and listens to what its audio graph plays.
 *
 *     node bench/live/capture.mjs --url http://127.0.0.1:8080/ [--click "#start"] [--seconds 20] [--face 0.25,0.1,0.5,0.8] [--out live.json]
 *
 * `--face` is the part of the window that holds the head: left, top, width, height in shares; the mouth is its lower middle. `--stimulus "#button"` is clicked every
 * four seconds, and the time to the first marked change of the picture is taken. A check of the tool itself: bench/live/stimulus.html.
 */
import { runBench } from "../bundle.mjs";

await runBench("live", "capture");
