import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

type Message = { requestID: string; messageType: string; data: Record<string, never> & Record<string, unknown> };
type Injection = { faceFound: unknown; mode: unknown; values: Map<string, number> };

/** The parameters that VTube Studio 1.32 has of its own, as its documentation and wiki list them. */
const OWN = ["FacePositionX", "FacePositionY", "FacePositionZ", "FaceAngleX", "FaceAngleY", "FaceAngleZ", "MouthSmile", "MouthOpen",
  "Brows", "MousePositionX", "MousePositionY", "TongueOut", "EyeOpenLeft", "EyeOpenRight", "EyeLeftX", "EyeLeftY", "EyeRightX",
  "EyeRightY", "CheekPuff", "BrowLeftY", "BrowRightY", "VoiceFrequency", "VoiceVolume", "VoiceVolumePlusMouthOpen",
  "VoiceFrequencyPlusMouthSmile", "MouthX", "FaceAngry"]; // biome-ignore format: a list

/**
 * A WebSocket server that speaks the documented API of VTube Studio for what the plugin uses, refusals included: permission, one
 * session's authentication, 100 parameters a plugin, no injection with an unknown name or without authentication.
 */
export class FakeVTubeStudio {
  readonly #server: WebSocketServer;
  /** What the person answers when asked for permission. */
  allow = true;
  /** How often the person was asked. */
  asked = 0;
  /** Parameters that another plugin holds. */
  readonly heldByOthers = new Set<string>();
  readonly injections: Injection[] = [];
  readonly custom = new Map<string, { min: number; max: number; explanation: string }>();
  readonly #tokens = new Set<string>();

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on("connection", (socket) => this.#serve(socket));
  }

  static async open(port = 0): Promise<FakeVTubeStudio> {
    const server = new WebSocketServer({ port, host: "127.0.0.1" });
    await once(server, "listening");
    return new FakeVTubeStudio(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  get connections(): number {
    return this.#server.clients.size;
  }

  /** Lets every plugin go, as at the end of VTube Studio. */
  drop(): void {
    for (const client of this.#server.clients) client.terminate();
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: WebSocket): void {
    const session = { authenticated: false };
    socket.on("message", (text) => {
      const { requestID, messageType, data, ...envelope } = JSON.parse(String(text)) as Message &
        Record<string, unknown>;
      const answer = (type: string, body: object) =>
        socket.send(
          JSON.stringify({
            apiName: "VTubeStudioPublicAPI",
            apiVersion: "1.0",
            timestamp: Date.now(),
            requestID,
            messageType: type,
            data: body,
          }),
        );
      const refuse = (errorID: number, message: string) => answer("APIError", { errorID, message });
      if (envelope.apiName !== "VTubeStudioPublicAPI") return refuse(3, "apiName is wrong");
      if (!/^[\x21-\x7e]{1,64}$/.test(requestID)) return refuse(5, "requestID is wrong");
      const handler = this.#handlers[messageType];
      if (!handler) return refuse(7, `${messageType} is unknown`);
      const open = ["APIStateRequest", "AuthenticationTokenRequest", "AuthenticationRequest"];
      if (!session.authenticated && !open.includes(messageType)) return refuse(8, "authenticate first");
      const result = handler(data ?? {}, session);
      if (typeof result[0] === "number") refuse(result[0], String(result[1]));
      else answer(messageType.replace(/Request$/, "Response"), result[0]);
    });
  }

  // biome-ignore lint/suspicious/noExplicitAny: requests come from outside
  readonly #handlers: Record<string, (data: any, session: { authenticated: boolean }) => [object] | [number, string]> =
    {
      APIStateRequest: (_, session) => [
        { active: true, vTubeStudioVersion: "1.32.0", currentSessionAuthenticated: session.authenticated },
      ],
      AuthenticationTokenRequest: ({ pluginName, pluginDeveloper }) => {
        if (pluginName.length < 3 || pluginName.length > 32) return [52, "bad plugin name"];
        if (pluginDeveloper.length < 3 || pluginDeveloper.length > 32) return [53, "bad developer name"];
        this.asked += 1;
        if (!this.allow) return [50, "User has denied API access for your plugin."];
        const authenticationToken = `token-${this.#tokens.size + 1}`;
        this.#tokens.add(authenticationToken);
        return [{ authenticationToken }];
      },
      AuthenticationRequest: ({ authenticationToken }, session) => {
        session.authenticated = this.#tokens.has(authenticationToken);
        return [{ authenticated: session.authenticated, reason: session.authenticated ? "ok" : "token invalid" }];
      },
      InputParameterListRequest: () => {
        const describe = (name: string) => ({ name, addedBy: "?", value: 0, min: 0, max: 1, defaultValue: 0 });
        return [
          {
            modelLoaded: true,
            modelName: "m",
            modelID: "1",
            defaultParameters: OWN.map(describe),
            customParameters: [...this.custom.keys()].map(describe),
          },
        ];
      },
      ParameterCreationRequest: ({ parameterName, explanation = "", min, max }) => {
        if (!/^[A-Za-z0-9]{4,32}$/.test(parameterName)) return [350, "bad name"];
        if (this.heldByOthers.has(parameterName)) return [352, "another plugin has it"];
        if (explanation.length >= 256) return [351, "explanation too long"];
        if (this.custom.size >= 100) return [355, "too many"];
        this.custom.set(parameterName, { min, max, explanation });
        return [{ parameterName }];
      },
      InjectParameterDataRequest: ({ faceFound, mode, parameterValues }) => {
        if (!Array.isArray(parameterValues) || parameterValues.length === 0) return [450, "no data"];
        for (const { id, value } of parameterValues) {
          if (!(Math.abs(value) <= 1_000_000)) return [451, `${id} is no number`];
          if (!OWN.includes(id) && !this.custom.has(id)) return [453, `${id} is not known`];
          if (this.heldByOthers.has(id)) return [454, `${id} is held by another plugin`];
        }
        const values = new Map<string, number>(parameterValues.map(({ id, value }) => [id, value]));
        this.injections.push({ faceFound, mode, values });
        return [{}];
      },
    };
}
