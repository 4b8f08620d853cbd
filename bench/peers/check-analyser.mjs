/**
 * Compares bench/peers/analyser.ts with Chromium's own AnalyserNode on noise and tones, frame by frame at 60 a second: `node bench/peers/check-analyser.mjs`.
 * Prints the largest and the mean difference in steps of 1/255; code 1 when the mean is above 1.
 */
import { createServer } from "node:http";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { CHROMIUM_ARGS, findChromium } from "../../tools/chromium.mjs";

const bundle = await build({
  stdin: { contents: 'export { OfflineAnalyser } from "./analyser.ts";', resolveDir: import.meta.dirname, loader: "ts" },
  bundle: true,
  write: false,
  format: "iife",
  globalName: "bench",
});
const server = createServer((_, response) => response.setHeader("Content-Type", "text/html").end("<!doctype html>"));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_ARGS });
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`); // a secure context is not needed, a page is
  await page.addScriptTag({ content: bundle.outputFiles[0].text });
  const { worst, mean, frames } = await page.evaluate(async () => {
    const rate = 48_000;
    const pcm = Float32Array.from({ length: rate }, (_, n) => {
      const loud = Math.sin((Math.PI * n) / 12_000) ** 2;
      return loud * (0.3 * Math.sin((2 * Math.PI * 220 * n) / rate) + 0.1 * Math.sin(n * n * 1e-5) + 0.05 * (Math.random() - 0.5));
    });
    const context = new OfflineAudioContext(1, pcm.length, rate);
    const buffer = context.createBuffer(1, pcm.length, rate);
    buffer.copyToChannel(pcm, 0);
    const source = context.createBufferSource();
    source.buffer = buffer;
    const analyser = context.createAnalyser();
    source.connect(analyser).connect(context.destination);
    source.start();
    const ours = new bench.OfflineAnalyser({ pcm, fftSize: 2048 });
    const [theirs, mine] = [new Uint8Array(1024), new Uint8Array(1024)];
    let [worst, sum, count, frames] = [0, 0, 0, 0];
    for (let k = 1; k < 59; k++) {
      const quantum = Math.round((k / 60) * rate / 128) * 128; // a context can only stop between quanta
      context.suspend(quantum / rate).then(() => {
        analyser.getByteFrequencyData(theirs);
        ours.heard = quantum;
        ours.getByteFrequencyData(mine);
        for (let i = 0; i < 1024; i++) {
          const difference = Math.abs(theirs[i] - mine[i]);
          worst = Math.max(worst, difference);
          sum += difference;
          count++;
        }
        frames++;
        context.resume();
      });
    }
    await context.startRendering();
    return { worst, mean: sum / count, frames };
  });
  console.log(`${frames} frames: largest difference ${worst} of 255, mean ${mean.toFixed(3)}`);
  if (!(mean < 1)) process.exitCode = 1;
} finally {
  await browser.close();
  server.close();
}
