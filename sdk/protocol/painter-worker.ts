import type { AssetOptions, BackendName, BackendReport, PackSource } from "./backend.js";
import type { DecoderVariant, PaintOutput } from "./generator-worker.js";

/** A decoder behind a thread: several of them paint the pictures of a block side by side. Calls are answered in order. */
export interface PainterWorkerApi {
  load(options: {
    pack: PackSource;
    avatar: string;
    /** @default what the backend begins with */
    variant?: DecoderVariant | undefined;
    backend: BackendName;
    assets?: AssetOptions | undefined;
  }): Promise<BackendReport>;
  /** Paints one frame of tokens f32 [12 * 32]. */
  paint(tokens: Float32Array): Promise<PaintOutput>;
  /** Paints another avatar from the next picture on, or with another decoder where the avatar has it. The one that was there stays if that fails. */
  show(avatar: string, variant?: DecoderVariant): Promise<void>;
  dispose(): Promise<void>;
}
