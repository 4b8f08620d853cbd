import { type FaceDetector, MOST_FACES } from "./face-detector.js";
import type { Landmark } from "./face-measures.js";

/** The part of npm `@mediapipe/tasks-vision` that is used; it is loaded from the application's server, not bundled. */
type TasksVision = {
  readonly FilesetResolver: { forVisionTasks(wasmFolder: string): Promise<unknown> };
  readonly FaceLandmarker: {
    createFromOptions(files: unknown, options: Readonly<Record<string, unknown>>): Promise<FaceLandmarker>;
  };
};

type FaceLandmarker = {
  detectForVideo(
    image: ImageBitmap,
    timestampMs: number,
  ): {
    readonly faceLandmarks: readonly (readonly Landmark[])[];
    readonly faceBlendshapes?: readonly {
      readonly categories: readonly { readonly categoryName: string; readonly score: number }[];
    }[];
  };
  close(): void;
};

/**
 * MediaPipe Face Landmarker in a classic worker: landmarks and its own coefficients. `url` is the folder of npm
 * `@mediapipe/tasks-vision`, `modelUrl` a face_landmarker.task. Throws when a file is not there.
 */
export async function openFaceLandmarker(url: string, modelUrl: string): Promise<FaceDetector> {
  const bundle = new URL("vision_bundle.mjs", url).href;
  const { FilesetResolver, FaceLandmarker } = (await import(
    /* @vite-ignore */ /* webpackIgnore: true */ bundle
  )) as TasksVision;
  const landmarker = await FaceLandmarker.createFromOptions(
    await FilesetResolver.forVisionTasks(new URL("wasm", url).href),
    {
      // On the processor a look takes 23 ms on 2 cores (measured); the GPU is left to the head.
      baseOptions: { modelAssetPath: modelUrl, delegate: "CPU" },
      runningMode: "VIDEO",
      numFaces: MOST_FACES,
      outputFaceBlendshapes: true,
    },
  );
  let lastMs = 0;
  return {
    find: async (image) => {
      lastMs = Math.max(lastMs + 1, performance.now()); // it refuses a time that does not grow
      const { faceLandmarks, faceBlendshapes } = landmarker.detectForVideo(image, lastMs);
      return faceLandmarks.map((landmarks, i) => ({
        landmarks,
        blendshapes: Object.fromEntries(
          (faceBlendshapes?.[i]?.categories ?? []).map(({ categoryName, score }) => [categoryName, score]),
        ),
      }));
    },
    dispose: () => landmarker.close(),
  };
}
