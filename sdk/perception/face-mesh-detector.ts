import type { FaceMesh, Results } from "@mediapipe/face_mesh";
import { type DetectedFace, type FaceDetector, MOST_FACES } from "./face-detector.js";

/** What the classic scripts of the package leave behind, and the little of a page that they ask for. */
type WorkerPage = {
  FaceMesh?: new (config: { locateFile(file: string): string }) => FaceMesh;
  importScripts(url: string): void;
  window?: unknown;
  document?: unknown;
};

/**
 * MediaPipe face mesh (npm `@mediapipe/face_mesh`, model included) in a classic worker: 478 landmarks of each face.
 * `url` is the folder of the package. Throws when a file is not there.
 */
export async function openFaceMesh(url: string): Promise<FaceDetector> {
  const scope = globalThis as unknown as WorkerPage;
  if (scope.FaceMesh === undefined) {
    pretendPage(scope);
    scope.importScripts(new URL("face_mesh.js", url).href);
  }
  const mesh = new scope.FaceMesh!({ locateFile: (file) => new URL(file, url).href });
  let found: readonly DetectedFace[] = [];
  mesh.setOptions({
    maxNumFaces: MOST_FACES,
    refineLandmarks: true, // the irises
    minDetectionConfidence: 0.5,
    minTrackingConfidence: 0.5,
  });
  mesh.onResults((results: Results) => {
    found = (results.multiFaceLandmarks ?? []).map((landmarks) => ({ landmarks }));
  });
  await mesh.initialize();
  return {
    find: async (image) => {
      found = [];
      // Its type names page elements only; it takes whatever WebGL takes as a texture.
      await mesh.send({ image: image as unknown as HTMLCanvasElement });
      return found;
    },
    dispose: () => mesh.close(),
  };
}

/**
 * NOTICE: @mediapipe/face_mesh 0.4.1633559619 (the last of its line) takes a worker for a page without scripts and then misses its
 * model; with a `window` and a `document` of two methods it works there. Goes with the package.
 */
function pretendPage(scope: WorkerPage): void {
  scope.window ??= scope;
  scope.document ??= {
    createElement: (kind: string) => (kind === "canvas" ? new OffscreenCanvas(1, 1) : new PretendedScript()),
    body: { appendChild: (script: PretendedScript) => script.run(scope) },
  };
}

class PretendedScript {
  #url = "";
  readonly #listeners = new Map<string, () => void>();

  setAttribute(name: string, value: string): void {
    if (name === "src") this.#url = value;
  }

  addEventListener(name: string, listener: () => void): void {
    this.#listeners.set(name, listener);
  }

  run(scope: WorkerPage): void {
    scope.importScripts(this.#url);
    this.#listeners.get("load")?.();
  }
}
