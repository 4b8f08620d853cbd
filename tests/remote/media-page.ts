import { loadPack } from "../../sdk/index.js";
import { bytesOf } from "../../sdk/protocol/picture.js";
import type { VideoFormat } from "../../sdk/protocol/remote.js";
import { RemoteGenerator } from "../../sdk/remote/client/remote-generator.js";
import { probeDecoders } from "../../sdk/remote/media/open-decoder.js";

/** Pictures of one session: the same blocks for every format. */
async function pictures(
  url: string,
  packUrl: string,
  format: VideoFormat,
  blocks: number,
): Promise<Uint8ClampedArray[]> {
  const pack = await loadPack(packUrl);
  const decoders = await probeDecoders();
  const generator = new RemoteGenerator({
    servers: { urls: [url], token: undefined },
    packHash: pack.hash,
    decoders: async () => ({ ...decoders, formats: [format] }),
    onTrouble: (error) => {
      throw error;
    },
    stallMs: 60_000,
  });
  await generator.load({ pack: pack.source, avatar: pack.manifest.defaultAvatar, backend: "auto", seed: 1 });
  const seen: Uint8ClampedArray[] = [];
  for (let block = 0; block < blocks; block++) {
    const pcm = Float32Array.from(
      { length: 2_560 },
      (_, n) => 0.4 * Math.sin((n + 2_560 * block) * (0.02 + 0.01 * (block % 5))),
    );
    const conditions = {
      fPu: new Float32Array(1_536),
      emotion: new Float32Array(1_024),
      sdcm: true,
      lau: true,
      expressivity: 1,
    };
    const { rgba, held } = await generator.step({ ...conditions, pcm });
    if (held || rgba.length !== 4) throw new Error(`block ${block} came without its pictures`);
    seen.push(...rgba.map(bytesOf));
  }
  await generator.dispose();
  return seen;
}

/** Root mean square error of colour (weighted by what can be seen) and of alpha, in levels of 0..255, and both ends of alpha. */
function compare(got: Uint8ClampedArray[], want: Uint8ClampedArray[]) {
  let [colour, weight, alpha, count, clear, opaque] = [0, 0, 0, 0, 0, 255];
  got.forEach((picture, p) => {
    const truth = want[p]!;
    for (let i = 0; i < truth.length; i += 4) {
      const share = truth[i + 3]! / 255;
      for (let c = 0; c < 3; c++) colour += share * (picture[i + c]! - truth[i + c]!) ** 2;
      weight += 3 * share;
      alpha += (picture[i + 3]! - truth[i + 3]!) ** 2;
      count += 1;
      if (truth[i + 3] === 0) clear = Math.max(clear, picture[i + 3]!);
      if (truth[i + 3] === 255) opaque = Math.min(opaque, picture[i + 3]!);
    }
  });
  return { colourRmse: Math.sqrt(colour / weight), alphaRmse: Math.sqrt(alpha / count), clear, opaque };
}

/** What media.test.ts calls in the browser. */
const calls = {
  formats: async () => (await probeDecoders()).formats,
  compare: async (url: string, packUrl: string, formats: readonly VideoFormat[], blocks: number) => {
    const want = await pictures(url, packUrl, "raw", blocks);
    const results: Record<string, ReturnType<typeof compare>> = {};
    for (const format of formats) results[format] = compare(await pictures(url, packUrl, format, blocks), want);
    const colours = new Set(want[0]!.filter((_, i) => i % 4 === 0)).size;
    return { results, colours, pictures: want.length };
  },
};

declare global {
  interface Window {
    mediaCalls: typeof calls;
  }
}
window.mediaCalls = calls;
