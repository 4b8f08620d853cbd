import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { probeCodecs, probeDecoders } from "../../sdk/remote/media/open-decoder.js";
import { probeEncoders } from "../../sdk/remote/media/open-encoder.js";
import { packAlpha, packedLength, unpackAlpha } from "../../sdk/remote/media/packed-alpha.js";
import { RenderServer } from "../../sdk/remote/server/index.js";
import { CHROMIUM_ARGS } from "../../tools/chromium.mjs";
import { chromiumPath } from "../browser/chromium.js";
import { servePage } from "../browser/page-server.js";
import { PATIENT_MS } from "./one-server.js";

const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const NANO = local("../../models/echo-nano");

/**
 * What docs/remote.md promises, in levels of 0..255. 4:2:0 alone costs about 1.2 of colour on the heads of echo-nano; the rest is the codec at
 * 1.6 Mb/s.
 */
const PROMISED = { colourRmse: 3, alphaRmse: 1 };

describe("packed alpha", () => {
  it("gives colours back to the rounding of 4:2:0, and alpha exactly", () => {
    const [width, height] = [32, 16];
    const rgba = Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) => {
      const [pixel, channel] = [i >> 2, i & 3];
      if (channel === 3) return (pixel * 5) % 256;
      const cell = (((pixel % width) >> 1) * 7 + ((pixel / width) >> 1) * 13) % 256; // one colour in a cell of 2 x 2
      return (cell * (channel + 1)) % 256;
    });
    const data = new Uint8Array(packedLength(width, height));
    packAlpha(rgba, width, height, data);
    const size = width * height;
    const layout = [
      { offset: 0, stride: width },
      { offset: 2 * size, stride: width / 2 },
      { offset: 2.5 * size, stride: width / 2 },
    ];
    const back = unpackAlpha({ data, format: "I420", layout }, width, height);
    for (let i = 0; i < rgba.length; i++) {
      if ((i & 3) === 3) expect(Math.abs(back[i]! - rgba[i]!), `alpha ${i}`).toBeLessThanOrEqual(1);
      else expect(Math.abs(back[i]! - rgba[i]!), `colour ${i}`).toBeLessThanOrEqual(4);
    }
    // The same planes as a graphics card lays them out.
    const nv12 = new Uint8Array(data.length);
    nv12.set(data.subarray(0, 2 * size));
    for (let i = 0; i < size / 2; i++) {
      nv12[2 * size + 2 * i] = data[2 * size + i]!;
      nv12[2 * size + 2 * i + 1] = data[2.5 * size + i]!;
    }
    const other = unpackAlpha(
      { data: nv12, format: "NV12", layout: [layout[0]!, { offset: 2 * size, stride: width }] },
      width,
      height,
    );
    expect(other).toEqual(back);
  });
});

describe("formats", { timeout: PATIENT_MS }, () => {
  it("are those that work: what Node's H.264 decoder keeps back is not offered", async () => {
    const { formats } = await probeDecoders();
    expect(formats.slice(-2)).toEqual(["png", "raw"]);
    expect((await probeCodecs(undefined)).formats).toEqual(["png", "raw"]);
    const encoders = await probeEncoders({ fps: 25 });
    expect(encoders.formats.slice(-3)).toEqual(["webp", "png", "raw"]);
    expect(() => encoders.open([], { width: 16, height: 16 })).toThrow("no video format for both sides");
    expect(encoders.open(["avc", "vp8", "png"], { width: 15, height: 15 }).format).toBe("png"); // odd sides
  });
});

describe.skipIf(chromiumPath === undefined || !existsSync(`${NANO}/manifest.json`))(
  "pictures in Chromium",
  { timeout: 3 * PATIENT_MS },
  () => {
    let server: RenderServer;
    let site: Awaited<ReturnType<typeof servePage>>;
    let browser: Browser;
    let page: Page;
    beforeAll(async () => {
      server = await RenderServer.start({ pack: NANO, port: 0, log: () => {} });
      site = await servePage({ script: local("./media-page.ts"), folders: { "/pack/": NANO } });
      browser = await chromium.launch({ executablePath: chromiumPath!, args: [...CHROMIUM_ARGS] });
      page = await browser.newPage();
      page.on("pageerror", (error) => console.error("page:", error.message));
      await page.goto(site.url);
      await page.waitForFunction(() => window.mediaCalls !== undefined);
    }, PATIENT_MS);
    afterAll(async () => {
      await browser?.close();
      await site?.close();
      await server?.dispose();
    });

    it("keep their colours and their alpha through H.264 and VP8", async () => {
      expect(await page.evaluate(() => window.mediaCalls.formats())).toEqual(["avc", "vp8", "webp", "png", "raw"]);
      const { results, colours, pictures } = await page.evaluate(
        (url) => window.mediaCalls.compare(url, "/pack/", ["avc", "vp8", "webp", "png"], 4),
        server.url,
      );
      expect(pictures).toBe(16);
      expect(colours).toBeGreaterThan(50); // a head, not a blank
      console.log("RMSE through the codecs, levels of 0..255:", JSON.stringify(results));
      for (const format of ["avc", "vp8"]) {
        expect(results[format]!.colourRmse, format).toBeLessThanOrEqual(PROMISED.colourRmse);
        expect(results[format]!.alphaRmse, format).toBeLessThanOrEqual(PROMISED.alphaRmse);
      }
      for (const format of ["webp", "png"])
        expect(results[format], format).toEqual({ colourRmse: 0, alphaRmse: 0, clear: 0, opaque: 255 });
    });
  },
);
