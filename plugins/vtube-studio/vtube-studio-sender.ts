import { ApiClient, ErrorCode, VTubeStudioError } from "vtubestudio";
import { copyFace, type Face, type FaceFrame } from "../face/face-frame.js";
import { FramePump } from "../face/frame-pump.js";
import { checkKeys, checkOneOf } from "../face/option-checks.js";
import { LatestSender } from "./latest-sender.js";
import { customParameters, customValues, defaultValues, type ParameterValue } from "./parameters.js";
import { CLOSED_SOCKET, findSocketFactory, type SocketFactory } from "./web-socket.js";

/**
 * "connecting": VTube Studio is not there yet, or away; it is tried every 5 s. "connected": faces are sent. "denied": the person
 * refused the plugin; it is not asked again. "disposed".
 */
export type VTubeStudioState = "connecting" | "connected" | "denied" | "disposed";

/** Which parameters are driven: those that VTube Studio has, the plugin's own 52 (EchoJawOpen ...), or both. */
export type VTubeStudioParameters = "default" | "custom" | "both";

/** Where the token is kept that the person's permission gives. */
export interface TokenStore {
  /** The token of an earlier session, or null. */
  load(): string | null | Promise<string | null>;
  /** Keeps a new token. */
  save(token: string): void | Promise<void>;
}

/** Options of {@link VTubeStudioSender.open}. */
export type VTubeStudioSenderOptions = {
  /** Where the permission is kept; without it the person is asked in every session. */
  readonly token: TokenStore;
  /** @default "ws://127.0.0.1:8001" */
  readonly url?: string;
  /** Shown to the person, 3 to 32 letters. @default "echo-head" */
  readonly pluginName?: string;
  /** Shown to the person, 3 to 32 letters. @default "echo-head" */
  readonly pluginDeveloper?: string;
  /** PNG or JPEG of 128 x 128 pixels, in base64. */
  readonly pluginIcon?: string;
  /** @default "default" */
  readonly parameters?: VTubeStudioParameters;
  /** Factors by parameter, for a model that wants an axis the other way: `{ FaceAngleZ: -1 }`. */
  readonly scale?: Readonly<Record<string, number>>;
  /** @default the runtime's WebSocket, in Node 20 that of the package `ws` */
  readonly webSocketFactory?: SocketFactory;
  /** Told when the state changes. */
  readonly onStateChanged?: (state: VTubeStudioState) => void;
  /** Told what VTube Studio refused, for instance a parameter that another plugin holds. Sending goes on. */
  readonly onProblem?: (error: unknown) => void;
};

/** VTube Studio forgets a value after one second. */
const REPEAT_MS = 400;
/** After a list of parameters that did not come. */
const RETRY_MS = 1_000;
/** How long VTube Studio may take to answer, in ms. */
const CALL = { timeout: 5_000 };

const KEYS = [
  ...["token", "url", "pluginName", "pluginDeveloper", "pluginIcon", "parameters", "scale"],
  ...["webSocketFactory", "onStateChanged", "onProblem"],
];

/**
 * Sends faces to VTube Studio: asks for permission once, adds its parameters, and keeps every value fresh.
 *
 *     const studio = await VTubeStudioSender.open({ token: { load: readToken, save: writeToken } });
 *     void studio.attach(agent.frames());
 */
export class VTubeStudioSender {
  readonly #options: VTubeStudioSenderOptions;
  readonly #client: ApiClient;
  readonly #pump = new FramePump((frame) => this.send(frame));
  readonly #sender: LatestSender<Face>;
  readonly #wanted: VTubeStudioParameters;
  #state: VTubeStudioState = "connecting";
  /** What VTube Studio knows: one unknown name would make it refuse all. */
  #known = new Set<string>();
  #injected = 0;
  #refused = 0;

  private constructor(options: VTubeStudioSenderOptions, openSocket: SocketFactory) {
    this.#options = options;
    this.#wanted = options.parameters ?? "default";
    this.#sender = new LatestSender({
      send: (face) => this.#inject(face),
      onFailure: (error) => this.#refuse(error),
      repeatMs: REPEAT_MS,
    });
    this.#client = new ApiClient({
      url: options.url ?? "ws://127.0.0.1:8001",
      pluginName: options.pluginName ?? "echo-head",
      pluginDeveloper: options.pluginDeveloper ?? "echo-head",
      ...(options.pluginIcon === undefined ? {} : { pluginIcon: options.pluginIcon }),
      authTokenGetter: () => options.token.load(),
      authTokenSetter: async (token) => options.token.save(token),
      // NOTICE: vtubestudio 3.11 opens a socket after a wait of 5 s even when disconnect() came meanwhile.
      webSocketFactory: (url) => (this.#over ? CLOSED_SOCKET : openSocket(url)) as never,
    });
    this.#client.on("connect", () => void this.#prepare());
    this.#client.on("disconnect", () => this.#move("connecting"));
    this.#client.on("error", (error) => this.#fail(error));
  }

  /** Begins to connect and does not wait for it: VTube Studio may be started later. Throws a `TypeError` for a bad option. */
  static async open(options: VTubeStudioSenderOptions): Promise<VTubeStudioSender> {
    checkKeys(options, KEYS);
    if (typeof options.token?.load !== "function" || typeof options.token.save !== "function")
      throw new TypeError("options.token must have load() and save()");
    checkOneOf(options.parameters ?? "default", "parameters", ["default", "custom", "both"]);
    for (const key of ["pluginName", "pluginDeveloper"] as const) {
      const { length } = options[key] ?? "echo-head";
      if (length < 3 || length > 32) throw new TypeError(`options.${key} must have 3 to 32 letters, not ${length}`);
    }
    return new VTubeStudioSender(options, options.webSocketFactory ?? (await findSocketFactory()));
  }

  /** Where the connection is. */
  get state(): VTubeStudioState {
    return this.#state;
  }

  /** Faces that VTube Studio took, that it refused, and that a newer one overtook. */
  get stats(): { readonly injected: number; readonly refused: number; readonly replaced: number } {
    return { injected: this.#injected, refused: this.#refused, replaced: this.#sender.replaced };
  }

  /**
   * Sends every frame until the source ends, another is attached, or the sender is disposed; each is closed. When it has ended
   * VTube Studio has its parameters to itself again within a second.
   */
  async attach(frames: AsyncIterable<FaceFrame>): Promise<void> {
    try {
      await this.#pump.attach(frames);
    } finally {
      if (!this.#pump.attached) this.#sender.clear();
    }
  }

  /** Sends one frame and repeats it until the next; a newer one overtakes it when VTube Studio is slow. The caller closes it. */
  send(frame: FaceFrame): void {
    if (!this.#over) this.#sender.put(copyFace(frame));
  }

  /** Lets the source go. */
  detach(): void {
    this.#pump.detach();
  }

  /** Detaches and disconnects; VTube Studio takes its parameters back within a second. May be called again. */
  async dispose(): Promise<void> {
    this.#pump.dispose();
    if (this.#state !== "disposed") this.#end("disposed");
  }

  get #over(): boolean {
    return this.#state === "denied" || this.#state === "disposed";
  }

  /** Adds the plugin's parameters and reads which there are, once in each session. */
  async #prepare(): Promise<void> {
    const tell = (error: unknown) => this.#options.onProblem?.(error);
    for (const parameter of this.#wanted === "default" ? [] : customParameters()) {
      await this.#client.parameterCreation(parameter, CALL).catch(tell); // the name may be another plugin's
    }
    try {
      const { defaultParameters, customParameters: custom } = await this.#client.inputParameterList(undefined, CALL);
      this.#known = new Set([...defaultParameters, ...custom].map(({ name }) => name));
      this.#move("connected");
      this.#sender.start();
    } catch (error) {
      tell(error);
      if (this.#client.isConnected && !this.#over) setTimeout(() => void this.#prepare(), RETRY_MS);
    }
  }

  async #inject(face: Face): Promise<void> {
    const values: ParameterValue[] = [
      ...(this.#wanted === "custom" ? [] : defaultValues(face)),
      ...(this.#wanted === "default" ? [] : customValues(face)),
    ];
    const { scale = {} } = this.#options;
    const parameterValues = values
      .filter(({ id }) => this.#known.has(id))
      .map(({ id, value }) => ({ id, value: value * (scale[id] ?? 1) }));
    if (parameterValues.length === 0) return;
    await this.#client.injectParameterData({ faceFound: true, mode: "set", parameterValues }, CALL);
    this.#injected += 1;
  }

  #refuse(error: unknown): void {
    if (this.#over) return;
    this.#refused += 1;
    this.#options.onProblem?.(error);
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#options.onProblem?.(error);
    if (error instanceof VTubeStudioError && error.data.errorID === ErrorCode.TokenRequestDenied) this.#end("denied");
  }

  #end(state: "denied" | "disposed"): void {
    this.#move(state);
    void this.#client.disconnect();
  }

  #move(state: VTubeStudioState): void {
    if (state === this.#state || this.#state === "disposed" || (this.#state === "denied" && state !== "disposed"))
      return;
    this.#state = state;
    if (state !== "connected") this.#sender.stop();
    this.#options.onStateChanged?.(state);
  }
}
