import type { Landmark } from "./face-measures.js";

/** One face in a picture. */
export type DetectedFace = {
  /** 478 of MediaPipe's face mesh with irises. */
  readonly landmarks: readonly Landmark[];
  /** ARKit coefficients by name, where the detector gives them itself. */
  readonly blendshapes?: Readonly<Record<string, number>> | undefined;
};

/** Finds faces in pictures that are not mirrored. One picture at a time. */
export interface FaceDetector {
  /** At most {@link MOST_FACES} faces. The image stays the caller's. */
  find(image: ImageBitmap): Promise<readonly DetectedFace[]>;
  dispose(): Promise<void> | void;
}

/** Two are enough to know that the user is not alone; each one more costs the time of a face. */
export const MOST_FACES = 2;
