import { EchoAgent, EchoError } from "../../sdk/index.js";

const assets = { ortWasmUrl: new URL("/ort/", location.href).href, workerUrl: "/workers/" };
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const address = (path: string): string => new URL(path, location.href).href;

let agent: EchoAgent;
const views: { status: string; faces: number }[] = [];
const inputs: string[] = [];
/** Key frames that a model would have been shown. */
let pictures: readonly string[] = [];
/** The streams that the page's getUserMedia gave, newest last. */
const opened: MediaStream[] = [];
let refusal: DOMException | null = null;

const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (constraints) => {
  if (refusal) throw refusal;
  const stream = await getUserMedia(constraints);
  opened.push(stream);
  return stream;
};

/** Pulls the device out: what a browser does to its track. */
function unplug(): void {
  for (const track of opened.at(-1)!.getTracks()) {
    track.stop();
    track.dispatchEvent(new Event("ended"));
  }
}

/** What camera.test.ts calls in the browser. */
const calls = {
  start: async (detector: "face-mesh" | "face-landmarker") => {
    agent = await EchoAgent.create({
      pack: "/pack/",
      backend: "wasm",
      assets,
      understanding: {
        keyFrames: true, // as if the person had agreed
        everyS: 5,
        understand: async (evidence) => {
          if (evidence.pictures.length > 0) pictures = evidence.pictures;
          return { text: "attentive" };
        },
      },
      faceDetector:
        detector === "face-mesh"
          ? { kind: detector, url: address("/face-mesh/") }
          : { kind: detector, url: address("/tasks-vision/"), modelUrl: address("/model/face_landmarker.task") },
    });
    agent.on("user-view-changed", (view) => views.push(view));
    agent.on("input-lost", ({ input, error }) => inputs.push(`${input} lost ${error.code} ${error.recoverable}`));
    agent.on("input-restored", ({ input }) => inputs.push(`${input} restored`));
    agent.on("error", ({ error }) => inputs.push(`error ${error.code}`));
  },

  /** Watches the fake camera until every wanted status was seen, or the time is over. */
  watch: async (wanted: readonly string[], mostMs: number) => {
    views.length = 0;
    const detach = await agent.user.attachCamera(await navigator.mediaDevices.getUserMedia({ video: true }));
    const until = performance.now() + mostMs;
    const words = () => views.map(({ status, faces }) => `${status} ${faces}`);
    let face: PlainFace | null = null;
    while (performance.now() < until && !wanted.every((word) => words().includes(word))) {
      face = plain(agent.user.face) ?? face;
      await sleep(20);
    }
    const { userPictures, frames } = agent.stats();
    const tracks = opened
      .at(-1)!
      .getTracks()
      .map((track) => track.readyState);
    detach();
    return { seen: words(), face, userPictures, frames, tracks, after: agent.user.view.status };
  },

  /** As Safari and Firefox have it: pictures come through a video element. */
  withoutTrackProcessor: async () => {
    Reflect.deleteProperty(globalThis, "MediaStreamTrackProcessor");
    return typeof (globalThis as { MediaStreamTrackProcessor?: unknown }).MediaStreamTrackProcessor;
  },

  /** The newest key frame, as an image is decoded. */
  keyFrame: async () => {
    const url = pictures.at(-1);
    if (url === undefined) return null;
    const image = new Image();
    image.src = url;
    await image.decode();
    return { kind: url.slice(0, 22), width: image.width, height: image.height, count: pictures.length };
  },

  /** Looks at pictures, RGBA of `size` pixels square, and gives what was read off each. */
  look: async (pictures: readonly string[], size: number) => {
    const faces: (PlainFace | null)[] = [];
    for (const text of pictures) {
      const rgba = Uint8ClampedArray.from(atob(text), (character) => character.charCodeAt(0));
      const canvas = new OffscreenCanvas(size, size);
      const context = canvas.getContext("2d")!;
      context.fillStyle = "#777";
      context.fillRect(0, 0, size, size);
      context.drawImage(await createImageBitmap(new ImageData(rgba, size, size)), 0, 0);
      faces.push(plain(await agent.user.pushImage(canvas)));
    }
    return { faces, lookMs: agent.stats().userPictures.lookMs };
  },

  refused: async (name: string) => {
    refusal = new DOMException("no", name);
    const results: { code: string; recoverable: boolean; message: string }[] = [];
    for (const attach of [() => agent.user.attachCamera(), () => agent.user.attachMicrophone()]) {
      try {
        await attach();
      } catch (error) {
        if (EchoError.is(error)) results.push({ ...error.toEnvelope() });
      }
    }
    refusal = null;
    return { results, state: agent.state };
  },

  /** Pulls a device out that the agent opened, plugs another one in, and tells what was heard or seen in between. */
  unplug: async (input: "camera" | "microphone") => {
    inputs.length = 0;
    const count = () => (input === "camera" ? agent.stats().userPictures.looks : agent.stats().userSamples.pushed);
    const grows = async (): Promise<boolean> => {
      const before = count();
      for (let i = 0; i < 200 && count() === before; i++) await sleep(50);
      return count() > before;
    };
    const detach = await (input === "camera" ? agent.user.attachCamera() : agent.user.attachMicrophone());
    const atFirst = await grows();
    unplug();
    await sleep(300);
    const lost = [...inputs];
    const frames = agent.stats().frames;
    refusal = new DOMException("not yet", "NotFoundError");
    navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
    await sleep(200);
    const stillLost = [...inputs];
    refusal = null;
    navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
    for (let i = 0; i < 100 && inputs.length === 1; i++) await sleep(50);
    const again = await grows();
    for (let i = 0; i < 100 && agent.stats().frames === frames; i++) await sleep(50);
    const wentOn = agent.stats().frames > frames;
    detach();
    const stopped = opened
      .at(-1)!
      .getTracks()
      .map((track) => track.readyState);
    return { atFirst, lost, stillLost, again, all: [...inputs], wentOn, stopped, state: agent.state };
  },

  stop: async () => {
    await agent.dispose();
    return agent.state;
  },
};

type PlainFace = { blendshapes: Record<string, number>; pose: Record<string, number> };

function plain(face: EchoAgent["user"]["face"] | undefined): PlainFace | null {
  return face ? { blendshapes: { ...face.blendshapes }, pose: { ...face.pose } } : null;
}

declare global {
  interface Window {
    cameraCalls: typeof calls;
  }
}
window.cameraCalls = calls;
