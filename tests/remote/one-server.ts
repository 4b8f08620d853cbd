import { fileURLToPath } from "node:url";
import { loadPack } from "../../sdk/pack/load-pack.js";
import type { Pack } from "../../sdk/pack/pack.js";
import { type SessionOffer, VIDEO_FORMATS, type VideoFormat } from "../../sdk/protocol/remote.js";
import { RemoteGenerator, type RemoteGeneratorOptions } from "../../sdk/remote/client/remote-generator.js";
import { probeDecoders } from "../../sdk/remote/media/open-decoder.js";
import { RenderServer } from "../../sdk/remote/server/render-server.js";
import type { ServeOptions } from "../../sdk/remote/server/serve-options.js";

/** Long enough for a machine on which everything else runs too. */
export const PATIENT_MS = 120_000;

/** The pack of most tests: heads are discs of 16 x 16. */
export const TINY = fileURLToPath(new URL("../../fixtures/tiny-pack", import.meta.url));

let tiny: Promise<Pack> | undefined;

/** The tiny pack, opened once. */
export function tinyPack(): Promise<Pack> {
  tiny ??= loadPack(TINY);
  return tiny;
}

/** Lines that servers of this test file logged, as objects. */
export const logged: { readonly level: string; readonly event: string; readonly [field: string]: unknown }[] = [];

/** A server on a free port with the tiny pack; its log goes to {@link logged}. */
export async function startTinyServer(options: ServeOptions = {}): Promise<RenderServer> {
  return RenderServer.start({
    pack: await tinyPack(),
    port: 0,
    requestsPerMinute: 1_000_000,
    log: (level, event, fields) => logged.push({ level, event, ...fields }),
    ...options,
  });
}

/** A generator on these servers, as an agent has one. The formats are exact ones unless others are asked for. */
export async function remoteGenerator(
  urls: readonly string[],
  options: Partial<RemoteGeneratorOptions> & { token?: string; formats?: readonly VideoFormat[]; avatar?: string } = {},
) {
  const pack = await tinyPack();
  const { token, formats = ["raw"], avatar = "ada", ...rest } = options;
  const troubles: string[] = [];
  const generator = new RemoteGenerator({
    servers: { urls, token },
    packHash: pack.hash,
    decoders: async () => {
      const found = await probeDecoders();
      return { ...found, formats: VIDEO_FORMATS.filter((format) => formats.includes(format)) };
    },
    onTrouble: (error) => troubles.push(error.code),
    ...rest,
  });
  const report = await generator.load({ pack: pack.source, avatar, backend: "auto", seed: 1 });
  return { generator, report, troubles };
}

/** `POST /sessions` by hand. */
export async function askForSession(url: string, body: object = {}, token?: string) {
  const pack = await tinyPack();
  const response = await fetch(new URL("/sessions", url), {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify({ protocol: 1, packHash: pack.hash, avatar: "ada", seed: 1, ...body }),
  });
  return { status: response.status, body: (await response.json()) as SessionOffer & { error?: { code: string } } };
}

/** 160 ms of a voice made by formula, that int16 holds exactly. */
export function voice(block: number): Float32Array {
  return Float32Array.from(
    { length: 2_560 },
    (_, n) => Math.round(13_000 * Math.sin((n + 2_560 * block) * (0.02 + 0.01 * (block % 5)))) / 32_767,
  );
}

/** What a step needs besides the voice. */
export function conditions(level = 0.1) {
  return {
    fPu: new Float32Array(12 * 128).fill(level),
    emotion: new Float32Array(8 * 128).fill(level),
    sdcm: true,
    lau: true,
    expressivity: 1,
  };
}
