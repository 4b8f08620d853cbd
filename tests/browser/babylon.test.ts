import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM_ARGS } from "../../tools/chromium.mjs";
import { chromiumPath, SOFTWARE_WEBGPU } from "./chromium.js";
import { servePage } from "./page-server.js";
import { type Picture, takePicture } from "./picture.js";

/** Share of the columns of a strip in which a dark blue nose is seen, left and right of a column. */
function noseAt(picture: Picture, y: number, from: number, to: number): number | undefined {
  const dark: number[] = [];
  for (let x = from; x < to; x++) {
    const [red, green, blue] = picture.at(x, y);
    if (red < 60 && green < 60 && blue > 30 && blue < 200) dark.push(x);
  }
  return dark.length === 0 ? undefined : dark.reduce((sum, x) => sum + x, 0) / dark.length;
}

/** The lowest row in which the ball's skin is seen in a column. */
function chinAt(picture: Picture, x: number): number {
  for (let y = picture.height - 1; y > 0; y--) if (picture.at(x, y)[0] > 90) return y;
  return 0;
}

describe.skipIf(chromiumPath === undefined)("the Babylon plugin draws", { timeout: 240_000 }, () => {
  let server: Awaited<ReturnType<typeof servePage>>;
  let browser: Browser;

  beforeAll(async () => {
    server = await servePage({ script: fileURLToPath(new URL("babylon-page.ts", import.meta.url)), folders: {} });
    browser = await chromium.launch({ executablePath: chromiumPath!, args: [...CHROMIUM_ARGS, ...SOFTWARE_WEBGPU] });
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  type How = Parameters<typeof window.startScene>;

  async function open(...how: How): Promise<Page> {
    const [kind] = how;
    const page = await browser.newPage({ viewport: { width: 480, height: 240 } });
    page.on("pageerror", (error) => console.error(kind, error));
    page.on("console", (message) => message.type() === "error" && console.error(kind, message.text()));
    await page.goto(server.url);
    await page.evaluate(async (how) => void (await window.startScene(...how)), how);
    return page;
  }

  it.each([
    ["webgl2", "left", "memory", "straight"],
    ["webgl2", "right", "memory", "straight"],
    ["webgl2", "left", "bitmap", "premultiplied"],
    ["webgpu", "left", "memory", "straight"],
    ["webgpu", "right", "memory", "straight"],
    ["webgpu", "left", "bitmap", "straight"],
    ["webgpu", "right", "bitmap", "premultiplied"],
    ["webgpu", "left", "texture", "straight"],
    ["webgpu", "right", "texture", "premultiplied"],
  ] as const)("texture, billboard and rig with %s in a %s-handed scene, %s, %s", async (kind, side, form, alpha) => {
    const page = await open(kind, side, form, alpha);
    const name = `babylon-${kind}-${side}-${form}-${alpha}`;
    const shown = await page.evaluate(() => window.show(0, 0));
    expect(shown).toMatchObject({ shown: 1, driven: 52 });
    const rest = await takePicture(page, name, "#scene");
    await page.evaluate(() => window.show(1, 0));
    const open_ = await takePicture(page, `${name}-jaw-open`, "#scene");
    await page.evaluate(() => window.show(0, 0.6));
    const turned = await takePicture(page, `${name}-turned`, "#scene");
    await page.close();

    // The plane stands left, the billboard beside it; the scene's blue is seen around and through them.
    const near = (picture: Picture, x: number, y: number, colour: readonly number[]) =>
      expect(
        picture.at(x, y).map((value, i) => Math.abs(value - colour[i]!) <= 4),
        `${kind} ${x},${y} ${picture.at(x, y)}`,
      ).toEqual([true, true, true]);
    for (const middle of [95, 190]) {
      near(rest, middle - 20, 100, [0, 200, 30]); // upper left, opaque
      near(rest, middle + 20, 100, [220, 20, 30]);
      near(rest, middle - 20, 140, [110, 10, 142]); // lower half: 128/255 of red over blue
      near(rest, middle - 34, 84, [0, 0, 255]); // beyond the circle
    }
    // The rig: the jaw drops; the nose goes to the avatar's left, which is the picture's right.
    const x = 335;
    expect(chinAt(open_, x) - chinAt(rest, x)).toBeGreaterThan(25);
    const [before, after] = [noseAt(rest, 120, 280, 400), noseAt(turned, 120, 280, 400)];
    expect(before).toBeDefined();
    expect(after! - before!).toBeGreaterThan(8);
  });

  it.each(["left", "right"] as const)(
    "the voice comes from where the head is, in a %s-handed scene",
    async (handedness) => {
      const page = await browser.newPage();
      await page.goto(server.url);
      const hear = (x: number, distance: number) =>
        page.evaluate((how) => window.hear(...how), [handedness, x, distance] as const);
      const [left, right] = await hear(1.5, 2); // +x is on the right of the picture in both
      expect(right).toBeGreaterThan(1.5 * left);
      const [otherLeft, otherRight] = await hear(-1.5, 2);
      expect(otherLeft).toBeGreaterThan(1.5 * otherRight);
      const [near] = await hear(0, 2);
      const [far] = await hear(0, 8);
      expect(near).toBeGreaterThan(2 * far);
      await page.close();
    },
  );
});
