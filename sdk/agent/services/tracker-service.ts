import { EchoError, reasonOf } from "../../base/errors.js";
import { SerialQueue } from "../../base/serial-queue.js";
import type { FaceDetector } from "../../perception/face-detector.js";
import { openFaceLandmarker } from "../../perception/face-landmarker-detector.js";
import { openFaceMesh } from "../../perception/face-mesh-detector.js";
import { FaceReader } from "../../perception/face-reader.js";
import type { FaceDetectorSource, TrackerLook, TrackerView, TrackerWorkerApi } from "../../protocol/tracker-worker.js";
import { transferArrays } from "../../runtime/transfer.js";

/** Brightness is measured on a picture of this size. */
const THUMB = { width: 16, height: 12 };

/** The face tracker of one agent: what the tracker worker exposes. Calls run one after another, in order. */
export class TrackerService implements TrackerWorkerApi {
  readonly #queue = new SerialQueue("the face tracker");
  readonly #reader = new FaceReader();
  #detector: FaceDetector | undefined;
  #thumb: OffscreenCanvasRenderingContext2D | undefined;

  load({ detector }: { readonly detector: FaceDetectorSource }): Promise<void> {
    return this.#queue.run(async () => {
      await this.#detector?.dispose();
      this.#detector = undefined;
      try {
        this.#detector = await openDetector(detector);
      } catch (error) {
        throw new EchoError("tracker-failed", { reason: `${detector.kind}: ${reasonOf(error)}`, cause: error });
      }
    });
  }

  look({ image }: TrackerLook): Promise<TrackerView> {
    return this.#queue.run(async () => {
      const startMs = performance.now();
      const picture =
        image instanceof ImageBitmap ? image : await createImageBitmap(image).finally(() => image.close());
      try {
        if (this.#detector === undefined) throw new EchoError("disposed", { what: "the face tracker" });
        const faces = await this.#detector.find(picture);
        return transferArrays({
          faces: faces.length,
          face: this.#reader.read(faces, picture.width / picture.height),
          brightness: this.#brightness(picture),
          tookMs: performance.now() - startMs,
        });
      } finally {
        picture.close();
      }
    });
  }

  reset(): Promise<void> {
    return this.#queue.run(() => this.#reader.reset());
  }

  async dispose(): Promise<void> {
    await this.#queue.dispose();
    await this.#detector?.dispose();
    this.#detector = undefined;
  }

  #brightness(picture: ImageBitmap): number {
    const { width, height } = THUMB;
    this.#thumb ??= new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true }) ?? undefined;
    if (this.#thumb === undefined) return 1;
    this.#thumb.drawImage(picture, 0, 0, width, height);
    const { data } = this.#thumb.getImageData(0, 0, width, height);
    let sum = 0;
    // Luma of BT.601, as webcams have it.
    for (let i = 0; i < data.length; i += 4) sum += 0.299 * data[i]! + 0.587 * data[i + 1]! + 0.114 * data[i + 2]!;
    return sum / (data.length / 4) / 255;
  }
}

function openDetector(source: FaceDetectorSource): Promise<FaceDetector> {
  const url = source.url.endsWith("/") ? source.url : `${source.url}/`;
  return source.kind === "face-mesh" ? openFaceMesh(url) : openFaceLandmarker(url, source.modelUrl);
}
