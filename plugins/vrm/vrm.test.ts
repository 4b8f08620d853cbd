import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type VRM, VRMLoaderPlugin } from "@pixiv/three-vrm";
import { type Browser, chromium, type Page } from "playwright-core";
import { Vector3 } from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath } from "../../tests/browser/chromium.js";
import { servePage } from "../../tests/browser/page-server.js";
import { difference, takePicture } from "../../tests/browser/picture.js";
import { CHROMIUM_ARGS } from "../../tools/chromium.mjs";
import { makeSampleVrm, type SampleVrmOptions } from "../../tools/sample-vrm/make.mjs";
import { faceFrame, TestSource } from "../face/test-frames.fixture.js";
import { VrmDriver, type VrmDriverOptions } from "./index.js";

/** A real avatar in a real three-vrm; only the drawing needs a browser. */
async function loadVrm(options: SampleVrmOptions): Promise<VRM> {
  const bytes = makeSampleVrm(options);
  const loader = new GLTFLoader();
  loader.register((parser) => new VRMLoaderPlugin(parser));
  const gltf = await loader.parseAsync(bytes.slice().buffer as ArrayBuffer, "");
  return gltf.userData.vrm as VRM;
}

async function driven(options: SampleVrmOptions = {}, driverOptions: Omit<VrmDriverOptions, "vrm"> = {}) {
  const vrm = await loadVrm(options);
  const driver = new VrmDriver({ vrm, glideMs: 0, ...driverOptions });
  const show = (...face: Parameters<typeof faceFrame>) => {
    driver.show(faceFrame(...face));
    driver.update(0.02);
    vrm.update(0.02);
    vrm.scene.updateMatrixWorld(true);
  };
  const value = (name: string) => vrm.expressionManager!.getValue(name);
  /** Where a bone's own forward or up points in the world; avatars of VRM 0 face -z. */
  const direction = (bone: "head" | "leftEye" | "rightEye", local: Vector3) => {
    const node = vrm.humanoid.getRawBoneNode(bone)!;
    return local.clone().transformDirection(node.matrixWorld);
  };
  return { vrm, driver, show, value, direction };
}

describe("Perfect Sync", () => {
  it.each([
    ["1", (name: string) => name],
    ["0", (name: string) => name[0]!.toUpperCase() + name.slice(1)],
  ] as const)("drives a VRM %s by the ARKit names, in the case that the file has", async (version, inFile) => {
    const { driver, show, value, vrm } = await driven({ version });
    expect(driver.perfectSync).toBe(true);
    show({ jawOpen: 0.5, eyeBlinkLeft: 1, browInnerUp: 0.25 });
    expect([value(inFile("jawOpen")), value(inFile("eyeBlinkLeft")), value(inFile("browInnerUp"))]).toEqual([
      0.5, 1, 0.25,
    ]);
    expect([value("aa"), value("blinkLeft")]).toEqual([0, 0]); // the presets are left alone, or the mouth would open twice
    const mesh = vrm.scene.getObjectByName("Face") as unknown as {
      morphTargetInfluences: number[];
      morphTargetDictionary: Record<string, number>;
    };
    expect(mesh.morphTargetInfluences[mesh.morphTargetDictionary.jawOpen!]).toBeCloseTo(0.5, 6);
    driver.dispose();
    expect([value(inFile("jawOpen")), value(inFile("eyeBlinkLeft"))]).toEqual([0, 0]);
  });
});

describe("presets", () => {
  it("drive an avatar without Perfect Sync: vowels, blinks, moods", async () => {
    const { driver, show, value } = await driven({ perfectSync: false });
    expect([driver.perfectSync, driver.gaze]).toEqual([false, "look-at"]);
    show({ jawOpen: 0.6, eyeBlinkLeft: 1 });
    expect([value("aa"), value("blinkLeft"), value("blinkRight")]).toEqual([1, 1, 0]);
    show({ mouthPucker: 1 });
    expect([value("aa"), value("ou")]).toEqual([0, 1]);
    show({ mouthSmileLeft: 1, mouthSmileRight: 1 });
    expect(value("happy")).toBeCloseTo(0.6, 6);
  });

  it("shut both eyes with one blink where the avatar has no other", () => {
    const values = new Map<string, number>();
    const vrm = {
      expressionManager: {
        expressionMap: { blink: {}, aa: {} },
        setValue: (name: string, weight: number) => values.set(name, weight),
      },
    };
    const driver = new VrmDriver({ vrm, glideMs: 0 });
    driver.show(faceFrame({ eyeBlinkLeft: 1, eyeBlinkRight: 0.5, jawOpen: 0.3 }));
    driver.update(0);
    expect(Object.fromEntries(values)).toEqual({ aa: expect.closeTo(0.5, 6), blink: 0.5 }); // a wink is no blink
  });
});

describe.each(["1", "0"] as const)("head and eyes of VRM %s", (version) => {
  const forward = new Vector3(0, 0, version === "1" ? 1 : -1);
  const left = new Vector3(version === "1" ? 1 : -1, 0, 0);

  it("turn to the avatar's left, up, and to its left shoulder, split between neck and head", async () => {
    const { show, direction, vrm } = await driven({ version });
    show({}, { yawRad: 0.5 });
    expect(direction("head", forward).dot(left)).toBeCloseTo(Math.sin(0.5), 5);
    show({}, { pitchRad: 0.4 });
    expect(direction("head", forward).y).toBeCloseTo(Math.sin(0.4), 5);
    show({}, { rollRad: 0.3 });
    expect(direction("head", new Vector3(0, 1, 0)).dot(left)).toBeCloseTo(Math.sin(0.3), 5);
    const neck = vrm.humanoid.getNormalizedBoneNode("neck")!;
    expect(2 * Math.acos(neck.quaternion.w)).toBeCloseTo(0.35 * 0.3, 5);
  });

  it("look to the avatar's left and up with the eye bones", async () => {
    const { driver, show, direction } = await driven({ version });
    expect(driver.gaze).toBe("both"); // the sample's eyeLook shapes move the lids, the bones the eyes
    show({ eyeLookOutLeft: 0.5, eyeLookInRight: 0.5 });
    for (const eye of ["leftEye", "rightEye"] as const)
      expect(direction(eye, forward).dot(left)).toBeCloseTo(Math.sin(Math.PI / 12), 4);
    show({ eyeLookUpLeft: 1, eyeLookUpRight: 1 });
    expect(direction("leftEye", forward).y).toBeCloseTo(Math.sin((24 * Math.PI) / 180), 4);
  });
});

it("adds its turn to what an animation wrote, and never to its own", async () => {
  const { vrm, show, driver } = await driven();
  const head = vrm.humanoid.getNormalizedBoneNode("head")!;
  show({}, { yawRad: 0.4 });
  const once = head.quaternion.y;
  show({}, { yawRad: 0.4 });
  show({}, { yawRad: 0.4 });
  expect(head.quaternion.y).toBeCloseTo(once, 9);
  head.quaternion.set(0, 0, Math.sin(0.1), Math.cos(0.1)); // an animation tilts the head
  show({}, { yawRad: 0 });
  expect(head.quaternion.z).toBeCloseTo(Math.sin(0.1), 9);
  driver.dispose();
  expect(head.quaternion.z).toBeCloseTo(Math.sin(0.1), 9);
});

it("glides in a straight line and reaches every value in full", async () => {
  const { driver, value } = await driven({}, { glideMs: 40 });
  driver.show(faceFrame());
  driver.update(0.016);
  driver.show(faceFrame({ eyeBlinkLeft: 1 }));
  driver.update(0.01);
  expect(value("eyeBlinkLeft")).toBeCloseTo(0.25, 6);
  driver.update(0.03);
  expect(value("eyeBlinkLeft")).toBe(1);
});

it("gives the look-at target back when it is disposed, and its source", async () => {
  const { vrm, driver } = await driven();
  expect(vrm.lookAt!.autoUpdate).toBe(false);
  const source = new TestSource();
  const attached = driver.attach(source);
  const frame = faceFrame({ eyeLookUpLeft: 1 });
  source.push(frame);
  await expect.poll(() => frame.closed).toBe(1);
  driver.update(0.1);
  expect(vrm.lookAt!.pitch).toBeLessThan(0);
  driver.dispose();
  driver.dispose();
  await attached;
  expect([vrm.lookAt!.autoUpdate, vrm.lookAt!.pitch, source.ended]).toEqual([true, 0, true]);
  driver.show(faceFrame({ jawOpen: 1 }));
  driver.update(0.1);
  expect(vrm.expressionManager!.getValue("jawOpen")).toBe(0);
});

it("names the option that is wrong", () => {
  expect(() => new VrmDriver({ vrm: null as never })).toThrow(/options\.vrm/);
  expect(() => new VrmDriver({ vrm: {}, moods: 2 })).toThrow(/options\.moods/);
  expect(() => new VrmDriver({ vrm: {}, gaze: "eyes" as never })).toThrow(/options\.gaze/);
  expect(() => new VrmDriver({ vrm: {}, glide: 3 } as never)).toThrow(/options\.glide/);
});

describe.skipIf(chromiumPath === undefined)("the sample avatar drawn in Chromium", { timeout: 240_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "echo-head-vrm-"));
  let site: Awaited<ReturnType<typeof servePage>>;
  let browser: Browser;
  let page: Page;
  const MOUTH = { x0: 0.38, y0: 0.5, x1: 0.62, y1: 0.68 };
  const EYES = { x0: 0.28, y0: 0.25, x1: 0.72, y1: 0.45 };

  beforeAll(async () => {
    writeFileSync(join(folder, "robin.vrm"), makeSampleVrm());
    writeFileSync(join(folder, "robin-0.vrm"), makeSampleVrm({ version: "0", perfectSync: false }));
    site = await servePage({
      script: fileURLToPath(new URL("./vrm-page.fixture.ts", import.meta.url)),
      folders: { "/vrm/": folder },
    });
    const args = [...CHROMIUM_ARGS, "--use-angle=swiftshader", "--ignore-gpu-blocklist"];
    browser = await chromium.launch({ executablePath: chromiumPath!, args });
    page = await browser.newPage({ viewport: { width: 480, height: 480 } });
    await page.goto(site.url);
    await page.waitForFunction(() => window.vrmCalls !== undefined);
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ["robin.vrm", true],
    ["robin-0.vrm", false],
  ] as const)("%s opens its mouth, shuts its eyes and turns its head", async (file, perfectSync) => {
    expect((await page.evaluate((url) => window.vrmCalls.load(url), `/vrm/${file}`)).perfectSync).toBe(perfectSync);
    expect(await page.evaluate(() => window.vrmCalls.show({}))).toBeGreaterThan(5_000);
    const rest = await takePicture(page, `vrm-${perfectSync}-rest`);
    await page.evaluate(() => window.vrmCalls.show({ jawOpen: 0.8 }));
    const open = await takePicture(page, `vrm-${perfectSync}-open`);
    expect(difference(rest, open, MOUTH, 24)).toBeGreaterThan(0.1);
    expect(difference(rest, open, EYES, 24)).toBeLessThan(0.02);
    await page.evaluate(() => window.vrmCalls.show({ eyeBlinkLeft: 1, eyeBlinkRight: 1 }));
    const shut = await takePicture(page, `vrm-${perfectSync}-shut`);
    expect(difference(rest, shut, EYES, 24)).toBeGreaterThan(0.06);
    expect(difference(rest, shut, MOUTH, 24)).toBeLessThan(0.02);
    await page.evaluate(() => window.vrmCalls.show({}, { yawRad: 0.5, pitchRad: 0.15 }));
    const turned = await takePicture(page, `vrm-${perfectSync}-turned`);
    expect(difference(rest, turned, EYES, 24)).toBeGreaterThan(0.2);
  });
});
