import type { AffectReasoner, EchoAgent, SpeechPlayer } from "echo-head";
import type { Captions } from "./conversation/captions.js";
import { type Conversation, type Face, loadConversation } from "./conversation/conversation.js";
import { ConversationPlayer } from "./conversation/conversation-player.js";
import type { Transport } from "./conversation/transport.js";
import type { UserTile } from "./conversation/user-tile.js";
import { type AvatarSummary, loadSummary, type PackSummary, warmCache } from "./loading.js";
import { type OpenMicrophone, openMicrophone } from "./microphone.js";
import type { Messages } from "./panel/messages.js";
import { CONVERSATION_URL, PACK_URL, Session, type SessionChoice } from "./session.js";

/** What the studio shows its work on. */
export type StudioViews = {
  readonly captions: Captions;
  readonly messages: Messages;
  readonly tile: UserTile;
  /** Made by whoever makes the studio, because its buttons call it. */
  transport(): Transport;
  /** Another agent is on screen from now on. */
  agentChanged(agent: EchoAgent): void;
  /** A button's state may have changed. */
  changed(): void;
};

/** What a person can do here: the conversation, the microphone, a recording, another avatar. One at a time speaks. */
export class Studio {
  readonly context = new AudioContext({ latencyHint: "interactive" });
  readonly #views: StudioViews;
  readonly #session: Session;
  readonly #userVoice = new GainNode(this.context);
  readonly #userAnalyser = new AnalyserNode(this.context, { fftSize: 1024 });
  #pack: PackSummary | null = null;
  #avatars: readonly AvatarSummary[] = [];
  #player: ConversationPlayer | null = null;
  #microphone: (OpenMicrophone & { detach(): void }) | null = null;
  #closeCamera: (() => void) | null = null;
  #avatarId = "";
  #expressivity = 1;
  #engine: Pick<SessionChoice, "backend" | "quality"> = { backend: "auto", quality: "auto" };
  readonly #reasoner: AffectReasoner;

  constructor(views: StudioViews, reasoner: AffectReasoner) {
    this.#views = views;
    this.#reasoner = reasoner;
    this.#session = new Session(this.context, views.agentChanged);
    this.#userVoice.connect(this.#userAnalyser).connect(this.context.destination);
    // Browsers keep sound off until someone touches the page.
    for (const event of ["pointerdown", "keydown"]) addEventListener(event, () => void this.context.resume());
  }

  get agent(): EchoAgent | null {
    return this.#session.agent;
  }

  /** The loudspeaker of the agent on screen. */
  get player(): SpeechPlayer | null {
    return this.#session.player;
  }

  /** What was asked for, whatever the machine made of it. */
  get engine(): Pick<SessionChoice, "backend" | "quality"> {
    return this.#engine;
  }

  get microphoneOn(): boolean {
    return this.#microphone !== null;
  }

  get cameraOn(): boolean {
    return this.#closeCamera !== null;
  }

  /** Loads the pack, the default avatar and the conversation. @returns the avatars there are, and which one is shown */
  async load(wantedAvatar: string | null): Promise<{ avatars: readonly AvatarSummary[]; chosen: string }> {
    const { messages } = this.#views;
    messages.loading("Looking for the model", null);
    const { pack, avatars } = await loadSummary(PACK_URL);
    this.#pack = pack;
    this.#avatars = avatars;
    const chosen = avatars.find(({ id }) => id === wantedAvatar) ?? avatars.find(({ id }) => id === pack.defaultAvatar);
    this.#avatarId = chosen!.id;
    return { avatars, chosen: this.#avatarId };
  }

  /** Starts the first agent and makes the conversation ready. */
  async start(): Promise<void> {
    const { messages } = this.#views;
    await this.#warm((progress) => messages.loading("Downloading the model", progress));
    messages.loading("Starting the network", null);
    const conversation = loadConversation(CONVERSATION_URL, this.context);
    conversation.catch(() => {}); // reported below, after the agent
    await this.#session.start(this.#choice(this.#engine));
    this.#prepare(await conversation);
  }

  /**
   * Another place or another quality: a new agent, which the old one waits for. The conversation pauses, microphone and camera close.
   * @throws EchoError as EchoAgent.create has it; the old agent goes on then
   */
  async chooseEngine(change: Partial<Pick<SessionChoice, "backend" | "quality">>): Promise<void> {
    const wanted = { ...this.#engine, ...change };
    this.interrupt();
    this.closeMicrophone();
    this.closeCamera();
    if (await this.#session.start(this.#choice(wanted))) this.#engine = wanted;
  }

  toggleConversation(): void {
    const player = this.#player;
    if (!player) return;
    if (player.playing) {
      player.pause();
      this.agent?.interrupt();
    } else {
      this.closeMicrophone();
      this.closeCamera();
      this.agent?.interrupt();
      this.#views.tile.show("Visitor", "recorded", this.#userAnalyser);
      player.play();
    }
    this.#views.transport().playing = player.playing;
    this.#views.changed();
  }

  seek(timeS: number): void {
    this.agent?.interrupt();
    this.#player?.seek(timeS);
  }

  /** @throws DOMException as the browser refuses it */
  async openMicrophone(): Promise<void> {
    const agent = this.agent;
    if (!agent || this.#microphone) return;
    this.#pauseConversation();
    const microphone = await openMicrophone(this.context);
    const detach = await agent.user.attachMicrophone(microphone.stream);
    this.#microphone = { ...microphone, detach };
    this.#showLive();
  }

  closeMicrophone(): void {
    this.#microphone?.detach();
    this.#microphone?.close();
    this.#microphone = null;
    this.#showLive();
  }

  /** @throws DOMException as the browser refuses it */
  async openCamera(): Promise<void> {
    if (!this.agent || this.#closeCamera) return;
    this.#pauseConversation();
    this.#views.messages.toast("Opening the camera. Its pictures stay on this machine.");
    this.#closeCamera = await this.agent.user.attachCamera();
    this.#showLive();
  }

  /** Call with each frame: the tile shows the face that the head sees. */
  showUser(): void {
    if (this.#closeCamera && this.agent) this.#views.tile.setFace(this.agent.user.face);
  }

  closeCamera(): void {
    if (!this.#closeCamera) return;
    this.#closeCamera();
    this.#closeCamera = null;
    this.#views.tile.setFace(null);
    this.#showLive();
  }

  /** @throws DOMException EncodingError when the browser cannot read it */
  async speakFile(file: File): Promise<void> {
    const audio = await this.context.decodeAudioData(await file.arrayBuffer());
    this.#pauseConversation();
    const { captions } = this.#views;
    captions.show("avatar", file.name);
    this.agent?.interrupt();
    const utterance = this.#session.speak(audio.getChannelData(0), audio.sampleRate);
    await utterance?.finished;
    captions.show("avatar", null);
  }

  interrupt(): void {
    this.#pauseConversation();
    this.agent?.interrupt();
  }

  setExpressivity(value: number): void {
    this.#expressivity = value;
    if (this.agent) this.agent.expressivity = value;
  }

  async chooseAvatar(id: string): Promise<void> {
    if (id === this.#avatarId) return;
    this.#avatarId = id;
    const name = this.#avatars.find((avatar) => avatar.id === id)?.displayName ?? id;
    this.#views.messages.toast(`${name} is on the way`);
    await this.#warm(() => {});
    if (id === this.#avatarId) await this.agent?.setAvatar(id); // unless another one was chosen meanwhile
  }

  #choice(engine: Pick<SessionChoice, "backend" | "quality">): SessionChoice {
    return { avatar: this.#avatarId, expressivity: this.#expressivity, reasoner: this.#reasoner, ...engine };
  }

  #seeFace(face: Face | null): void {
    this.#views.tile.setFace(face);
    if (face) this.agent?.user.pushFace({ blendshapes: face.blendshapes, ...(face.pose && { pose: face.pose }) });
    else this.agent?.user.pushFace(null);
  }

  /** The tile shows the person at this machine, while they are heard or seen. */
  #showLive(): void {
    const { tile } = this.#views;
    if (this.#microphone || this.#closeCamera) {
      const note = [this.#microphone && "heard", this.#closeCamera && "seen"].filter(Boolean).join(", ");
      tile.show("You", note, this.#microphone?.analyser ?? null);
    } else {
      tile.hide();
    }
    this.#views.changed();
  }

  #pauseConversation(): void {
    if (this.#player?.playing) this.toggleConversation();
  }

  async #warm(onProgress: Parameters<typeof warmCache>[3]): Promise<void> {
    const avatar = this.#avatars.find(({ id }) => id === this.#avatarId);
    if (this.#pack && avatar) await warmCache(PACK_URL, this.#pack, avatar, onProgress);
  }

  #prepare(conversation: Conversation): void {
    const { captions } = this.#views;
    this.#player = new ConversationPlayer(conversation, this.context, this.#userVoice, {
      userAudio: (pcm, sampleRateHz) => this.agent?.user.pushAudio({ pcm, sampleRateHz }),
      userFace: (face) => this.#seeFace(face),
      avatarTurn: (pcm, sampleRateHz) => void this.#session.speak(pcm, sampleRateHz),
      text: ({ role, text }) => this.agent?.dialogue.add({ role, text }),
      said: (role, turn) => captions.show(role, turn?.text ?? null),
      moved: (timeS) => this.#views.transport().move(timeS),
      stopped: () => {
        this.#views.transport().playing = false;
        this.#showLive();
      },
    });
    this.#views.transport().ready(conversation);
  }
}
