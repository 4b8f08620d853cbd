import { FreeCamera } from "@babylonjs/core/Cameras/freeCamera.js";
import { WebGPUEngine } from "@babylonjs/core/Engines/webgpuEngine.js"; // after scene.js: the other order breaks under esbuild
import { Vector3 } from "@babylonjs/core/Maths/math.vector.js";
import { Scene } from "@babylonjs/core/scene.js";
import { EchoHeadTexture, lendDevice } from "../../plugins/babylon/index.js";
import { GeneratorService } from "../../sdk/agent/services/generator-service.js";
import { createStageHost } from "../../sdk/agent/services/stage-host.js";
import { GpuPictures } from "../../sdk/decoder/gpu-pictures.js";
import { EchoFrame } from "../../sdk/frame/echo-frame.js";
import { EchoAgent, EchoError } from "../../sdk/index.js";
import type { Picture, PictureForm } from "../../sdk/protocol/picture.js";
import { holdTensor } from "../../sdk/runtime/held-tensors.js";

const assets = { ortWasmUrl: new URL("/ort/", location.href).href, workerUrl: "/workers/" };
const pack = { url: new URL("/pack/", location.href).href };

async function requestDevice(): Promise<GPUDevice> {
  const adapter = await navigator.gpu.requestAdapter();
  return adapter!.requestDevice();
}

/** Counts the textures of pictures that a device holds. */
function countPictures(device: GPUDevice): { held: number } {
  const count = { held: 0 };
  const create = device.createTexture.bind(device);
  device.createTexture = (options) => {
    const texture = create(options);
    if (options.label !== "echo-head picture") return texture;
    count.held += 1;
    const destroy = texture.destroy.bind(texture);
    texture.destroy = () => {
      count.held -= 1;
      destroy();
    };
    return texture;
  };
  return count;
}

const asFrame = (rgba: Picture, width: number, height: number): EchoFrame =>
  new EchoFrame({
    index: 0,
    timestampMs: 40,
    width,
    height,
    rgba,
    blendshapes: new Float32Array(52),
    pose: new Float32Array(6),
    state: "listening",
  });

/** A drawn picture as straight RGBA. */
function pixels(image: ImageBitmap | VideoFrame, width: number, height: number): Uint8ClampedArray {
  const context = new OffscreenCanvas(width, height).getContext("2d")!;
  context.drawImage(image, 0, 0);
  image.close();
  return context.getImageData(0, 0, width, height).data;
}

/** The largest difference in levels; of colours only where the picture is opaque, since canvases round what shines through. */
function worst(got: Uint8ClampedArray, want: Uint8ClampedArray, exact: boolean): number {
  let most = got.length === want.length ? 0 : 999;
  for (let i = 0; i < want.length; i++)
    if (exact || i % 4 === 3 || want[i | 3] === 255) most = Math.max(most, Math.abs(got[i]! - want[i]!));
  return most;
}

let agent: EchoAgent;

/** What gpu.test.ts calls in the browser. */
const calls = {
  /** Known words of a GPU buffer as pictures of `width` x 3, by every way out of a frame: differences in levels. */
  ways: async (width: number, form: "bitmap" | "texture") => {
    const [height, count] = [3, 2];
    const device = await requestDevice();
    const bytes = Uint8ClampedArray.from({ length: count * height * width * 4 }, (_, i) => (i * 89 + (i >> 5)) % 256);
    for (let i = 3; i < bytes.length; i += 8) bytes[i] = 255; // every other pixel is opaque, as a negative word
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const gpuBuffer = device.createBuffer({ size: bytes.length, usage: STORAGE | COPY_SRC | COPY_DST });
    device.queue.writeBuffer(gpuBuffer, 0, bytes);
    const held = countPictures(device);
    let released = 0;
    const dispose = () => {
      released += 1;
    };
    const pictures = new GpuPictures({ device, form, width, height });
    const tensor = holdTensor({ type: "int32", dims: [count, height, width], gpuBuffer, dispose } as never);
    const differences: number[] = [];
    for (const [i, picture] of pictures.take(tensor, count).entries()) {
      const want = bytes.subarray(i * height * width * 4, (i + 1) * height * width * 4);
      const frame = asFrame(picture, width, height);
      const exact = form === "texture";
      differences.push(
        worst(await frame.readRgba(), want, exact),
        worst(pixels(await frame.toImageBitmap(), width, height), want, false),
        worst(pixels(frame.toVideoFrame(), width, height), want, false),
      );
      let refusal: unknown;
      try {
        frame.rgba;
      } catch (error) {
        refusal = error;
      }
      if (!EchoError.is(refusal) || refusal.code !== "picture-on-gpu") differences.push(999);
      frame.close();
    }
    pictures.dispose();
    return { worst: Math.max(...differences), released, held: held.held };
  },

  /** The same blocks with pictures in memory, as bitmaps and as textures: differences in levels. */
  blocks: async () => {
    const device = await requestDevice();
    const make = async (backend: "wasm" | "webgpu", pictures: PictureForm, lent?: GPUDevice) => {
      const service = new GeneratorService(createStageHost(lent));
      const { width, height } = await service.load({ pack, avatar: "ada", backend, seed: 1, assets, pictures });
      const seen: { rgba: Uint8ClampedArray; kind: string }[] = [];
      for (let block = 0; block < 3; block++) {
        const output = await service.step({
          pcm: Float32Array.from({ length: 2_560 }, (_, n) => 0.4 * Math.sin((n + 2_560 * block) * 0.03)),
          fPu: new Float32Array(1_536).fill(0.1),
          emotion: new Float32Array(1_024).fill(0.2),
          sdcm: true,
          lau: true,
          expressivity: 1,
        });
        for (const picture of output.rgba) {
          const frame = asFrame(picture, width, height);
          const kind = frame.texture ? "texture" : frame.bitmap ? "bitmap" : "memory";
          seen.push({ rgba: await frame.readRgba(), kind });
          frame.close();
        }
      }
      await service.dispose();
      return seen;
    };
    const memory = await make("wasm", "memory");
    const lent = await make("webgpu", "texture", device);
    const own = await make("webgpu", "bitmap");
    const kinds = (seen: { kind: string }[]) => [...new Set(seen.map(({ kind }) => kind))].join();
    const off = (seen: { rgba: Uint8ClampedArray }[], exact: boolean) =>
      Math.max(...seen.map(({ rgba }, i) => worst(rgba, memory[i]!.rgba, exact)));
    const unlike = worst(memory[0]!.rgba, memory.at(-1)!.rgba, true); // the pictures do change
    return { kinds: [memory, lent, own].map(kinds), lent: off(lent, true), own: off(own, false), unlike };
  },

  /** An agent whose worker paints on WebGPU and gives bitmaps. */
  bitmaps: async () => {
    agent = await EchoAgent.create({ pack: "/pack/", backend: "webgpu", pictures: "gpu", quality: "full", assets });
    agent.on("error", ({ error }) => console.error(error.message));
    const seen: { inMemory: boolean; alpha: number }[] = [];
    for await (const frame of agent.frames()) {
      const rgba = await frame.readRgba();
      seen.push({ inMemory: frame.bitmap === undefined, alpha: Math.max(...rgba.filter((_, i) => i % 4 === 3)) });
      frame.close();
      if (seen.length === 4) break;
    }
    await agent.dispose();
    return seen;
  },

  /** Babylon lends its device; the device is lost, Babylon makes another, and the head goes on with it. */
  babylon: async () => {
    const canvas = document.createElement("canvas");
    document.body.append(canvas);
    const engine = new WebGPUEngine(canvas, { antialias: false });
    await engine.initAsync();
    const scene = new Scene(engine);
    new FreeCamera("camera", new Vector3(0, 0, -4), scene);
    const texture = new EchoHeadTexture({ scene });
    engine.runRenderLoop(() => scene.render());
    const lent = lendDevice(engine);
    agent = await EchoAgent.create({ pack: "/pack/", backend: lent, quality: "full", assets });
    const errors: string[] = [];
    const downgrades: unknown[] = [];
    agent.on("error", ({ error }) => errors.push(error.code));
    agent.on("downgraded", (change) => downgrades.push(change));
    const first = await lent.device();
    const held = countPictures(first);
    const playing = texture.play(agent.frames());
    const shown = async (count: number) => {
      while (texture.stats.shown < count) await new Promise((resolve) => setTimeout(resolve, 50));
    };
    await shown(3);
    const pixelsBefore = new Uint8Array((await texture.readPixels())!.buffer);
    const [{ width }, backend, most] = [texture.getSize(), agent.backend, held.held];
    first.destroy();
    await shown(texture.stats.shown + 3);
    const second = await lent.device();
    const pixelsAfter = new Uint8Array((await texture.readPixels())!.buffer);
    const after = countPictures(second);
    await shown(texture.stats.shown + 3);
    const state = agent.state;
    await agent.dispose();
    await playing;
    scene.dispose();
    const opaque = (bytes: Uint8Array) => bytes.filter((value, i) => i % 4 === 3 && value === 255).length;
    return {
      backend,
      state,
      width,
      most,
      left: after.held,
      another: first !== second,
      errors: [...new Set(errors)],
      downgrades,
      opaque: [opaque(pixelsBefore), opaque(pixelsAfter)],
    };
  },

  /** A lent device is lost and the page has no other: the head goes on in a thread of its own. */
  noOther: async () => {
    const device = await requestDevice();
    agent = await EchoAgent.create({ pack: "/pack/", backend: { device }, quality: "full", assets });
    const downgrade = new Promise<unknown>((resolve) => {
      agent.on("downgraded", (change) => change.reason.includes("lent") && resolve(change));
    });
    const frames = agent.frames();
    const { value: before } = await frames.next();
    const wasTexture = before!.texture !== undefined && before!.device === device;
    before!.close();
    device.destroy();
    const told = await downgrade;
    let inMemory = false;
    while (!inMemory) {
      const { value: frame } = await frames.next();
      inMemory = frame!.texture === undefined && frame!.rgba.length === 16 * 16 * 4;
      frame!.close();
    }
    const { backend } = agent;
    await agent.dispose();
    return { wasTexture, told, backend };
  },
};

declare global {
  interface Window {
    gpuCalls: typeof calls;
  }
}
window.gpuCalls = calls;
