import { EchoError } from "../../base/errors.js";
import { SerialQueue } from "../../base/serial-queue.js";
import { AvatarDecoder, firstVariant } from "../../decoder/avatar-decoder.js";
import type { Pack } from "../../pack/pack.js";
import type { BackendReport } from "../../protocol/backend.js";
import type { DecoderVariant, PaintOutput } from "../../protocol/generator-worker.js";
import type { PainterWorkerApi } from "../../protocol/painter-worker.js";
import type { Runtime } from "../../runtime/session.js";
import { transferArrays } from "../../runtime/transfer.js";
import type { StageHost } from "./stage-host.js";
import { StageTimings } from "./stage-timings.js";

type Loaded = { readonly pack: Pack; readonly runtime: Runtime; decoder: AvatarDecoder };

/** The decoder of one agent, for one picture at a time: what a painter's thread exposes. */
export class PainterService implements PainterWorkerApi {
  readonly #host: StageHost;
  readonly #queue = new SerialQueue("a painter");
  #loaded: Loaded | undefined;

  constructor(host: StageHost) {
    this.#host = host;
  }

  load(options: Parameters<PainterWorkerApi["load"]>[0]): Promise<BackendReport> {
    return this.#queue.run(async () => {
      await this.#loaded?.runtime.dispose();
      this.#loaded = undefined;
      const { pack: source, avatar, backend, assets } = options;
      const pack = await this.#host.openPack(source);
      const runtime = await this.#host.openRuntime({ backend, assets });
      try {
        const decoder = await openDecoder({ pack, runtime }, avatar, options.variant ?? firstVariant(runtime));
        this.#loaded = { pack, runtime, decoder };
      } catch (error) {
        await runtime.dispose();
        throw error;
      }
      return { backend: runtime.backend, downgrade: runtime.downgrade };
    });
  }

  paint(tokens: Float32Array): Promise<PaintOutput> {
    return this.#queue.run(async () => {
      const { decoder } = this.#ready();
      const { stageMs, timed } = new StageTimings();
      const [rgba] = await timed("decoder", () => decoder.decode(tokens));
      return transferArrays({ rgba: rgba!, stageMs });
    });
  }

  show(avatar: string, variant?: DecoderVariant): Promise<void> {
    return this.#queue.run(async () => {
      const loaded = this.#ready();
      const old = loaded.decoder;
      const wanted = variant ?? old.variant;
      if (avatar === old.id && wanted === old.variant) return;
      loaded.decoder = await openDecoder(loaded, avatar, wanted);
      await old.dispose();
    });
  }

  async dispose(): Promise<void> {
    await this.#queue.dispose();
    await this.#loaded?.runtime.dispose();
    this.#loaded = undefined;
  }

  #ready(): Loaded {
    if (this.#loaded === undefined) throw new EchoError("disposed", { what: "the painter (or it was never loaded)" });
    return this.#loaded;
  }
}

async function openDecoder(
  { pack, runtime }: Pick<Loaded, "pack" | "runtime">,
  id: string,
  wanted: DecoderVariant,
): Promise<AvatarDecoder> {
  const appearance = await pack.readAppearance(id);
  return AvatarDecoder.open({ pack, runtime, pictures: "memory", id, appearance, wanted });
}
