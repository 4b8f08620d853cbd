/**
 * Which detector finds faces, and where its files are. Both packages are optional peers whose files the application serves itself, so
 * that tracking works without any other server:
 * - `face-mesh`: the folder of npm `@mediapipe/face_mesh`; its model is in the package.
 * - `face-landmarker`: the folder of npm `@mediapipe/tasks-vision` (vision_bundle.mjs and wasm/), and the address of a
 *   face_landmarker.task, which that package does not contain.
 */
export type FaceDetectorSource =
  | { readonly kind: "face-mesh"; readonly url: string }
  | { readonly kind: "face-landmarker"; readonly url: string; readonly modelUrl: string };

/** One picture to look at. The image is transferred: the worker closes it. */
export type TrackerLook = { readonly image: ImageBitmap | VideoFrame };

/** What was seen in one picture. The receiver owns the array. */
export type TrackerView = {
  /** How many faces, at most 2: more are not looked for. */
  readonly faces: number;
  /** f32 [58] of the face that is followed, or null: 52 ARKit coefficients, then yaw, pitch, roll (rad), x, y, z (head heights). */
  readonly face: Float32Array | null;
  /** Mean brightness of the picture, 0..1. */
  readonly brightness: number;
  /** Milliseconds that looking took. */
  readonly tookMs: number;
};

/** The face tracker behind a thread. Pictures stay in it: nothing but numbers comes out. */
export interface TrackerWorkerApi {
  load(options: { readonly detector: FaceDetectorSource }): Promise<void>;
  look(input: TrackerLook): Promise<TrackerView>;
  /** Forgets whose face it was. */
  reset(): Promise<void>;
  dispose(): Promise<void>;
}
