import { createHash } from "node:crypto";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

type Request = {
  readonly requestType: string;
  readonly requestId: string;
  readonly requestData?: Record<string, unknown>;
};

const hash = (text: string) => createHash("sha256").update(text).digest("base64");
const SALT = "PZVbYpvAnZut2SS6JNJytDm9";
const CHALLENGE = "ztTBnnuqrqaKDzRM3xcVdbYm";

/** An obs-websocket 5 server with browser sources, which Debian's OBS lacks; status and close codes as the real one gives them. */
export async function startFakeObs(password: string) {
  const calls: Request[] = [];
  const inputs = new Map<string, { inputKind: string; inputSettings: Record<string, unknown> }>();
  const answers: Record<string, (data: Record<string, unknown>) => Record<string, unknown> | number> = {
    GetVersion: () => ({ obsVersion: "33.0.2", obsWebSocketVersion: "5.7.3", rpcVersion: 1 }),
    GetInputKindList: () => ({ inputKinds: ["image_source", "browser_source"] }),
    GetCurrentProgramScene: () => ({ currentProgramSceneName: "Scene" }),
    GetVideoSettings: () => ({ baseWidth: 1920, baseHeight: 1080 }),
    GetInputSettings: ({ inputName }) => inputs.get(inputName as string) ?? 600,
    GetSceneItemId: ({ sourceName }) => (inputs.has(sourceName as string) ? { sceneItemId: 1 } : 600),
    CreateInput: ({ inputName, inputKind, inputSettings }) => {
      if (inputs.has(inputName as string)) return 601;
      inputs.set(inputName as string, { inputKind: inputKind as string, inputSettings: inputSettings as never });
      return { inputUuid: "1", sceneItemId: 1 };
    },
    SetInputSettings: ({ inputName, inputSettings }) => {
      Object.assign(inputs.get(inputName as string)!.inputSettings, inputSettings);
      return {};
    },
    SetSceneItemTransform: () => ({}),
  };
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "obswebsocket.json" });
  await new Promise((resolve) => server.once("listening", resolve));
  server.on("connection", (socket) => {
    const send = (op: number, d: object) => socket.send(JSON.stringify({ op, d }));
    send(0, { obsWebSocketVersion: "5.7.3", rpcVersion: 1, authentication: { challenge: CHALLENGE, salt: SALT } });
    socket.on("message", (text) => {
      const { op, d } = JSON.parse(String(text)) as { op: number; d: Request & { authentication?: string } };
      if (op === 1) {
        if (d.authentication === hash(hash(password + SALT) + CHALLENGE)) send(2, { negotiatedRpcVersion: 1 });
        else socket.close(4009, "Authentication failed.");
      }
      if (op !== 6) return;
      calls.push(d);
      const answer = answers[d.requestType]?.(d.requestData ?? {}) ?? 204;
      const failed = typeof answer === "number";
      const requestStatus = failed ? { result: false, code: answer, comment: "no" } : { result: true, code: 100 };
      const { requestType, requestId } = d;
      send(7, { requestType, requestId, requestStatus, ...(failed ? {} : { responseData: answer }) });
    });
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    stop: () =>
      new Promise<void>((resolve) => {
        for (const client of server.clients) client.terminate();
        server.close(() => resolve());
      }),
  };
}
