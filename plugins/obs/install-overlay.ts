import { EchoError } from "echo-head";
import type { OBSResponseTypes, OBSWebSocket } from "obs-websocket-js/json";

/** Options of {@link installOverlay}. */
export type InstallOptions = {
  /** Address of the overlay page, parameters included: `overlay.url`, or "http://127.0.0.1:8137/?avatar=ada&captions". */
  readonly overlayUrl: string;
  /** Address of obs-websocket (Tools, WebSocket Server Settings). @default "ws://127.0.0.1:4455" */
  readonly url?: string | undefined;
  readonly password?: string | undefined;
  /** Name of the source. A source of this name is updated, else it is made. @default "echo-head" */
  readonly name?: string | undefined;
  /** Scene that gets a new source. @default the scene on air */
  readonly scene?: string | undefined;
  /** Size of the source in pixels. @default 512 */
  readonly width?: number | undefined;
  /** @default 512 */
  readonly height?: number | undefined;
  /** Kind of input: for an OBS whose browser plugin has another name, and for tests. @default "browser_source" */
  readonly kind?: string | undefined;
};

/** What {@link installOverlay} did. */
export type InstallReport = {
  /** "unchanged" when everything was there already. */
  readonly result: "created" | "updated" | "unchanged";
  readonly name: string;
  readonly scene: string;
  readonly obsVersion: string;
  readonly websocketVersion: string;
  /** Things to know, such as an OBS that is older than what the overlay was tried with. */
  readonly remarks: readonly string[];
};

/** obs-websocket's codes (protocol.md, RequestStatus and WebSocketCloseCode). */
const RESOURCE_NOT_FOUND = 600;
const AUTHENTICATION_FAILED = 4009;
/** OBS with Chromium 127, the oldest that the page is made for. */
const OLDEST_OBS = 31;

/**
 * Makes the overlay's browser source in a running OBS, or brings the one of that name up to date; its place in the scene stays as the
 * user left it. Running it twice changes nothing.
 * @throws EchoError `obs-failed` with what OBS said and what to do; TypeError for options
 */
export async function installOverlay(options: InstallOptions): Promise<InstallReport> {
  const { url = "ws://127.0.0.1:4455", password, name = "echo-head", kind = "browser_source" } = options;
  const settings = sourceSettings(options);
  const obs = await connect(url, password);
  try {
    const version = await obs.call("GetVersion");
    const { inputKinds } = await obs.call("GetInputKindList", {});
    if (!inputKinds.includes(kind))
      throw failed(
        `this OBS (${version.obsVersion}) has no browser sources; it was built without obs-browser, as Debian's package is. Take OBS from obsproject.com or Flathub`,
      );
    const scene = options.scene ?? (await obs.call("GetCurrentProgramScene")).currentProgramSceneName;
    const existing = await settingsOf(obs, name);
    if (existing !== undefined && existing.inputKind !== kind)
      throw failed(`there is a source "${name}" of another kind (${existing.inputKind}); choose another name`);
    const placed = existing !== undefined && (await isPlaced(obs, scene, name));
    let result: InstallReport["result"] = "unchanged";
    if (existing === undefined) {
      const input = {
        sceneName: scene,
        inputName: name,
        inputKind: kind,
        inputSettings: settings,
        sceneItemEnabled: true,
      };
      const { sceneItemId } = await obs.call("CreateInput", input);
      await placeBottomRight(obs, scene, sceneItemId, settings);
      result = "created";
    } else {
      const stale = Object.entries(settings).some(([key, value]) => existing.inputSettings[key] !== value);
      if (stale) {
        await obs.call("SetInputSettings", { inputName: name, inputSettings: settings, overlay: true });
        result = "updated";
      }
      if (options.scene !== undefined && !placed) {
        const { sceneItemId } = await obs.call("CreateSceneItem", { sceneName: scene, sourceName: name });
        await placeBottomRight(obs, scene, sceneItemId, settings);
        result = "updated";
      }
    }
    const { obsVersion, obsWebSocketVersion: websocketVersion } = version;
    const remarks =
      Number.parseInt(obsVersion, 10) < OLDEST_OBS
        ? [`OBS ${obsVersion} brings a Chromium older than 127, with which the overlay was not tried`]
        : [];
    return { result, name, scene, obsVersion, websocketVersion, remarks };
  } catch (error) {
    throw EchoError.is(error) ? error : failed(messageOf(error), error);
  } finally {
    await obs.disconnect();
  }
}

/** The voice goes through OBS's mixer; frame rate and CSS stay OBS's or the user's. */
function sourceSettings({ overlayUrl, width = 512, height = 512 }: InstallOptions) {
  for (const [key, value] of Object.entries({ width, height }))
    if (!Number.isInteger(value) || value < 16 || value > 8192)
      throw new TypeError(`options.${key} must be a whole number from 16 to 8192`);
  if (!/^https?:\/\//.test(overlayUrl)) throw new TypeError("options.overlayUrl must be an http address");
  return { url: overlayUrl, is_local_file: false, width, height, reroute_audio: true, shutdown: false };
}

async function connect(url: string, password: string | undefined): Promise<OBSWebSocket> {
  const { OBSWebSocket } = await import("obs-websocket-js/json").catch((cause: unknown) => {
    throw failed("controlling OBS needs the optional package: npm install obs-websocket-js", cause);
  });
  const obs = new OBSWebSocket();
  try {
    await obs.connect(url, password, { rpcVersion: 1, eventSubscriptions: 0 });
    return obs;
  } catch (error) {
    const code = (error as { code?: number }).code;
    const wrongPassword = code === AUTHENTICATION_FAILED || /password/i.test(messageOf(error));
    const hint = wrongPassword
      ? "OBS refused the password; it stands in Tools, WebSocket Server Settings, Show Connect Info"
      : `no OBS answers at ${url}; start OBS and enable Tools, WebSocket Server Settings`;
    throw failed(hint, error);
  }
}

async function settingsOf(
  obs: OBSWebSocket,
  inputName: string,
): Promise<OBSResponseTypes["GetInputSettings"] | undefined> {
  try {
    return await obs.call("GetInputSettings", { inputName });
  } catch (error) {
    if ((error as { code?: number }).code === RESOURCE_NOT_FOUND) return undefined;
    throw error;
  }
}

async function isPlaced(obs: OBSWebSocket, sceneName: string, sourceName: string): Promise<boolean> {
  try {
    await obs.call("GetSceneItemId", { sceneName, sourceName });
    return true;
  } catch (error) {
    if ((error as { code?: number }).code === RESOURCE_NOT_FOUND) return false;
    throw error;
  }
}

/** A new source stands in the lower right corner. */
async function placeBottomRight(
  obs: OBSWebSocket,
  sceneName: string,
  sceneItemId: number,
  { width, height }: { width: number; height: number },
): Promise<void> {
  const { baseWidth, baseHeight } = await obs.call("GetVideoSettings");
  const sceneItemTransform = { positionX: Math.max(baseWidth - width, 0), positionY: Math.max(baseHeight - height, 0) };
  await obs.call("SetSceneItemTransform", { sceneName, sceneItemId, sceneItemTransform });
}

function failed(reason: string, cause?: unknown): EchoError {
  return new EchoError("obs-failed", { reason, cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
