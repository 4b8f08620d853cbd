import type { EchoAgent } from "../../sdk/index.js";

/** What the person of a measurement can do to an agent; each goes on until its answer is called. */
type Listener = Pick<EchoAgent["user"], "pushAudio" | "pushFace">;
export type Voice = { readonly pcm: Float32Array; readonly sampleRateHz: number };

const CHUNK_MS = 20;
const FACE_EVERY_MS = 40;
const SMILE = { mouthSmileLeft: 0.8, mouthSmileRight: 0.8, cheekSquintLeft: 0.4, cheekSquintRight: 0.4 };

/** Says recorded sound at the pace of speech, from now on. */
export function say(user: Listener, { pcm, sampleRateHz }: Voice): () => void {
  const size = (sampleRateHz * CHUNK_MS) / 1_000;
  const beganMs = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    for (; sent * CHUNK_MS < performance.now() - beganMs && sent * size < pcm.length; sent++)
      user.pushAudio({ pcm: pcm.slice(sent * size, (sent + 1) * size), sampleRateHz });
  }, CHUNK_MS);
  return () => clearInterval(timer);
}

/** Comes into view with a smile and keeps it. */
export function smile(user: Listener): () => void {
  const look = () => user.pushFace({ blendshapes: SMILE });
  look();
  const timer = setInterval(look, FACE_EVERY_MS);
  return () => clearInterval(timer);
}

/** A part of a voice, from and to seconds. */
export function cut({ pcm, sampleRateHz }: Voice, [fromS, toS]: readonly [number, number]): Voice {
  return { pcm: pcm.slice(Math.floor(fromS * sampleRateHz), Math.floor(toS * sampleRateHz)), sampleRateHz };
}
