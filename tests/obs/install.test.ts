import { OBSWebSocket } from "obs-websocket-js/json";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installOverlay } from "../../plugins/obs/index.js";
import { createObsInstallCommand } from "../../sdk/cli/obs.js";
import { runCaptured } from "../../sdk/cli/run-captured.fixture.js";
import { startFakeObs } from "./fake-obs.js";
import { hasObs, PASSWORD, startObs } from "./real-obs.js";

const OVERLAY = "http://127.0.0.1:8137/?avatar=ada&captions=1";
/** Debian's OBS is built without obs-browser: an input kind that it has takes any settings and stands for the browser source. */
const KIND = "color_source_v3";

describe.skipIf(!hasObs)("with a real OBS", { timeout: 120_000 }, () => {
  let obs: Awaited<ReturnType<typeof startObs>>;
  const control = new OBSWebSocket();

  beforeAll(async () => {
    obs = await startObs();
    await control.connect(obs.url, PASSWORD);
  }, 240_000);
  afterAll(async () => {
    await control.disconnect();
    await obs?.stop();
  }, 60_000);

  const install = (options: Partial<Parameters<typeof installOverlay>[0]> = {}) =>
    installOverlay({ overlayUrl: OVERLAY, url: obs.url, password: PASSWORD, kind: KIND, ...options });

  it("makes the source in the scene on air, in the lower right corner, and leaves it alone the second time", async () => {
    const report = await install();
    expect(report).toMatchObject({ result: "created", name: "echo-head", scene: "Scene" });
    const { inputSettings } = await control.call("GetInputSettings", { inputName: "echo-head" });
    expect(inputSettings).toMatchObject({
      url: OVERLAY,
      width: 512,
      height: 512,
      reroute_audio: true,
      shutdown: false,
    });
    const { sceneItemId } = await control.call("GetSceneItemId", { sceneName: "Scene", sourceName: "echo-head" });
    const { baseWidth, baseHeight } = await control.call("GetVideoSettings");
    const place = () => control.call("GetSceneItemTransform", { sceneName: "Scene", sceneItemId });
    expect((await place()).sceneItemTransform).toMatchObject({
      positionX: baseWidth - 512,
      positionY: baseHeight - 512,
    });
    const sceneItemTransform = { positionX: 10, positionY: 20 };
    await control.call("SetSceneItemTransform", { sceneName: "Scene", sceneItemId, sceneItemTransform });
    expect((await install()).result).toBe("unchanged");
    expect((await install({ overlayUrl: `${OVERLAY}&mirror=1` })).result).toBe("updated");
    const after = await control.call("GetInputSettings", { inputName: "echo-head" });
    expect(after.inputSettings.url).toBe(`${OVERLAY}&mirror=1`);
    expect((await place()).sceneItemTransform).toMatchObject(sceneItemTransform); // where the user put it
    const { inputs } = await control.call("GetInputList", { inputKind: KIND });
    expect(inputs).toHaveLength(1);
  });

  it("puts the same source into another scene", async () => {
    await install();
    await control.call("CreateScene", { sceneName: "Talk" });
    expect(await install({ scene: "Talk" })).toMatchObject({ result: "updated", scene: "Talk" });
    expect(await install({ scene: "Talk" })).toMatchObject({ result: "unchanged" });
    const { sceneItems } = await control.call("GetSceneItemList", { sceneName: "Talk" });
    expect(sceneItems.map(({ sourceName }) => sourceName)).toEqual(["echo-head"]);
    await expect(install({ name: "another", scene: "Nowhere" })).rejects.toMatchObject({ code: "obs-failed" });
  });

  it("says what is in the way", async () => {
    await expect(install({ password: "wrong" })).rejects.toThrow(/refused the password/);
    await expect(install({ kind: "image_source" })).rejects.toThrow(/of another kind/);
    await expect(install({ kind: "browser_source" })).rejects.toThrow(/built without obs-browser/);
    await expect(install({ overlayUrl: "here" })).rejects.toThrow(/options\.overlayUrl/);
    await expect(install({ width: 3 })).rejects.toThrow(/options\.width/);
    const report = await install();
    if (Number.parseInt(report.obsVersion, 10) < 31) expect(report.remarks[0]).toMatch(/older than 127/);
  });
});

describe("with a server that speaks obs-websocket 5 and has browser sources", () => {
  const run = (...args: string[]) => runCaptured(["obs", "install", ...args], [createObsInstallCommand()]);

  it("makes a browser source from the command line", async () => {
    const obs = await startFakeObs(PASSWORD);
    try {
      const place = ["--url", obs.url, "--password", PASSWORD];
      const first = await run(...place, "--avatar", "ada", "--captions", "--width", "640", "--json");
      expect([first.code, first.err]).toEqual([0, ""]);
      expect(JSON.parse(first.out)).toMatchObject({ result: "created", scene: "Scene", obsVersion: "33.0.2" });
      const created = obs.calls.find(({ requestType }) => requestType === "CreateInput")!;
      expect(created.requestData).toMatchObject({
        inputKind: "browser_source",
        inputSettings: { url: "http://127.0.0.1:8137/?avatar=ada&captions=1", width: 640, height: 512 },
      });
      const second = await run(...place, "--avatar", "ada", "--captions", "--width", "640");
      expect(second.out).toBe('unchanged: "echo-head" in scene "Scene" of OBS 33.0.2\n');
      const third = await run(...place, "--mirror");
      expect(third.out).toMatch(/^updated/);
    } finally {
      await obs.stop();
    }
  });

  it("says in one line what is wrong", async () => {
    const none = await run("--url", "ws://127.0.0.1:9");
    expect(none.code).toBe(1);
    expect(none.err).toMatch(
      /^echo-head obs install: OBS: no OBS answers at ws:\/\/127\.0\.0\.1:9; start OBS .*\[obs-failed\]\n$/,
    );
    const obs = await startFakeObs(PASSWORD);
    const wrong = await run("--url", obs.url, "--password", "no");
    await obs.stop();
    expect(wrong.err).toMatch(/refused the password/);
  });
});
