import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PackFiles, TINY_PACK } from "./pack-files.fixture.js";
import { parseSafetensors } from "./safetensors.js";
import { verifyPack } from "./verify-pack.js";

let files: PackFiles;
beforeEach(() => {
  files = new PackFiles();
});
afterEach(() => files.dispose());

describe("verifyPack", () => {
  it.each(["cpu", "wasm"] as const)(
    "passes the tiny pack, all 10 graphs within their tolerance, on %s",
    async (backend) => {
      const progress: string[] = [];
      const report = await verifyPack(TINY_PACK, { backend, onProgress: ({ file }) => progress.push(file) });
      expect(report).toMatchObject({ name: "tiny", version: "0.1.0", backend });
      expect(report.graphs.map(({ name }) => name)).toEqual([
        "audio-encoder",
        "visual-encoder",
        "lpe",
        "phi",
        "gca",
        "text-encoder",
        "generator",
        "blendshape-head",
        "decoder (ada/full)",
        "decoder (kofi/full)",
      ]);
      for (const { golden } of report.graphs) expect(golden!.error).toBeLessThanOrEqual(golden!.tolerance);
      expect(report.files).toBe(1 + 2 * 2 + 8 * 2 + 1 + 2); // vocabulary, avatars' files, stages, one shared decoder, its goldens
      expect(progress).toContain("golden/phi.safetensors");
    },
  );

  it("leaves the golden runs out when it is told to", async () => {
    const report = await verifyPack(TINY_PACK, { golden: false, backend: "cpu" });
    expect(report.graphs).toHaveLength(10);
    expect(report.graphs.every(({ golden }) => golden === undefined)).toBe(true);
  });

  it("gives a missing file its own code", async () => {
    files.remove("golden/phi.safetensors");
    await expect(verifyPack(files.folder)).rejects.toMatchObject({
      code: "pack-file-missing",
      message: "the pack lacks golden/phi.safetensors, which manifest.json names",
    });
  });

  it("gives a wrong hash its own code, also where the length is right", async () => {
    const bytes = files.read("behaviour/gca.onnx");
    bytes[bytes.length - 1]! ^= 1;
    files.write("behaviour/gca.onnx", bytes);
    await expect(verifyPack(files.folder)).rejects.toMatchObject({
      code: "pack-file-corrupt",
      message: expect.stringContaining("its SHA-256 is"),
    });
    files.write("behaviour/gca.onnx", bytes.subarray(0, 100));
    await expect(verifyPack(files.folder)).rejects.toMatchObject({
      message: expect.stringContaining("it has 100 bytes"),
    });
  });

  it("gives a graph with other names its own code", async () => {
    const graph = files.read("behaviour/phi.onnx");
    files.editManifest(({ behaviour }) => files.replace(behaviour.gca, graph));
    await expect(verifyPack(files.folder)).rejects.toMatchObject({
      code: "pack-graph-mismatch",
      message: expect.stringContaining('no input "perception"'),
    });
  });

  it("gives a graph that cannot be read its own code", async () => {
    files.editManifest(({ behaviour }) => files.replace(behaviour.gca, new Uint8Array(64)));
    await expect(verifyPack(files.folder)).rejects.toMatchObject({ code: "graph-load-failed" });
  });

  it("gives a golden run outside its tolerance its own code", async () => {
    const golden = files.read("golden/gca.safetensors");
    golden.writeFloatLE(9, golden.length - 4); // the last element of the last tensor
    files.editManifest(({ behaviour }) => files.replace(behaviour.gca.golden, golden));
    await expect(verifyPack(files.folder)).rejects.toMatchObject({
      code: "pack-golden-mismatch",
      message: expect.stringContaining("behaviour/gca.onnx does not give its golden result: f_pu is off by"),
    });
  });

  it("checks the decoders of every avatar", async () => {
    const golden = files.read("avatars/kofi/golden-full.safetensors");
    const headerBytes = Number(golden.readBigUInt64LE(0));
    const header = JSON.parse(golden.subarray(8, 8 + headerBytes).toString());
    golden[8 + headerBytes + header["out.rgba"].data_offsets[0] + 3]! ^= 0x80; // alpha of the first pixel
    files.editAvatar("kofi", ({ decoders }) => files.replace(decoders.full!.golden, golden));
    await expect(verifyPack(files.folder)).rejects.toMatchObject({
      code: "pack-golden-mismatch",
      message: expect.stringContaining("rgba is off by "),
    });
  });

  it("takes a decoder's other inputs from the avatar's appearance, but not its tokens", async () => {
    const golden = parseSafetensors(files.read("avatars/kofi/golden-full.safetensors"), "golden");
    expect(Object.keys(golden).sort()).toEqual(["in.tokens", "out.rgba"]);
    const own = files.read("avatars/ada/golden-full.safetensors"); // another face, the same tokens
    files.editAvatar("kofi", ({ decoders }) => files.replace(decoders.full!.golden, own));
    await expect(verifyPack(files.folder)).rejects.toMatchObject({ code: "pack-golden-mismatch" });

    const renamed = files.read("avatars/ada/golden-full.safetensors");
    renamed.write("in.t0kens", renamed.indexOf("in.tokens"));
    files.editAvatar("ada", ({ decoders }) => files.replace(decoders.full!.golden, renamed));
    await expect(verifyPack(files.folder)).rejects.toMatchObject({
      code: "pack-file-corrupt",
      message: expect.stringContaining("it lacks in.tokens"),
    });
  });

  it("refuses unknown options and stops when it is told to", async () => {
    await expect(verifyPack(TINY_PACK, { goldn: true } as never)).rejects.toThrow("options.goldn is not an option");
    await expect(verifyPack(TINY_PACK, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
  });
});
