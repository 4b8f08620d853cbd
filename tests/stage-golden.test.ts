import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BlendshapeHead } from "../sdk/decoder/blendshape-head.js";
import { FrameDecoder } from "../sdk/decoder/frame-decoder.js";
import { BlockGenerator } from "../sdk/generator/block-generator.js";
import { AffectTextEncoder } from "../sdk/lcu/affect-text-encoder.js";
import { GatedFusion } from "../sdk/lcu/gca.js";
import { LowLevelPerception } from "../sdk/lcu/lpe.js";
import { HistoryUnderstanding } from "../sdk/lcu/phi.js";
import { TextTokenizer } from "../sdk/lcu/text-tokenizer.js";
import type { Pack } from "../sdk/pack/pack.js";
import type { StageName } from "../sdk/pack/types.js";
import { pictureError } from "../sdk/pack/verify-pack.js";
import { AudioEncoder } from "../sdk/perception/audio-encoder.js";
import { VisualEncoder } from "../sdk/perception/visual-encoder.js";
import { bytesOf, rgbaBytes } from "../sdk/protocol/picture.js";
import { openRuntime } from "../sdk/runtime/open-runtime.js";
import type { Runtime } from "../sdk/runtime/session.js";
import { expectClose, floats, openPack, PACKS, ReplayedSession, readGolden } from "./golden-pack.js";

describe.each(PACKS)("the stages on the golden tensors of %s", (path) => {
  let pack: Pack;
  let runtime: Runtime;

  beforeAll(async () => {
    pack = await openPack(path);
    runtime = await openRuntime({ backend: "cpu" });
  });
  afterAll(() => runtime.dispose());

  /** The stage's golden run, and a session that replays it with the named inputs replaced by recorded ones. */
  async function replay(name: StageName, replaced: readonly string[] = []) {
    const entry = pack.manifest.behaviour[name];
    const states = entry.states ?? [];
    const golden = await readGolden(pack, entry.golden);
    const graph = await runtime.createSession(await pack.readStage(name));
    const session = new ReplayedSession(graph, golden, [...replaced, ...states.map(({ input }) => input)]);
    const expectOutputs = (): void => {
      for (const output of Object.keys(golden.outputs))
        expectClose(session.first![output]!.data, golden.outputs[output], golden.tolerance, `${name}.${output}`);
    };
    return { session, states, golden, expectOutputs };
  }

  it("audio encoder", async () => {
    const { session, states, golden, expectOutputs } = await replay("audio-encoder");
    const encoder = new AudioEncoder(session, states);
    const features = await encoder.encode(floats(golden.inputs.pcm));
    expectClose(features, golden.outputs.features, golden.tolerance, "features");
    for (const { input, output } of states)
      expectClose(encoder.save()[input]!.data, golden.outputs[output], golden.tolerance, output);
    expectOutputs();
  });

  it("visual encoder", async () => {
    const { session, golden } = await replay("visual-encoder");
    const { face, presence } = golden.inputs;
    const tokens = await new VisualEncoder(session).encode({ face: floats(face), presence: floats(presence) });
    expectClose(tokens, golden.outputs.tokens, golden.tolerance, "tokens");
  });

  it("low-level perception", async () => {
    const { session, states, golden, expectOutputs } = await replay("lpe", ["lpe"]);
    const { audio, visual, lpe } = golden.inputs;
    const stage = new LowLevelPerception(session, states);
    const perceived = await stage.perceive({
      audio: floats(audio),
      visual: floats(visual),
      on: floats(lpe)[0] === 1,
    });
    expectClose(perceived, golden.outputs.perception, golden.tolerance, "perception");
    expectOutputs();
  });

  it("history understanding", async () => {
    const { session, golden } = await replay("phi");
    const { history, mask } = golden.inputs;
    const understood = await new HistoryUnderstanding(session).understand({
      history: floats(history),
      mask: floats(mask),
    });
    expectClose(understood, golden.outputs.understanding, golden.tolerance, "understanding");
  });

  it("gated fusion", async () => {
    const { session, golden } = await replay("gca", ["hbcu"]);
    const { perception, understanding, hbcu } = golden.inputs;
    const input = { perception: floats(perception), understanding: floats(understanding), on: floats(hbcu)[0] === 1 };
    expectClose(await new GatedFusion(session).fuse(input), golden.outputs.f_pu, golden.tolerance, "f_pu");
  });

  it("text encoder, from words", async () => {
    // The tiny pack's ids are random: there may be padding between words, which no text gives, so they are put in place.
    const { session, golden } = await replay("text-encoder", path === "fixtures/tiny-pack" ? ["ids"] : []);
    const vocabulary = await pack.readVocabulary();
    const ids = [...(golden.inputs.ids!.data as Int32Array)];
    const words = ids.filter((id) => id !== 0).map((id) => (id === 1 ? "zzz" : vocabulary[id]!)); // 1 is the unknown word
    const tokenizer = new TextTokenizer({ vocabulary, length: pack.manifest.limits.textTokens });
    const emotion = await new AffectTextEncoder(session, tokenizer).encode(words.join(", "));
    expectClose(emotion, golden.outputs.emotion, golden.tolerance, "emotion");
  });

  it("generator, its first run", async () => {
    const { session, states, golden, expectOutputs } = await replay("generator", ["x", "time", "sdcm", "lau"]);
    const { audio, f_pu, emotion, identity, sdcm, lau, expressivity } = golden.inputs;
    const generator = new BlockGenerator({
      session,
      states,
      times: pack.manifest.sampler.times,
      identity: identity && floats(identity),
      seed: 1,
    });
    await generator.generate({
      audio: floats(audio),
      fPu: floats(f_pu),
      emotion: floats(emotion),
      sdcm: floats(sdcm)[0] === 1,
      lau: floats(lau)[0] === 1,
      expressivity: floats(expressivity)[0]!,
    });
    expectOutputs();
  });

  it("blendshape head", async () => {
    const { session, golden } = await replay("blendshape-head");
    const { blendshapes, pose } = await new BlendshapeHead(session).read(floats(golden.inputs.tokens));
    expectClose(blendshapes, golden.outputs.blendshapes, golden.tolerance, "blendshapes");
    expectClose(pose, golden.outputs.pose, golden.tolerance, "pose");
  });

  it("the decoders of every avatar", async () => {
    for (const id of pack.manifest.avatars) {
      const appearance = await pack.readAppearance(id);
      for (const [variant, entry] of Object.entries(pack.avatar(id).decoders)) {
        const golden = await readGolden(pack, entry.golden);
        const session = await runtime.createSession(await pack.readDecoder(id, variant));
        const { tokens, ...recorded } = golden.inputs;
        const decoder = new FrameDecoder({ session, appearance: { ...appearance, ...recorded } });
        const pictures = (await decoder.decode(floats(tokens))).map(bytesOf);
        const { width, height } = pack.avatar(id).resolution;
        expect(pictures.every((picture) => picture.length === width * height * 4)).toBe(true);
        const want = rgbaBytes(golden.outputs.rgba);
        const all = new Uint8Array(want.length);
        pictures.forEach((picture, f) => {
          all.set(picture, f * picture.length);
        });
        expect(pictures.length * pictures[0]!.length).toBe(want.length);
        expect(pictureError(all, want), `${id}/${variant}`).toBeLessThanOrEqual(golden.tolerance);
        await session.dispose();
      }
    }
  });
});
