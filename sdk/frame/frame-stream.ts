import { checkKeys, checkText } from "../base/option-checks.js";
import type { EchoFrame } from "./echo-frame.js";

/** Options of `agent.captureStream()`. */
export type CaptureStreamOptions = {
  /** CSS colour behind the head: video tracks have no transparency. @default "#000" */
  readonly background?: string | undefined;
};

/**
 * Draws frames, each when its time has come, into a video track (browsers): for a call (WebRTC), a recorder, or a virtual camera. The
 * track ends with the frames; stopping the track ends the drawing. `sound` is a track of what is heard with them.
 * Throws a `TypeError` where there is no page.
 */
export function streamFrames(
  frames: AsyncIterableIterator<EchoFrame>,
  sound: MediaStream | undefined,
  options: CaptureStreamOptions = {},
): MediaStream {
  checkKeys(options, "options", ["background"]);
  const { background = "#000" } = options as CaptureStreamOptions;
  checkText(background, "options.background");
  if (typeof document === "undefined") throw new TypeError("agent.captureStream() works in the page of a browser only");
  const canvas = document.createElement("canvas");
  const stream = canvas.captureStream(0); // a frame of the track is one of the head, no more
  const [track] = stream.getVideoTracks() as [CanvasCaptureMediaStreamTrack];
  for (const heard of sound?.getAudioTracks() ?? []) stream.addTrack(heard);
  void draw(frames, canvas, track, background);
  return stream;
}

async function draw(
  frames: AsyncIterableIterator<EchoFrame>,
  canvas: HTMLCanvasElement,
  track: CanvasCaptureMediaStreamTrack,
  background: string,
): Promise<void> {
  const context = canvas.getContext("2d", { alpha: false })!;
  try {
    for await (const frame of frames) {
      try {
        if (track.readyState === "ended") return;
        const bitmap = await frame.toImageBitmap();
        if (canvas.width !== frame.width || canvas.height !== frame.height) {
          canvas.width = frame.width;
          canvas.height = frame.height;
        }
        context.fillStyle = background;
        context.fillRect(0, 0, canvas.width, canvas.height);
        context.drawImage(bitmap, 0, 0);
        bitmap.close();
        track.requestFrame();
      } finally {
        frame.close();
      }
    }
  } catch {
    // the agent failed: whoever else pulls its frames is told why
  } finally {
    track.stop();
  }
}
