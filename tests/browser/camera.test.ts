import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ARKIT_INDEX } from "../../sdk/protocol/arkit.js";
import { renderFrames } from "../../sdk/render.js";
import { CHROMIUM_ARGS } from "../../tools/chromium.mjs";
import { buildWorkers } from "../built-workers.js";
import { writeCameraFilm } from "./camera-film.js";
import { chromiumPath } from "./chromium.js";
import { servePage } from "./page-server.js";

const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** The alternative detector is tried where somebody has its package and its model: paths of the folder and of the .task file. */
const { ECHO_HEAD_TASKS_VISION: visionFolder, ECHO_HEAD_FACE_LANDMARKER: modelFile } = process.env;
const detectors = ["face-mesh", ...(visionFolder && modelFile ? (["face-landmarker"] as const) : [])] as const;
/** Frames of the rendered head. */
const FRAMES = 36;
/** Long enough for a few looks where each takes a second: WebGL on a busy processor. */
const SCENE_S = 6;

/** Correlation of two rows of numbers. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = (p: readonly number[], mp: number, q: readonly number[], mq: number): number =>
    p.reduce((sum, v, i) => sum + (v - mp) * (q[i]! - mq), 0);
  return product(a, meanA, b, meanB) / Math.sqrt(product(a, meanA, a, meanA) * product(b, meanB, b, meanB));
}

async function* sound(): AsyncGenerator<Float32Array> {
  // Vowels and pauses: the jaw goes up and down.
  for (let block = 0; block < FRAMES; block++)
    yield Float32Array.from({ length: 640 }, (_, n) => {
      const t = (block * 640 + n) / 16_000;
      const open = Math.max(0, Math.sin(2 * Math.PI * 1.5 * t));
      return 0.3 * open * [1, 2, 3, 4, 5, 6].reduce((sum, k) => sum + Math.sin(2 * Math.PI * 130 * k * t) / k, 0);
    });
}

describe.skipIf(chromiumPath === undefined).each(detectors)(
  "a camera in Chromium, looked at by %s",
  { timeout: 300_000 },
  (detector) => {
    let folder: string;
    let workers: Awaited<ReturnType<typeof buildWorkers>>;
    let site: Awaited<ReturnType<typeof servePage>>;
    let browser: Browser;
    let page: Page;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "echo-head-camera-"));
      const ada = { avatar: "ada", x: 60, y: 20, size: 200 };
      writeCameraFilm(join(folder, "film.y4m"), [
        { seconds: SCENE_S, heads: [ada] },
        { seconds: SCENE_S, heads: [] },
        { seconds: SCENE_S, heads: [ada] },
        {
          seconds: SCENE_S,
          heads: [
            { ...ada, x: 0, size: 160 },
            { ...ada, avatar: "mei", x: 160, size: 160 },
          ],
        },
        { seconds: SCENE_S, heads: [ada], light: 0.03 },
      ]);
      workers = await buildWorkers("browser");
      site = await servePage({
        script: local("./camera-page.ts"),
        folders: {
          "/pack/": local("../../fixtures/tiny-pack"),
          "/ort/": local("../../node_modules/onnxruntime-web/dist"),
          "/workers/": workers.workerUrl,
          "/face-mesh/": local("../../node_modules/@mediapipe/face_mesh"),
          ...(visionFolder && modelFile ? { "/tasks-vision/": visionFolder, "/model/": dirname(modelFile) } : {}),
        },
      });
      const film = `--use-file-for-fake-video-capture=${join(folder, "film.y4m")}`;
      browser = await chromium.launch({
        executablePath: chromiumPath!,
        args: [...CHROMIUM_ARGS, film, "--use-angle=swiftshader"],
      });
      page = await browser.newPage();
      page.on("pageerror", (error) => console.error("page:", error.message));
      await page.goto(site.url);
      await page.waitForFunction(() => window.cameraCalls !== undefined);
      await page.evaluate((kind) => window.cameraCalls.start(kind), detector);
    }, 240_000);
    afterAll(async () => {
      await browser?.close();
      await site?.close();
      workers?.remove();
      rmSync(folder, { recursive: true });
    });

    it("sees somebody come and go, two people, and the dark", async () => {
      const wanted = ["seen 1", "nobody 0", "seen 2", "dark 0"];
      const result = await page.evaluate((words) => window.cameraCalls.watch(words, 200_000), wanted);
      expect(result.seen).toEqual(expect.arrayContaining(wanted));
      expect(result.userPictures.looks).toBeGreaterThan(5);
      expect(result.frames).toBeGreaterThan(20); // the head goes on meanwhile
      expect(result.tracks).toEqual(["live"]); // the stream is the caller's
      expect(result.after).toBe("off");
      expect(result.face).not.toBeNull();
      expect(Math.abs(result.face!.pose.yaw!)).toBeLessThan(0.3); // a head that looks into the camera
      console.log(`${detector}: ${result.userPictures.lookMs.toFixed(0)} ms a look`);
    });

    it("gives a larger model a few small pictures where that was agreed to", async () => {
      const picture = await page.evaluate(() => window.cameraCalls.keyFrame());
      expect(picture).toMatchObject({ kind: "data:image/jpeg;base64", width: 320, height: 240 });
      expect(picture!.count).toBeLessThanOrEqual(3);
    });

    it("reads off a rendered head what it was made of", async () => {
      const pictures: string[] = [];
      const truth: { jaw: number; yaw: number; pitch: number }[] = [];
      const options = { pack: local("../../models/echo-nano"), backend: "cpu", avatarAudio: sound(), seed: 4 } as const;
      for await (const frame of renderFrames(options)) {
        pictures.push(Buffer.from(frame.rgba).toString("base64"));
        const { yawRad: yaw, pitchRad: pitch } = frame.pose;
        truth.push({ jaw: frame.blendshapes[ARKIT_INDEX.jawOpen]!, yaw, pitch });
        frame.close();
      }
      const { faces } = await page.evaluate(([all]) => window.cameraCalls.look(all, 256), [pictures] as const);
      const seen = faces.flatMap((face, i) => (face ? [{ face, made: truth[i]! }] : []));
      expect(seen.length).toBeGreaterThan(0.9 * FRAMES);
      const settled = seen.slice(8); // it learns first how the face is at rest
      const jaw = correlation(
        settled.map(({ face }) => face.blendshapes.jawOpen!),
        settled.map(({ made }) => made.jaw),
      );
      const yawOff = settled.map(({ face, made }) => Math.abs(face.pose.yaw! - made.yaw));
      console.log(
        `${detector}: jawOpen correlation ${jaw.toFixed(2)}, yaw off by ${Math.max(...yawOff).toFixed(3)} rad`,
      );
      expect(jaw).toBeGreaterThan(0.5);
      expect(Math.max(...yawOff)).toBeLessThan(0.15);
    });

    it("says that the camera or the microphone is refused, absent or busy, and the head goes on", async () => {
      const { results, state } = await page.evaluate(() => window.cameraCalls.refused("NotAllowedError"));
      expect(results).toEqual([
        expect.objectContaining({ code: "camera-unavailable", message: expect.stringContaining("refused") }),
        expect.objectContaining({ code: "microphone-unavailable", message: expect.stringContaining("refused") }),
      ]);
      expect(state).toBe("listening");
      const busy = await page.evaluate(() => window.cameraCalls.refused("NotReadableError"));
      expect(busy.results[0]!.message).toContain("another program");
    });

    it.each(["microphone", "camera"] as const)("goes on when the %s is unplugged, and takes it back", async (input) => {
      const result = await page.evaluate((name) => window.cameraCalls.unplug(name), input);
      expect(result).toMatchObject({
        atFirst: true,
        again: true,
        wentOn: true,
        state: "listening",
        stopped: ["ended"],
      });
      expect(result.lost).toEqual([`${input} lost input-lost true`]);
      expect(result.stillLost).toEqual(result.lost); // what cannot be opened yet is tried again with the next change
      expect(result.all).toEqual([`${input} lost input-lost true`, `${input} restored`]);
    });

    it("sees in browsers without track processors too", async () => {
      expect(await page.evaluate(() => window.cameraCalls.withoutTrackProcessor())).toBe("undefined");
      const result = await page.evaluate(() => window.cameraCalls.watch(["seen 1"], 60_000));
      expect(result.seen).toContain("seen 1");
    });

    it("leaves no thread behind", async () => {
      const names = new Set(page.workers().map((worker) => /(\w+)\.worker/.exec(worker.url())?.[1]));
      expect(names).toEqual(new Set(["lcu", "generator", "painter", "tracker"]));
      expect(await page.evaluate(() => window.cameraCalls.stop())).toBe("disposed");
      await expect.poll(() => page.workers().length).toBe(0);
    });
  },
);
