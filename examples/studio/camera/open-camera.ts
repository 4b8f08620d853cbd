import { FaceCoefficients, type TrackedFace } from "./face-coefficients.js";
import { measureFace } from "./face-measures.js";
import { FaceTracker } from "./face-tracker.js";

/** Looks at most so often, ms: 15 times a second is enough for a face, and leaves the processor to the head. */
const LOOK_EVERY_MS = 66;
/** Looking may take this share of the time; on a slow machine it looks more rarely. */
const SHARE = 0.4;

/**
 * Opens the webcam and reads a face off it until it is closed. Pictures stay in this page.
 * @param onFace null: nobody is in view
 * @returns closes the camera
 * @throws DOMException NotAllowedError, NotFoundError, NotReadableError as the browser has it
 */
export async function openCamera(onFace: (face: TrackedFace | null) => void): Promise<() => void> {
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 }, facingMode: "user" },
  });
  const stop = () => {
    for (const track of stream.getTracks()) track.stop();
  };
  try {
    const video = document.createElement("video");
    video.muted = true;
    video.playsInline = true;
    video.srcObject = stream;
    await video.play();
    const tracker = await FaceTracker.create();
    const closed = new AbortController();
    void look(video, tracker, onFace, closed.signal).finally(() => tracker.dispose());
    return () => {
      closed.abort();
      stop();
    };
  } catch (error) {
    stop();
    throw error;
  }
}

async function look(
  video: HTMLVideoElement,
  tracker: FaceTracker,
  onFace: (face: TrackedFace | null) => void,
  closed: AbortSignal,
): Promise<void> {
  const coefficients = new FaceCoefficients();
  while (!closed.aborted) {
    const beganMs = performance.now();
    const landmarks = await tracker.find(video);
    if (closed.aborted) return;
    if (!landmarks) coefficients.reset();
    onFace(landmarks ? coefficients.read(measureFace(landmarks, video.videoWidth / video.videoHeight)) : null);
    const tookMs = performance.now() - beganMs;
    const waitMs = Math.max(LOOK_EVERY_MS - tookMs, tookMs / SHARE - tookMs);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
