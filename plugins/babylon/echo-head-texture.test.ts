import { FreeCamera } from "@babylonjs/core/Cameras/freeCamera.js";
import { Constants } from "@babylonjs/core/Engines/constants.js";
import { NullEngine } from "@babylonjs/core/Engines/nullEngine.js";
import type { StandardMaterial } from "@babylonjs/core/Materials/standardMaterial.js";
import { Vector3 } from "@babylonjs/core/Maths/math.vector.js";
import { Scene } from "@babylonjs/core/scene.js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EchoHeadTexture, type HeadFrame } from "./echo-head-texture.js";
import { createHeadPlane } from "./head-plane.js";

interface TestFrame extends HeadFrame {
  readonly id: number;
  closed: number;
}

function makeFrame(id: number, size = 2, pixel: readonly number[] = [200, 100, 50, 128]): TestFrame {
  const rgba = new Uint8ClampedArray(size * size * 4);
  for (let i = 0; i < rgba.length; i += 1) rgba[i] = pixel[i % 4]!;
  const frame: TestFrame = {
    id,
    width: size,
    height: size,
    rgba,
    closed: 0,
    close: () => {
      frame.closed += 1;
    },
  };
  return frame;
}

let engine: NullEngine;
let scene: Scene;

const countObservers = () => scene.onBeforeRenderObservable.observers.length;

beforeEach(() => {
  engine = new NullEngine();
  scene = new Scene(engine);
  new FreeCamera("camera", Vector3.Zero(), scene);
});
afterEach(() => {
  scene.dispose();
  engine.dispose();
});

describe("EchoHeadTexture", () => {
  it("uploads the newest frame once for each drawn scene frame and closes every frame", () => {
    const upload = vi.spyOn(engine, "updateRawTexture");
    const texture = new EchoHeadTexture<TestFrame>({ scene });
    const [a, b, c] = [makeFrame(1), makeFrame(2), makeFrame(3)];
    const shown: number[] = [];
    texture.onFrameShownObservable.add((frame) => {
      expect(frame.closed).toBe(0);
      shown.push(frame.id);
    });
    texture.show(a);
    texture.show(b);
    expect(texture.hasNewFrame).toBe(true);
    scene.render();
    expect(texture.hasNewFrame).toBe(false);
    scene.render();
    texture.show(c);
    scene.render();
    expect(shown).toEqual([2, 3]);
    expect(upload).toHaveBeenCalledTimes(2);
    expect([a.closed, b.closed, c.closed]).toEqual([1, 1, 1]);
    expect(texture.stats).toEqual({ shown: 2, dropped: 1 });
  });

  it("keeps straight alpha untouched and premultiplies where asked", () => {
    const bytes: number[][] = [];
    vi.spyOn(engine, "updateRawTexture").mockImplementation((_texture, data) => {
      bytes.push([...(data as Uint8Array).subarray(0, 4)]);
    });
    const straight = new EchoHeadTexture({ scene });
    straight.show(makeFrame(1));
    scene.render();
    straight.dispose();
    const premultiplied = new EchoHeadTexture({ scene, alpha: "premultiplied" });
    premultiplied.show(makeFrame(2));
    scene.render();
    expect(bytes).toEqual([
      [200, 100, 50, 128],
      [100, 50, 25, 128],
    ]);
  });

  it("follows a change of size", () => {
    const texture = new EchoHeadTexture({ scene });
    texture.show(makeFrame(1, 2));
    scene.render();
    expect(texture.getSize()).toMatchObject({ width: 2, height: 2 });
    texture.show(makeFrame(2, 4));
    scene.render();
    expect(texture.getSize()).toMatchObject({ width: 4, height: 4 });
  });

  it("turns the picture the right way up with its UV transform", () => {
    const texture = new EchoHeadTexture({ scene });
    const top = Vector3.TransformNormal(new Vector3(0, 1, 1), texture.getTextureMatrix());
    expect(top.y).toBeCloseTo(0, 6); // shaders compute matrix * (u, v, 1, 0): the top of the mesh reads row 0
  });

  it("plays a source until it ends, and a second play() ends the first", async () => {
    const texture = new EchoHeadTexture<TestFrame>({ scene });
    let release: () => void = () => {};
    let pulled = 0;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const [first, late, second] = [makeFrame(1), makeFrame(2), makeFrame(3)];
    const playing = texture.play(
      (async function* () {
        yield first;
        pulled += 1; // the texture has taken the first and asks for the next
        await gate;
        yield late;
        throw new Error("pulled after it was replaced");
      })(),
    );
    await vi.waitFor(() => expect(pulled).toBe(1));
    await texture.play(
      (async function* () {
        yield second;
      })(),
    );
    release();
    await playing;
    scene.render();
    expect(late.closed).toBe(1);
    expect(second.closed).toBe(1);
    expect(texture.stats.shown).toBe(1);
  });

  it("closes what it holds on dispose, twice is once, and takes nothing after", async () => {
    const before = countObservers();
    const texture = new EchoHeadTexture<TestFrame>({ scene });
    expect(countObservers()).toBe(before + 1);
    const [waiting, late] = [makeFrame(1), makeFrame(2)];
    texture.show(waiting);
    texture.dispose();
    texture.dispose();
    texture.show(late);
    scene.render();
    expect([waiting.closed, late.closed]).toEqual([1, 1]);
    expect(texture.stats.shown).toBe(0);
    await vi.waitFor(() => expect(countObservers()).toBe(before));
  });

  it("refuses a buffer that is not width x height pixels, and closes it", () => {
    const texture = new EchoHeadTexture<TestFrame>({ scene });
    const frame = { ...makeFrame(1), width: 3 };
    frame.close = vi.fn();
    expect(() => texture.show(frame)).toThrow(TypeError);
    expect(frame.close).toHaveBeenCalledTimes(1);
    expect(() => new EchoHeadTexture({ scene, alpha: "both" as never })).toThrow(/options\.alpha/);
  });
});

describe("createHeadPlane", () => {
  it("blends as the texture's alpha asks and writes no depth", () => {
    const texture = new EchoHeadTexture({ scene, alpha: "premultiplied" });
    const material = createHeadPlane({ scene, texture }).material as StandardMaterial;
    expect(material.alphaMode).toBe(Constants.ALPHA_PREMULTIPLIED);
    expect(material.needAlphaBlending()).toBe(true);
    expect(material.disableDepthWrite).toBe(true);
    const straight = createHeadPlane({ scene, texture: new EchoHeadTexture({ scene }) }).material as StandardMaterial;
    expect(straight.alphaMode).toBe(Constants.ALPHA_COMBINE);
    expect(() => createHeadPlane({ scene, texture, size: 0 })).toThrow(/options\.size/);
  });
});
