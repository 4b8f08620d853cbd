import type { FaceMesh, Results } from "@mediapipe/face_mesh";
import type { Landmark } from "./face-measures.js";

/** Where the page's server keeps MediaPipe's files. */
const FACE_MESH_URL = "/face-mesh/";

declare global {
  interface Window {
    /** MediaPipe's class; the package is a classic script that leaves it there. */
    FaceMesh?: new (config: {
      locateFile(file: string): string;
    }) => FaceMesh;
  }
}

/** Finds one face and its 478 landmarks in pictures (MediaPipe face mesh; its model comes with the package). */
export class FaceTracker {
  readonly #mesh: FaceMesh;
  #latest: readonly Landmark[] | null = null;

  private constructor(mesh: FaceMesh) {
    this.#mesh = mesh;
    mesh.setOptions({ maxNumFaces: 1, refineLandmarks: true, minDetectionConfidence: 0.5, minTrackingConfidence: 0.5 });
    mesh.onResults((results: Results) => {
      this.#latest = results.multiFaceLandmarks?.[0] ?? null;
    });
  }

  /** Loads about 10 MB from the page's server. */
  static async create(): Promise<FaceTracker> {
    if (!window.FaceMesh) await loadScript(`${FACE_MESH_URL}face_mesh.js`);
    const tracker = new FaceTracker(new window.FaceMesh!({ locateFile: (file) => FACE_MESH_URL + file }));
    await tracker.#mesh.initialize();
    return tracker;
  }

  /** The landmarks in this picture, or null when nobody is in view. */
  async find(video: HTMLVideoElement): Promise<readonly Landmark[] | null> {
    await this.#mesh.send({ image: video });
    return this.#latest;
  }

  async dispose(): Promise<void> {
    await this.#mesh.close();
  }
}

function loadScript(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.addEventListener("load", () => resolve());
    script.addEventListener("error", () => reject(new Error(`${url} could not be loaded`)));
    document.head.append(script);
  });
}
