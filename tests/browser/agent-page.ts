import { HeadRecorder } from "../../plugins/recorder/index.js";
import { EchoAgent, SpeechPlayer } from "../../sdk/index.js";

const assets = { ortWasmUrl: new URL("/ort/", location.href).href, workerUrl: "/workers/" };
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Everything that goes through an audio node, sample by sample, with the time at which it was heard. */
class Recorder {
  readonly chunks: { pcm: Float32Array; heardMs: number }[] = [];

  static async attach(player: SpeechPlayer, output: AudioNode): Promise<Recorder> {
    const { context } = player;
    await context.audioWorklet.addModule("/workers/capture.worklet.js");
    const node = new AudioWorkletNode(context, "echo-head-capture", { numberOfOutputs: 0 });
    const recorder = new Recorder();
    node.port.onmessage = ({ data }: MessageEvent<Float32Array>) =>
      recorder.chunks.push({ pcm: data, heardMs: player.nowMs() });
    output.connect(node);
    return recorder;
  }

  /** Where sound begins and ends, in samples of the recording, and when its beginning was heard. */
  sound(): { start: number; end: number; silentInside: number; heardMs: number } {
    let [start, end, silentInside, heardMs, at, quiet] = [-1, -1, 0, 0, 0, 0];
    for (const chunk of this.chunks) {
      chunk.pcm.forEach((sample, i) => {
        if (Math.abs(sample) > 1e-3) {
          if (start < 0) [start, heardMs] = [at + i, chunk.heardMs];
          else if (quiet > 200) silentInside += quiet;
          end = at + i + 1;
          quiet = 0;
        } else quiet += 1;
      });
      at += chunk.pcm.length;
    }
    return { start, end, silentInside, heardMs };
  }
}

let agent: EchoAgent;
let player: SpeechPlayer;
let recorder: Recorder;
let spoken: () => Promise<{
  result: { playedMs: number; interrupted: boolean };
  hidden: number;
  worstMs: number;
  sound: ReturnType<Recorder["sound"]>;
  rateHz: number;
}>;

/** What agent.test.ts calls in the browser. */
const calls = {
  start: async () => {
    const context = new AudioContext();
    const output = new GainNode(context);
    output.connect(context.destination);
    player = await SpeechPlayer.create({ context, output, assets });
    await context.resume();
    recorder = await Recorder.attach(player, output);
    agent = await EchoAgent.create({ pack: "/pack/", clock: player, backend: "wasm", assets });
    return { state: agent.state, backend: agent.backend, rateHz: context.sampleRate };
  },

  /** Speaks a second of a tone and watches until it is over. */
  speak: async (rateHz: number) => {
    recorder.chunks.length = 0;
    const frames: { index: number; timestampMs: number; state: string; lateMs: number }[] = [];
    let done = false;
    const watched = (async () => {
      for await (const frame of agent.frames()) {
        const { index, timestampMs, state } = frame;
        frames.push({ index, timestampMs, state, lateMs: agent.nowMs - timestampMs });
        frame.close();
        if (done && state === "listening") break;
      }
    })();
    const pcm = Float32Array.from({ length: rateHz }, (_, n) => 0.5 * Math.cos((2 * Math.PI * 500 * n) / rateHz));
    const result = await agent.speak({ pcm, sampleRateHz: rateHz }).finished;
    done = true;
    await watched;
    await sleep(300);
    return { result, frames, sound: recorder.sound(), rateHz: player.context.sampleRate };
  },

  /** Interrupts five seconds of speech. */
  interrupt: async () => {
    recorder.chunks.length = 0;
    const utterance = agent.speak({ pcm: new Float32Array(5 * 16_000).fill(0.25), sampleRateHz: 16_000 });
    await new Promise<void>((resolve) => {
      agent.on("utterance-started", () => resolve(), { once: true });
    });
    await sleep(500);
    agent.interrupt();
    const result = await utterance.finished;
    await sleep(700);
    const { start, end } = recorder.sound();
    return { result, soundMs: ((end - start) * 1_000) / player.context.sampleRate, state: agent.state };
  },

  /** The context is suspended while the head speaks, and resumed: the head moves on, the sound comes back, later speech is whole. */
  suspend: async () => {
    const { context } = player;
    const first = agent.speak({ pcm: new Float32Array(3 * 16_000).fill(0.2), sampleRateHz: 16_000 });
    await sleep(600);
    await context.suspend();
    const before = { frames: agent.stats().frames, nowMs: agent.nowMs };
    await sleep(1_500);
    const during = { frames: agent.stats().frames - before.frames, passedMs: agent.nowMs - before.nowMs };
    await context.resume();
    const result = await first.finished;
    const nowMs = agent.nowMs;
    await sleep(300);
    return { during, result, goesOn: agent.nowMs > nowMs, state: agent.state };
  },

  /** Speaks with the timers of a page in the background, which fire once a second at most. */
  hidden: async () => {
    recorder.chunks.length = 0;
    const { setTimeout: real } = window;
    Object.assign(window, { setTimeout: (job: () => void, ms = 0) => real(job, Math.max(1_000, ms)) });
    try {
      const before = agent.stats().frames;
      const startMs = agent.nowMs;
      const pcm = Float32Array.from({ length: 48_000 }, (_, n) => 0.5 * Math.cos((2 * Math.PI * 500 * n) / 16_000));
      const result = await agent.speak({ pcm, sampleRateHz: 16_000 }).finished;
      const frames = ((agent.stats().frames - before) * 1_000) / (agent.nowMs - startMs);
      await new Promise((resolve) => real(resolve, 300));
      return { result, frames, sound: recorder.sound(), rateHz: player.context.sampleRate };
    } finally {
      Object.assign(window, { setTimeout: real });
    }
  },

  /** Begins to speak for so long. `spoken()` tells, when it is over, of the frames that were handed out while the page was hidden. */
  beginToSpeak: async (seconds: number) => {
    recorder.chunks.length = 0;
    let [done, hidden, worstMs] = [false, 0, 0];
    const watched = (async () => {
      for await (const frame of agent.frames()) {
        const lateMs = agent.nowMs - frame.timestampMs;
        frame.close();
        if (done) break;
        if (document.visibilityState !== "hidden") continue;
        hidden += 1;
        worstMs = Math.max(worstMs, lateMs);
      }
    })();
    const pcm = Float32Array.from({ length: seconds * 16_000 }, (_, n) => 0.5 * Math.cos((Math.PI * n) / 16));
    const { finished } = agent.speak({ pcm, sampleRateHz: 16_000 });
    spoken = async () => {
      const result = await finished;
      done = true;
      await watched;
      await sleep(300);
      return { result, hidden, worstMs, sound: recorder.sound(), rateHz: player.context.sampleRate };
    };
    await new Promise<void>((resolve) => {
      agent.on("utterance-started", () => resolve(), { once: true });
    });
  },
  spoken: () => spoken(),

  /** The head as a stream: what a video element and an analyser get of it. */
  capture: async () => {
    const stream = agent.captureStream({ background: "#ff0000" });
    const kinds = stream.getTracks().map(({ kind }) => kind);
    const video = document.createElement("video");
    video.muted = true;
    video.srcObject = new MediaStream(stream.getVideoTracks());
    await video.play();
    const analyser = new AnalyserNode(player.context);
    new MediaStreamAudioSourceNode(player.context, { mediaStream: stream }).connect(analyser);
    const { finished } = agent.speak({ pcm: new Float32Array(32_000).fill(0.25), sampleRateHz: 16_000 });
    let loudest = 0;
    const samples = new Float32Array(analyser.fftSize);
    for (let i = 0; i < 60; i++) {
      await sleep(50);
      analyser.getFloatTimeDomainData(samples);
      loudest = Math.max(loudest, ...samples);
    }
    await finished;
    const { videoWidth, videoHeight } = video;
    const frames = video.getVideoPlaybackQuality().totalVideoFrames;
    for (const track of stream.getTracks()) track.stop();
    return { kinds, videoWidth, videoHeight, frames, loudest };
  },

  /** A microphone made of an oscillator. */
  listen: async () => {
    const { context } = player;
    const oscillator = new OscillatorNode(context, { frequency: 300 });
    const microphone = context.createMediaStreamDestination();
    oscillator.connect(microphone);
    oscillator.start();
    const detach = await agent.user.attachMicrophone(microphone.stream);
    await sleep(1_000);
    const heard = agent.stats().userSamples.pushed;
    detach();
    await sleep(100);
    const afterDetach = agent.stats().userSamples.pushed;
    await sleep(500);
    return { heard, grew: agent.stats().userSamples.pushed - afterDetach };
  },

  /** The pixels of a frame, and of the bitmap made of it. */
  picture: async () => {
    for await (const frame of agent.frames()) {
      const bitmap = await frame.toImageBitmap();
      const canvas = new OffscreenCanvas(frame.width, frame.height);
      const context = canvas.getContext("2d")!;
      context.drawImage(bitmap, 0, 0);
      const drawn = context.getImageData(0, 0, frame.width, frame.height).data;
      let [worst, opaque] = [0, 0];
      for (let i = 0; i < drawn.length; i++) {
        if (frame.rgba[i | 3]! < 255) continue; // a canvas rounds what is transparent
        opaque += 1;
        worst = Math.max(worst, Math.abs(drawn[i]! - frame.rgba[i]!));
      }
      const video = frame.toVideoFrame();
      const copied = new Uint8Array(video.allocationSize({ format: "RGBA" }));
      await video.copyTo(copied, { format: "RGBA" });
      const same = copied.every((value, i) => value === frame.rgba[i]);
      const videoMs = video.timestamp / 1_000 - frame.timestampMs;
      video.close();
      frame.close();
      return { worst, opaque, same, videoMs, width: bitmap.width, height: bitmap.height };
    }
    throw new Error("no frame came");
  },

  /** Films two seconds in which a tone is spoken; the film, and where the speech begins in it by the frames, in s. */
  film: async (format: "webm" | "mp4") => {
    const recorder = await HeadRecorder.start({ agent, format, player, assets });
    const frames = agent.frames();
    await sleep(1_000);
    const pcm = Float32Array.from({ length: 24_000 }, (_, n) => 0.5 * Math.cos((2 * Math.PI * 500 * n) / 24_000));
    const { finished } = agent.speak({ pcm, sampleRateHz: 24_000 });
    let speechMs = 0;
    for await (const frame of frames) {
      const { state, timestampMs } = frame;
      frame.close();
      if (state === "listening") continue;
      speechMs = timestampMs;
      break;
    }
    await finished;
    await sleep(300);
    const { blob, startMs, pictures, pictureCodec, soundCodec } = await recorder.stop();
    const base64 = await new Promise<string>((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(String(reader.result).split(",")[1]!);
      reader.readAsDataURL(blob);
    });
    return { base64, type: blob.type, speechS: (speechMs - startMs) / 1_000, pictures, pictureCodec, soundCodec };
  },

  /** Agents whose loading is given up at several moments; what each says. */
  abortLoading: async (delaysMs: readonly number[]) => {
    const said: string[] = [];
    for (const delayMs of delaysMs) {
      const controller = new AbortController();
      const creating = EchoAgent.create({ pack: "/pack/", backend: "wasm", assets, signal: controller.signal });
      setTimeout(() => controller.abort(new Error("given up")), delayMs);
      said.push(
        await creating.then(
          async (late) => {
            await late.dispose();
            return "was faster";
          },
          (error: Error) => error.message,
        ),
      );
    }
    return said;
  },

  /** The agent's states until it is well again, and frames have come after. */
  untilWell: async () => {
    const states: string[] = [];
    const stop = agent.on("state-changed", ({ to }) => states.push(to));
    while (states.at(-1) !== "listening") await sleep(50);
    const { frames } = agent.stats();
    while (agent.stats().frames < frames + 10) await sleep(50);
    stop();
    return states;
  },

  stop: async () => {
    const frames = agent.stats().frames;
    await agent.dispose();
    await player.dispose();
    return { state: agent.state, frames };
  },
};

declare global {
  interface Window {
    agentCalls: typeof calls;
  }
}
window.agentCalls = calls;
