import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createVoiceServer } from "../../examples/04-babylon-game/voice-server.mjs";
import { type Overlay, serveOverlay } from "../../plugins/obs/index.js";
import { ProgramSynthesizer } from "../../plugins/voice/index.js";
import { PcmReader, writeWav } from "../../plugins/voice/wav.js";
import { chromiumPath, openChromium } from "./chromium.js";
import { difference, takePicture } from "./picture.js";
import { startPageServer, testPack } from "./studio-server.js";

const READY_MS = 120_000;
const WAIT = { timeout: READY_MS, interval: 300 };

describe.skipIf(chromiumPath === undefined)(`examples 02, 04 and 05 with ${testPack}`, { timeout: 400_000 }, () => {
  let server: Awaited<ReturnType<typeof startPageServer>>;
  let browser: Browser;
  let voice: Server | undefined;
  let overlay: Overlay | undefined;
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await startPageServer();
    browser = await openChromium();
  }, 400_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    voice?.closeAllConnections();
    voice?.close();
    await overlay?.dispose();
  }, 60_000);
  afterEach(() => {
    expect(complaints.splice(0)).toEqual([]);
  });

  async function open(path: string, inside = browser): Promise<Page> {
    const page = await inside.newPage({ viewport: { width: 960, height: 600 } });
    page.setDefaultTimeout(READY_MS);
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(`${server.address}${path}`, { waitUntil: "domcontentloaded" });
    return page;
  }

  it("02 hears the microphone, looks at the camera, and lets them go", async () => {
    const page = await open("02-microphone-camera/");
    await expect.poll(() => page.locator("#answer").textContent(), WAIT).toMatch(/%/); // frames come
    for (const id of ["microphone", "camera"]) {
      await page.locator(`#${id}`).click();
      await page.locator(`#${id}[aria-pressed="true"]`).waitFor();
    }
    // Chromium's test camera shows no face, and its test microphone beeps.
    await expect.poll(() => page.locator("#view").textContent(), WAIT).toBe("nobody");
    expect(await page.locator("#trouble").textContent()).toBe("none");
    await takePicture(page, "example-02");
    await page.locator("#camera").click();
    await page.locator('#camera[aria-pressed="false"]').waitFor();
    await page.close();
  });

  it("04 answers aloud across the counter, turns to the player and can be cut short", async () => {
    voice = createVoiceServer({
      answer: (messages) => `${messages.at(-1)!.content}? Fresh bread, two coppers a loaf. `.repeat(3),
    });
    await new Promise<void>((resolve) => voice!.listen(0, "127.0.0.1", resolve));
    const api = `http://127.0.0.1:${(voice.address() as AddressInfo).port}/v1`;
    const page = await open(`04-babylon-game/?api=${encodeURIComponent(api)}`);
    const state = (name: string) => page.locator("#state", { hasText: name }).waitFor();
    await state("listening");
    await page.waitForTimeout(1_500);
    const before = await takePicture(page, "example-04");
    await page.locator("#text").fill("Do you have bread");
    await page.locator("#say button").click();
    await state("speaking");
    await expect.poll(() => page.locator("#keeper").textContent(), WAIT).toMatch(/Fresh bread/);
    expect(await page.locator("#user").textContent()).toBe("Do you have bread");
    await takePicture(page, "example-04-speaking");
    await page.locator("#text").fill("Stop");
    await page.locator("#say button").click();
    await expect.poll(() => page.locator("#user").textContent(), WAIT).toBe("Stop");
    await expect.poll(() => page.locator("#keeper").textContent(), WAIT).toMatch(/^Stop\?/);
    // Walk to the left: the keeper turns after the player.
    await page.locator("#scene").click({ position: { x: 480, y: 200 } });
    await page.keyboard.down("a");
    await page.waitForTimeout(1_200);
    await page.keyboard.up("a");
    const after = await takePicture(page, "example-04-from-the-left");
    expect(difference(before, after, { x0: 0, y0: 0, x1: 1, y1: 1 }, 20)).toBeGreaterThan(0.1);
    expect(await page.locator("#trouble").textContent()).toBe("");
    await page.close();
  });

  it("04 holds a spoken conversation: hears the microphone, answers, and stops when the player cuts in by voice", async () => {
    const folder = mkdtempSync(join(tmpdir(), "echo-head-microphone-"));
    const microphone = join(folder, "player.wav");
    writeFileSync(microphone, playersVoice(["Do you have bread?", 18, "Wait! Do you have lamps?", 60]));
    const heard = ["Do you have bread?", "Do you have lamps?"];
    const answers: string[] = [];
    const histories: { role: string; content: string }[][] = [];
    const loudness: number[] = [];
    voice?.closeAllConnections();
    voice?.close();
    // The recogniser is a stand-in: it says what was said, for sound in which somebody speaks.
    voice = createVoiceServer({
      transcribe: (wav) => {
        loudness.push(new PcmReader().push(wav)!.pcm.reduce((most, sample) => Math.max(most, sample), 0));
        return heard.shift() ?? "";
      },
      answer: (messages) => {
        histories.push([...messages]);
        const about = /bread|lamps/.exec(messages.at(-1)!.content)![0];
        answers.push(`Of course I have ${about}, the best in the village. `.repeat(12));
        return answers.at(-1)!;
      },
    });
    await new Promise<void>((resolve) => voice!.listen(0, "127.0.0.1", resolve));
    const api = `http://127.0.0.1:${(voice.address() as AddressInfo).port}/v1`;
    const hearing = await openChromium(`--use-file-for-fake-audio-capture=${microphone}%noloop`);
    try {
      const page = await open(`04-babylon-game/?recognizer=whisper-1&api=${encodeURIComponent(api)}`, hearing);
      await page.locator("#state", { hasText: "listening" }).waitFor();
      await page.locator("#talk").click();
      await expect.poll(() => page.locator("#user").textContent(), WAIT).toBe("Do you have bread?");
      await page.locator("#state", { hasText: "speaking" }).waitFor();
      await expect.poll(() => page.locator("#keeper").textContent(), WAIT).toMatch(/have bread/);
      await takePicture(page, "example-04-spoken");
      await expect.poll(() => page.locator("#user").textContent(), WAIT).toBe("Do you have lamps?");
      await expect.poll(() => page.locator("#keeper").textContent(), WAIT).toMatch(/have lamps/);
      // He remembers of the first answer what was heard of it, and that is not all of it.
      const [first] = histories[1]!.filter(({ role }) => role === "assistant");
      expect(first!.content).not.toBe(answers[0]!.trim());
      expect(answers[0]!.startsWith(first!.content.replace(/ …$/, ""))).toBe(true);
      expect(loudness.every((peak) => peak > 0.05)).toBe(true);
      expect(await page.locator("#trouble").textContent()).toBe("");
    } finally {
      await hearing.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("05 shows the overlay over a moving page", async () => {
    const synthesizer = await ProgramSynthesizer.find();
    overlay = await serveOverlay({
      port: 0,
      packs: [testPack],
      pageScript: readFileSync("dist/overlay-page.js", "utf8"), // `npm start` has built it
      synthesize: (text, options) => synthesizer!.synthesize(text, options),
    });
    const page = await open(`05-obs-overlay/?overlay=${encodeURIComponent(overlay.url)}`);
    await page.frameLocator("#overlay").locator("#head.live").waitFor();
    const coHost = spawn(process.execPath, ["examples/05-obs-overlay/co-host.mjs", "--once", "--overlay", overlay.url]);
    let told = "";
    coHost.stdout.on("data", (text) => {
      told += text;
    });
    await once(coHost, "close");
    expect(told).toMatch(/^utterance-1: Hello, everybody! Good to have you here\. {3}\(well: .* seen by 1\)\n$/);
    await page.frameLocator("#overlay").locator("#captions.on").waitFor();
    await page.waitForTimeout(600); // faded in
    await takePicture(page, "example-05");
    await page.close();
  });
});

/** A WAV of what a player says, by espeak-ng, and of silence in seconds between. */
function playersVoice(parts: readonly (string | number)[]): Uint8Array {
  let sampleRateHz = 22_050;
  const sounds = parts.map((part) => {
    if (typeof part === "number") return new Float32Array(part * sampleRateHz);
    const { stdout } = spawnSync("espeak-ng", ["--stdout", part], { maxBuffer: 2 ** 24 });
    const spoken = new PcmReader().push(stdout)!;
    sampleRateHz = spoken.sampleRateHz;
    return spoken.pcm;
  });
  const samples = new Float32Array([...new Float32Array(2 * sampleRateHz), ...sounds.flatMap((sound) => [...sound])]);
  return writeWav(samples, sampleRateHz);
}
