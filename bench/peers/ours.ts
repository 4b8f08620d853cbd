import { BlendshapeHead } from "../../sdk/decoder/blendshape-head.js";
import { BlockGenerator } from "../../sdk/generator/block-generator.js";
import { AffectTextEncoder } from "../../sdk/lcu/affect-text-encoder.js";
import { TextTokenizer } from "../../sdk/lcu/text-tokenizer.js";
import { LcuService } from "../../sdk/agent/services/lcu-service.js";
import { createStageHost } from "../../sdk/agent/services/stage-host.js";
import { loadPack } from "../../sdk/pack/load-pack.js";
import { AudioEncoder } from "../../sdk/perception/audio-encoder.js";
import { float32Data } from "../../sdk/protocol/tensor.js";
import { renderFrames } from "../../sdk/render.js";
import { AvatarTrack } from "../../sdk/render/input-tracks.js";
import { openRuntime } from "../../sdk/runtime/open-runtime.js";
import { shapeOfCoefficients } from "./corpus.js";
import type { LipSystem, MouthShape } from "./tracks.js";

/** echo-head without its painter: audio encoder, generator and blendshape head, block by block as the agent runs them; nobody is in front of the camera. */
export async function createOurs(source: string): Promise<LipSystem & { readonly packHash: string }> {
  const pack = await loadPack(source);
  const runtime = await openRuntime({ backend: "cpu", assets: { threads: 1 } }); // one thread: its time is what it costs, waiting left out
  const { behaviour, sampler, clock, limits, name, version } = pack.manifest;
  const avatar = pack.avatar(undefined).id;
  const appearance = await pack.readAppearance(avatar);
  const encoder = new AudioEncoder(
    await runtime.createSession(await pack.readStage("audio-encoder")),
    behaviour["audio-encoder"].states ?? [],
  );
  const generator = new BlockGenerator({
    session: await runtime.createSession(await pack.readStage("generator")),
    states: behaviour.generator.states ?? [],
    times: sampler.times,
    identity: appearance.identity ? float32Data(appearance, "identity") : undefined,
    seed: 1,
  });
  const head = new BlendshapeHead(await runtime.createSession(await pack.readStage("blendshape-head")));
  const tokenizer = new TextTokenizer({ vocabulary: await pack.readVocabulary(), length: limits.textTokens });
  const text = new AffectTextEncoder(await runtime.createSession(await pack.readStage("text-encoder")), tokenizer);
  const emotion = await text.encode("calm");
  const lcu = new LcuService(createStageHost());
  await lcu.load({ pack: pack.source, backend: "cpu" });
  const blockSamples = clock.blockFrames * clock.samplesPerFrame;
  const { fPu } = await lcu.step({
    pcm: new Float32Array(blockSamples),
    face: new Float32Array(clock.blockFrames * 58),
    presence: new Float32Array(clock.blockFrames),
    lpe: true,
    hbcu: true,
  });
  await lcu.dispose();
  return {
    name: "echo-head, motion",
    version: `${name} ${version}`,
    licence: "MIT",
    packHash: pack.hash,
    how: `the pack's audio encoder, generator (${sampler.times.length} steps) and blendshape head on onnxruntime-node, ${clock.avatarLookaheadFrames} frames of audio ahead`,
    async run({ pcm }) {
      encoder.reset();
      generator.reset();
      const track = new AvatarTrack(oneChunk(pcm), clock);
      for (const block of await track.prime()) await encoder.encode(block);
      const shapes: MouthShape[] = [];
      const frames = Math.ceil(pcm.length / clock.samplesPerFrame);
      while (shapes.length < frames) {
        const { pcm: block } = await track.next();
        const audio = await encoder.encode(block);
        const tokens = await generator.generate({ audio, fPu, emotion, sdcm: true, lau: true, expressivity: 1 });
        const { blendshapes } = await head.read(tokens);
        const width = blendshapes.length / clock.blockFrames;
        for (let f = 0; f < clock.blockFrames; f++)
          shapes.push(shapeOfCoefficients(blendshapes.subarray(f * width, (f + 1) * width)));
      }
      return { timesS: shapes.map((_, t) => (t + 0.5) / clock.fps), shapes };
    },
    dispose: () => runtime.dispose(),
  };
}

/** CPU seconds for a second of sound of the whole head: listening, motion and pixels, as `echo-head render` runs it. */
export async function cpuOfWholeHead(source: string, pcm: Float32Array): Promise<number> {
  const run = renderFrames({ pack: source, backend: "cpu", avatarAudio: oneChunk(pcm), userAudio: oneChunk(new Float32Array(pcm.length)) });
  const first = await run.next(); // loading is left out
  const before = process.cpuUsage();
  let frames = 0;
  for (let next = first; next.done !== true; next = await run.next()) {
    next.value.close();
    frames++;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6 / (frames / 25);
}

async function* oneChunk(pcm: Float32Array): AsyncGenerator<Float32Array, void> {
  yield pcm;
}
