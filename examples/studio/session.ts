import { type AffectReasoner, EchoAgent, type QualityLevel, SpeechPlayer, type Utterance } from "echo-head";

/** Where the page's server keeps things. */
export const PACK_URL = "/pack/";
export const CONVERSATION_URL = "/conversation/";
/** onnxruntime-web's .wasm and .mjs files. */
export const ORT_URL = "/ort/";
/** The files of npm @mediapipe/face_mesh. */
export const FACE_MESH_URL = "/face-mesh/";

/** What the page chooses for its agent. */
export type SessionChoice = {
  avatar: string;
  expressivity: number;
  backend: "auto" | "webgpu" | "wasm";
  quality: "auto" | QualityLevel;
  reasoner: AffectReasoner;
};

/**
 * The agent that the page shows now, and the loudspeaker that is its clock. Another backend or a fixed quality means another agent: the
 * old one is on screen until the new one is ready.
 */
export class Session {
  readonly context: AudioContext;
  /** Told of each agent that takes over, before the old one is disposed. */
  readonly #onAgent: (agent: EchoAgent) => void;
  #player: SpeechPlayer | null = null;
  #agent: EchoAgent | null = null;
  #epoch = 0;

  constructor(context: AudioContext, onAgent: (agent: EchoAgent) => void) {
    this.context = context;
    this.#onAgent = onAgent;
  }

  get agent(): EchoAgent | null {
    return this.#agent;
  }

  get player(): SpeechPlayer | null {
    return this.#player;
  }

  /** Makes an agent and hands it over; a later call overtakes an earlier one, which then resolves to false. */
  async start(choice: SessionChoice): Promise<boolean> {
    this.#epoch += 1;
    const epoch = this.#epoch;
    const player = await SpeechPlayer.create({ context: this.context });
    const agent = await EchoAgent.create({
      pack: new URL(PACK_URL, location.href),
      ...choice,
      clock: player,
      faceDetector: { kind: "face-mesh", url: new URL(FACE_MESH_URL, location.href).href },
      assets: { ortWasmUrl: new URL(ORT_URL, location.href).href },
    }).catch(async (error: unknown) => {
      await player.dispose();
      throw error;
    });
    if (epoch !== this.#epoch) {
      await agent.dispose();
      await player.dispose();
      return false;
    }
    const [oldAgent, oldPlayer] = [this.#agent, this.#player];
    this.#agent = agent;
    this.#player = player;
    this.#onAgent(agent);
    await oldAgent?.dispose();
    await oldPlayer?.dispose();
    return true;
  }

  /** Speaks one recording, after what is being said. */
  speak(pcm: Float32Array, sampleRateHz: number): Utterance | null {
    return this.#agent?.speak({ pcm, sampleRateHz }) ?? null;
  }
}
