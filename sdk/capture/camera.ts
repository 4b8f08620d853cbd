import { EchoError, reasonOf } from "../base/errors.js";

/** What is asked for when the agent opens the camera itself: enough for a face, and light. */
const OWN_CAMERA: MediaTrackConstraints = {
  width: { ideal: 640 },
  height: { ideal: 480 },
  frameRate: { ideal: 30 },
  facingMode: "user",
};

/**
 * Asks for the camera (browsers); the caller stops its tracks.
 * Throws EchoError `camera-unavailable` when there is none, it is busy, or the person refuses.
 */
export async function openCamera(): Promise<MediaStream> {
  try {
    return await mediaDevices().getUserMedia({ video: OWN_CAMERA });
  } catch (error) {
    throw new EchoError("camera-unavailable", { reason: describeRefusal(error), cause: error });
  }
}

/** Why the browser did not give a device, in words. */
export function describeRefusal(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError") return "the person or the browser refused it";
  if (name === "NotFoundError") return "there is no such device";
  if (name === "NotReadableError") return "another program is using the device";
  return reasonOf(error);
}

/** The browser's devices. Throws where there are none: Node, and pages that are not secure. */
export function mediaDevices(): MediaDevices {
  const devices = (globalThis.navigator as Navigator | undefined)?.mediaDevices;
  if (devices === undefined) throw new Error("devices are to be had in browsers only, by https or on localhost");
  return devices;
}

/** A stream of Chromium that gives the pictures of a track whether the page is visible or not. */
type TrackProcessor = new (options: {
  track: MediaStreamTrack;
  maxBufferSize: number;
}) => {
  readonly readable: ReadableStream<VideoFrame>;
};

/** Pictures of a camera, each the newest there is when it is asked for. The track is borrowed. */
export interface CameraPictures {
  /** The next picture, which the caller closes or gives away; null once the camera gives no more. */
  next(): Promise<VideoFrame | ImageBitmap | null>;
  close(): void;
}

/** Reads the video track of a stream. Throws EchoError `camera-unavailable` when it has none. */
export async function readCamera(stream: MediaStream): Promise<CameraPictures> {
  const track = stream.getVideoTracks()[0];
  if (track === undefined) throw new EchoError("camera-unavailable", { reason: "the stream has no video track" });
  const Processor = (globalThis as { MediaStreamTrackProcessor?: TrackProcessor }).MediaStreamTrackProcessor;
  return Processor === undefined
    ? readVideoElement(stream, track)
    : readTrack(new Processor({ track, maxBufferSize: 1 }));
}

function readTrack({ readable }: { readable: ReadableStream<VideoFrame> }): CameraPictures {
  const reader = readable.getReader();
  return {
    next: async () => (await reader.read().catch(() => ({ value: undefined }))).value ?? null,
    close: () => void reader.cancel().catch(() => {}),
  };
}

/** Browsers without track processors on the page (Safari, Firefox) play the track in an element that is not shown. */
async function readVideoElement(stream: MediaStream, track: MediaStreamTrack): Promise<CameraPictures> {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  let closed = false;
  try {
    await video.play();
  } catch (error) {
    throw new EchoError("camera-unavailable", { reason: reasonOf(error), cause: error });
  }
  return {
    next: async () => {
      if (closed || track.readyState === "ended") return null;
      return createImageBitmap(video);
    },
    close: () => {
      closed = true;
      video.srcObject = null;
    },
  };
}
