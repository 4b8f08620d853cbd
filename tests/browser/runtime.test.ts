import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM_ARGS } from "../../tools/chromium.mjs";
import { chromiumPath as executablePath, SOFTWARE_WEBGPU } from "./chromium.js";
import { servePage } from "./page-server.js";

const local = (path: string) => fileURLToPath(new URL(path, import.meta.url));

describe.skipIf(executablePath === undefined)("graphs in Chromium", () => {
  let site: Awaited<ReturnType<typeof servePage>>;
  const browsers: Browser[] = [];
  async function open(args: string[], url = site.url): Promise<Page> {
    const browser = await chromium.launch({ executablePath: executablePath!, args: [...CHROMIUM_ARGS, ...args] });
    browsers.push(browser);
    const page = await browser.newPage();
    page.on("pageerror", (error) => console.error("page:", error.message));
    await page.goto(url);
    await page.waitForFunction(() => window.runtimeCalls !== undefined);
    return page;
  }
  const folders = {
    "/pack/": local("../../fixtures/tiny-pack"),
    "/shipped/": local("../../models/echo-nano"),
    "/ort/": local("../../node_modules/onnxruntime-web/dist"),
  };
  beforeAll(async () => {
    site = await servePage({ script: local("./runtime-page.ts"), folders });
  });
  afterAll(async () => {
    await Promise.all(browsers.map((browser) => browser.close()));
    await site?.close();
  });

  it("gives the golden results on WASM, from a pack that is fetched", async () => {
    const page = await open([]);
    const report = await page.evaluate(() => window.runtimeCalls.verify("wasm"));
    expect(report).toMatchObject({ name: "tiny", backend: "wasm" });
    expect(report.graphs).toHaveLength(10);
    expect(await page.evaluate(() => window.runtimeCalls.readTwice())).toBeLessThanOrEqual(1); // the cache serves the rest
  });

  it("gives the golden results on WebGPU", async () => {
    const page = await open(SOFTWARE_WEBGPU);
    const report = await page.evaluate(() => window.runtimeCalls.verify("webgpu"));
    expect(report.backend).toBe("webgpu");
    for (const { golden } of report.graphs) expect(golden!.error).toBeLessThanOrEqual(golden!.tolerance);
  }, 120_000);

  it("gives the golden results of the shipped pack on WebGPU, whose shapes the tiny one has not", async () => {
    const page = await open(SOFTWARE_WEBGPU);
    const report = await page.evaluate(() => window.runtimeCalls.verify("webgpu", "/shipped/"));
    expect(report).toMatchObject({ name: "echo-nano", backend: "webgpu" });
    for (const { name, golden } of report.graphs) expect(golden!.error, name).toBeLessThanOrEqual(golden!.tolerance);
  }, 600_000);

  it("carries states on the GPU from block to block as well as in memory, over an interruption too", async () => {
    const gpu = await open(SOFTWARE_WEBGPU);
    const onGpu = await gpu.evaluate(() => window.runtimeCalls.talk("webgpu"));
    const inMemory = await gpu.evaluate(() => window.runtimeCalls.talk("wasm"));
    expect(onGpu.values).toHaveLength(10 * 4 * 58);
    const worst = Math.max(...onGpu.values.map((value, i) => Math.abs(value - inMemory.values[i]!)));
    expect(worst).toBeLessThan(0.01);
    const off = onGpu.pixels.map((value, i) => Math.abs(value - inMemory.pixels[i]!));
    expect(off.reduce((sum, value) => sum + value, 0) / off.length).toBeLessThan(2);
  }, 300_000);

  it.each(["between", "within"] as const)(
    "says that the GPU was lost %s runs",
    async (when) => {
      const page = await open(SOFTWARE_WEBGPU);
      expect(await page.evaluate((how) => window.runtimeCalls.loseDevice(how), when)).toMatchObject({
        code: "gpu-device-lost",
        recoverable: true,
      });
    },
    120_000,
  );

  it("gives the golden results on WASM without cross-origin isolation too, in one thread", async () => {
    const plain = await servePage({ script: local("./runtime-page.ts"), folders, isolated: false });
    try {
      const page = await open([], plain.url);
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
      const report = await page.evaluate(() => window.runtimeCalls.verify("wasm"));
      for (const { golden } of report.graphs) expect(golden!.error).toBeLessThanOrEqual(golden!.tolerance);
    } finally {
      await plain.close();
    }
  }, 120_000);

  it("takes WASM for auto where WebGPU is imitated or absent, and says why", async () => {
    const imitated = await open(SOFTWARE_WEBGPU);
    expect(await imitated.evaluate(() => window.runtimeCalls.auto())).toEqual({
      backend: "wasm",
      downgrade: { from: "webgpu", reason: "the only WebGPU adapter runs on the processor" },
    });
    const absent = await open(["--disable-features=WebGPU", "--disable-gpu"]);
    const report = await absent.evaluate(() => window.runtimeCalls.auto());
    expect(report.backend).toBe("wasm");
    expect(report.downgrade?.reason).toMatch(/WebGPU/);
  });

  it("says that a browser has no native CPU backend", async () => {
    const page = await open([]);
    expect(await page.evaluate(() => window.runtimeCalls.refuse())).toMatchObject({ code: "backend-unavailable" });
  });
});
