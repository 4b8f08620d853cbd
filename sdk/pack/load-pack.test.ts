import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadPack } from "./load-pack.js";
import { type Editable, PackFiles, TINY_PACK } from "./pack-files.fixture.js";
import { packInfo } from "./pack-info.js";
import type { PackManifest } from "./types.js";

let files: PackFiles;
function renew(): void {
  files?.dispose();
  files = new PackFiles();
}
beforeEach(renew);
afterAll(() => files.dispose());

const refused = (code: string, ...parts: string[]) => {
  const message = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*");
  return { code, stage: "pack", recoverable: false, message: expect.stringMatching(message) };
};

describe("loadPack", () => {
  it("opens a folder by path or by file URL, and names the whole pack by one hash", async () => {
    const pack = await loadPack(TINY_PACK);
    const hash = createHash("sha256");
    for (const file of ["manifest.json", "avatars/ada/avatar.json", "avatars/kofi/avatar.json"])
      hash.update(files.read(file));
    expect(pack.hash).toBe(hash.digest("hex"));
    expect((await loadPack(pathToFileURL(TINY_PACK))).hash).toBe(pack.hash);
    expect(pack.source).toEqual({ folder: TINY_PACK });
    expect(pack.manifest.name).toBe("tiny");
  });

  it("changes its hash with any avatar", async () => {
    const before = await loadPack(files.folder);
    files.editAvatar("kofi", (avatar) => Object.assign(avatar, { displayName: "Kofi Two" }));
    expect((await loadPack(files.folder)).hash).not.toBe(before.hash);
  });

  it("reads stages, decoders, appearance and vocabulary", async () => {
    const pack = await loadPack(TINY_PACK);
    expect((await pack.readStage("gca")).bytes.length).toBe(pack.manifest.behaviour.gca.bytes);
    expect(await pack.readDecoder("kofi")).toMatchObject({
      name: "decoder",
      stage: "decoder",
      file: "decoders/plain.onnx",
    });
    const { identity, reference_rgba: picture } = await pack.readAppearance("kofi");
    expect(identity).toMatchObject({ dtype: "float32", shape: [4, 128] });
    expect(picture?.shape).toEqual([4, 16, 16]);
    expect((await pack.readVocabulary()).slice(0, 3)).toEqual(["<pad>", "<unk>", "neutral"]);
    expect(pack.avatar().id).toBe("ada");
  });

  it("sums itself up", async () => {
    const info = packInfo(await loadPack(TINY_PACK));
    expect(info).toMatchObject({
      name: "tiny",
      fps: 25,
      blockMs: 160,
      samplerSteps: 2,
      resolution: { width: 16, height: 16 },
    });
    expect(info.stages).toHaveLength(8);
    expect(info.avatars.map(({ id, isDefault }) => [id, isDefault])).toEqual([
      ["ada", true],
      ["kofi", false],
    ]);
    expect(info.bytes).toBeGreaterThan(10_000);
  });

  it("refuses what is no pack", async () => {
    await expect(loadPack(join(files.folder, "absent"))).rejects.toMatchObject(
      refused("pack-not-found", "there is no manifest.json"),
    );
    await expect(loadPack(join(files.folder, "manifest.json"))).rejects.toMatchObject(refused("pack-not-found"));
    await expect(loadPack("")).rejects.toThrow(TypeError);
    await expect(loadPack(TINY_PACK, { onProgres: () => {} } as never)).rejects.toThrow(
      "options.onProgres is not an option",
    );
  });

  it("refuses a manifest that is not JSON", async () => {
    files.write("manifest.json", "{ nope");
    await expect(loadPack(files.folder)).rejects.toMatchObject(refused("pack-manifest-invalid", "manifest.json"));
    files.write("manifest.json", "null");
    await expect(loadPack(files.folder)).rejects.toMatchObject(refused("pack-manifest-invalid", "the file"));
  });

  it("refuses another format version before it looks at anything else", async () => {
    files.write("manifest.json", JSON.stringify({ formatVersion: 2, somethingNew: true }));
    await expect(loadPack(files.folder)).rejects.toMatchObject(
      refused("pack-version-unsupported", "version 2", "reads version 1"),
    );
  });

  it("names the place of an unknown key, a lacking key and a value out of its range", async () => {
    files.editManifest((manifest) => Object.assign(manifest.clock, { fpss: 25 }));
    await expect(loadPack(files.folder)).rejects.toMatchObject(refused("pack-manifest-invalid", "clock.fpss"));
    renew();
    files.editManifest((manifest) => void delete (manifest.behaviour as Record<string, unknown>).gca);
    await expect(loadPack(files.folder)).rejects.toMatchObject(refused("pack-manifest-invalid", "behaviour", "gca"));
    renew();
    files.editManifest((manifest) => Object.assign(manifest.resolution, { width: 0 }));
    await expect(loadPack(files.folder)).rejects.toMatchObject(refused("pack-manifest-invalid", "resolution.width"));
    renew();
    files.editAvatar("kofi", (avatar) => Object.assign(avatar, { hat: "red" }));
    await expect(loadPack(files.folder)).rejects.toMatchObject(
      refused("pack-manifest-invalid", "avatars/kofi/avatar.json", "hat"),
    );
  });

  it.each([
    "../outside.onnx",
    "/etc/passwd",
    "behaviour/../../x",
    "behaviour//x",
    "c:\\x",
    "behaviour/.hidden",
    "https://x/y",
  ])("refuses the path %s, which leaves the pack or may", async (path) => {
    files.editManifest((manifest) => Object.assign(manifest.behaviour.phi, { file: path }));
    await expect(loadPack(files.folder)).rejects.toMatchObject(refused("pack-manifest-invalid", "behaviour.phi.file"));
  });

  const spoiled: [string, string, (manifest: Editable<PackManifest>) => void][] = [
    ["clock.samplesPerFrame", "sampleRateHz / fps", ({ clock }) => Object.assign(clock, { samplesPerFrame: 320 })],
    ["tokens.regions", "12", ({ tokens }) => tokens.regions?.pop()],
    ["sampler.times", "rise", ({ sampler }) => sampler.times.reverse()],
    ["defaultAvatar", "one of avatars", (manifest) => Object.assign(manifest, { defaultAvatar: "tomas" })],
    [
      "behaviour.lpe.states.0",
      "join",
      ({ behaviour }) => Object.assign(behaviour.lpe.states![0]!, { output: "other" }),
    ],
    ["behaviour.lpe.inputs.memory", "a state", ({ behaviour }) => behaviour.lpe.states?.pop()],
    [
      "behaviour.gca.outputs",
      "f_pu",
      ({ behaviour }) => Object.assign(behaviour.gca, { outputs: behaviour.phi.outputs }),
    ],
  ];
  it.each(spoiled)("refuses what the schema cannot say: %s", async (path, rule, change) => {
    files.editManifest(change);
    await expect(loadPack(files.folder)).rejects.toMatchObject(refused("pack-manifest-invalid", path, rule));
  });

  it("refuses an avatar that does not fit its pack", async () => {
    files.editAvatar("kofi", (avatar) => Object.assign(avatar.tokens, { width: 64 }));
    await expect(loadPack(files.folder)).rejects.toMatchObject(
      refused("pack-manifest-invalid", "tokens.width", "must be 32"),
    );
    renew();
    files.editAvatar(
      "kofi",
      (avatar) => void delete (avatar.appearance.tensors as Record<string, unknown>).reference_rgba,
    );
    await expect(loadPack(files.folder)).rejects.toMatchObject(
      refused("pack-manifest-invalid", "inputs.reference_rgba"),
    );
    renew();
    const bytes = { dtype: "uint8", shape: ["F", 16, 16, 4] } as const; // as packs were before pictures could stay on a GPU
    files.editAvatar("kofi", ({ decoders }) => Object.assign(decoders.full!.outputs, { rgba: bytes }));
    await expect(loadPack(files.folder)).rejects.toMatchObject(
      refused("pack-manifest-invalid", "decoders.full.outputs.rgba"),
    );
    renew();
    const otherSize = { dtype: "int32", shape: ["F", 8, 8] } as const;
    files.editAvatar("kofi", ({ decoders }) => Object.assign(decoders.full!.outputs, { rgba: otherSize }));
    await expect(loadPack(files.folder)).rejects.toMatchObject(
      refused("pack-manifest-invalid", "decoders.full.outputs.rgba", 'must be int32 ["F", 16, 16]'),
    );
    renew();
    files.remove("avatars/kofi/avatar.json");
    await expect(loadPack(files.folder)).rejects.toMatchObject(
      refused("pack-file-missing", "avatars/kofi/avatar.json"),
    );
  });

  it("refuses an avatar and a decoder that are not there", async () => {
    const pack = await loadPack(TINY_PACK);
    expect(() => pack.avatar("tomas")).toThrow(
      expect.objectContaining(refused("avatar-not-found", "tomas", "ada, kofi")),
    );
    await expect(pack.readDecoder("ada", "lite")).rejects.toMatchObject(refused("avatar-not-found", "ada/lite"));
  });
});

describe("loadPack over http", () => {
  let server: Server;
  let base: string;
  let asked: string[];
  beforeEach(async () => {
    asked = [];
    server = createServer((request, response) => {
      const path = new URL(request.url ?? "/", "http://x").pathname;
      asked.push(path);
      try {
        response.end(files.read(path.replace("/packs/tiny/", "")));
      } catch {
        response.writeHead(path.includes("broken") ? 500 : 404).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  it("reads the same pack as from the folder and tells its progress", async () => {
    const progress: number[] = [];
    const pack = await loadPack(`${base}/packs/tiny`, {
      onProgress: ({ loadedBytes, totalBytes }) => progress.push(loadedBytes / totalBytes),
    });
    expect(pack.hash).toBe((await loadPack(files.folder)).hash);
    expect((await pack.readStage("lpe")).bytes).toEqual(new Uint8Array(files.read("behaviour/lpe.onnx")));
    expect(progress.at(-1)).toBe(1);
  });

  it("tells an absent pack, a failing server and no server apart by the reason", async () => {
    await expect(loadPack(`${base}/nothing/`)).rejects.toMatchObject(
      refused("pack-not-found", "there is no manifest.json"),
    );
    await expect(loadPack(`${base}/broken/`)).rejects.toMatchObject(refused("pack-not-found", "answered 500"));
    await expect(loadPack("http://127.0.0.1:9/")).rejects.toMatchObject(refused("pack-not-found"));
  });

  it("stops at a file that is longer than it may be", async () => {
    const pack = await loadPack(`${base}/packs/tiny/`);
    files.write("behaviour/lpe.onnx", new Uint8Array(1_000_000));
    await expect(pack.readStage("lpe")).rejects.toMatchObject(refused("pack-file-corrupt", "longer than the"));
  });

  it("notices a file of which only half was served", async () => {
    const pack = await loadPack(`${base}/packs/tiny/`);
    const whole = files.read("behaviour/lpe.onnx");
    files.write("behaviour/lpe.onnx", new Uint8Array(whole.subarray(0, whole.length / 2)));
    await expect(pack.readStage("lpe")).rejects.toMatchObject(refused("pack-file-corrupt"));
  });

  it("goes on without the browser's cache when there is no room in it, or it is forbidden", async () => {
    const full = () => Promise.reject(new DOMException("no room", "QuotaExceededError"));
    const cache = { match: async () => undefined, put: full, delete: async () => false };
    for (const open of [async () => cache, () => Promise.reject(new DOMException("no", "SecurityError"))]) {
      Object.defineProperty(globalThis, "caches", { value: { open }, configurable: true });
      try {
        const pack = await loadPack(`${base}/packs/tiny/`);
        expect((await pack.readStage("lpe")).name).toBe("lpe");
      } finally {
        Reflect.deleteProperty(globalThis, "caches");
      }
    }
  });

  it("stops when the signal is aborted", async () => {
    const pack = await loadPack(`${base}/packs/tiny/`);
    await expect(pack.readStage("lpe", AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
  });

  it("keeps files by their hash where the browser has a cache, and forgets a damaged one", async () => {
    const kept = new Map<string, Response>();
    const cache = {
      match: async (key: string) => kept.get(key)?.clone(),
      put: async (key: string, response: Response) => void kept.set(key, response),
      delete: async (key: string) => kept.delete(key),
    };
    Object.defineProperty(globalThis, "caches", { value: { open: async () => cache }, configurable: true });
    try {
      const pack = await loadPack(`${base}/packs/tiny/`);
      await pack.readStage("lpe");
      await pack.readStage("lpe");
      expect(asked.filter((path) => path.endsWith("lpe.onnx"))).toHaveLength(1);
      const key = `https://echo-head.invalid/${pack.manifest.behaviour.lpe.sha256}`;
      kept.set(key, new Response(new Uint8Array(pack.manifest.behaviour.lpe.bytes)));
      await expect(pack.readStage("lpe")).rejects.toMatchObject(refused("pack-file-corrupt", "SHA-256"));
      expect((await pack.readStage("lpe")).name).toBe("lpe");
    } finally {
      Reflect.deleteProperty(globalThis, "caches");
    }
  });
});
