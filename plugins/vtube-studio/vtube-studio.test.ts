import { ARKIT_BLENDSHAPES } from "echo-head";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { copyFace } from "../face/face-frame.js";
import { faceFrame, TestSource } from "../face/test-frames.fixture.js";
import { FakeVTubeStudio } from "./fake-vtube-studio.fixture.js";
import { customParameters, defaultValues, VTubeStudioSender, type VTubeStudioSenderOptions } from "./index.js";
import { LatestSender } from "./latest-sender.js";

/** A machine under load answers late; the reconnect of the vtubestudio package waits 5 s. */
const SLOW = { timeout: 20_000 };

describe("with a VTube Studio that speaks the documented API", { timeout: 60_000 }, () => {
  let studio: FakeVTubeStudio;
  let sender: VTubeStudioSender | undefined;
  let token: string | null = null;
  const states: string[] = [];
  const problems: unknown[] = [];

  beforeEach(async () => {
    studio = await FakeVTubeStudio.open();
    token = null;
    states.length = 0;
    problems.length = 0;
  });
  afterEach(async () => {
    await sender?.dispose();
    await studio.close();
  });

  const open = async (options: Partial<VTubeStudioSenderOptions> = {}) => {
    sender = await VTubeStudioSender.open({
      token: {
        load: () => token,
        save: (value) => {
          token = value;
        },
      },
      url: studio.url,
      onStateChanged: (state) => states.push(state),
      onProblem: (error) => problems.push(error),
      ...options,
    });
    return sender;
  };

  it("asks for permission once, keeps the token, and injects what VTube Studio knows", async () => {
    const first = await open();
    const source = new TestSource();
    const attached = first.attach(source);
    const frame = faceFrame({ jawOpen: 0.5, eyeBlinkLeft: 1 }, { yawRad: Math.PI / 12 });
    source.push(frame);
    await expect.poll(() => studio.injections.length, SLOW).toBeGreaterThan(0);
    expect([studio.asked, token, frame.closed, first.state]).toEqual([1, "token-1", 1, "connected"]);
    const { faceFound, mode, values } = studio.injections[0]!;
    expect([faceFound, mode]).toEqual([true, "set"]);
    expect(values.get("FaceAngleX")).toBeCloseTo(15, 5);
    expect([values.get("MouthOpen"), values.get("EyeOpenLeft"), values.get("EyeOpenRight")]).toEqual([0.5, 0, 0.8]);
    expect([...values.keys()].some((id) => id.startsWith("Echo"))).toBe(false);
    await first.dispose();
    await attached;
    await expect.poll(() => studio.connections, SLOW).toBe(0);
    await open();
    await expect.poll(() => sender?.state, SLOW).toBe("connected");
    expect(studio.asked).toBe(1); // the kept token was enough
    expect(problems).toEqual([]);
  });

  it("resends the last face at least once a second, and stops when the source has ended", async () => {
    const steady = await open();
    const source = new TestSource();
    const attached = steady.attach(source);
    source.push(faceFrame({ jawOpen: 0.25 }));
    await expect.poll(() => studio.injections.length, SLOW).toBeGreaterThanOrEqual(4);
    for (const { values } of studio.injections) expect(values.get("MouthOpen")).toBe(0.25);
    await source.return();
    await attached;
    const after = studio.injections.length;
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(studio.injections.length).toBeLessThanOrEqual(after + 1); // one may have been under way
  });

  it("adds 52 parameters of its own, and skips what another plugin holds", async () => {
    studio.heldByOthers.add("EchoJawOpen");
    const both = await open({ parameters: "both", scale: { FaceAngleZ: -1 } });
    both.send(faceFrame({ jawOpen: 0.5, tongueOut: 0.75 }, { rollRad: Math.PI / 6 }));
    await expect.poll(() => studio.injections.length, SLOW).toBeGreaterThan(0);
    expect(studio.custom.size).toBe(51);
    expect(studio.custom.get("EchoTongueOut")).toMatchObject({ min: 0, max: 1 });
    const { values } = studio.injections[0]!;
    expect([values.get("EchoTongueOut"), values.has("EchoJawOpen")]).toEqual([0.75, false]);
    expect(values.get("FaceAngleZ")).toBeCloseTo(-30, 5);
    expect(String(problems[0])).toContain("another plugin");
  });

  it("does not ask again after a refusal", async () => {
    studio.allow = false;
    const denied = await open();
    await expect.poll(() => denied.state, SLOW).toBe("denied");
    await expect.poll(() => studio.connections, SLOW).toBe(0);
    denied.send(faceFrame());
    await new Promise((resolve) => setTimeout(resolve, 6_500)); // the package would try again after 5 s
    expect([studio.asked, studio.connections, studio.injections.length]).toEqual([1, 0, 0]);
    expect(states).toEqual(["denied"]);
  });

  it("reports an injection that is refused and goes on", async () => {
    studio.heldByOthers.add("MouthOpen");
    const held = await open();
    held.send(faceFrame({ jawOpen: 0.5 }));
    await expect.poll(() => held.stats.refused, SLOW).toBeGreaterThan(0);
    expect(String(problems[0])).toContain("held by another plugin");
    studio.heldByOthers.clear();
    await expect.poll(() => held.stats.injected, SLOW).toBeGreaterThan(0);
  });

  it("comes back when VTube Studio was away, with the face of now", async () => {
    const back = await open();
    back.send(faceFrame({ jawOpen: 0.25 }));
    await expect.poll(() => studio.injections.length, SLOW).toBeGreaterThan(0);
    studio.drop();
    await expect.poll(() => states.at(-1), SLOW).toBe("connecting");
    studio.injections.length = 0;
    back.send(faceFrame({ jawOpen: 0.75 }));
    await expect.poll(() => studio.injections.length, SLOW).toBeGreaterThan(0);
    expect(studio.injections[0]!.values.get("MouthOpen")).toBe(0.75);
    expect([studio.asked, states]).toEqual([1, ["connected", "connecting", "connected"]]);
  });
});

it("waits for a VTube Studio that is started later, and is disposed meanwhile without a trace", {
  timeout: 60_000,
}, async () => {
  const gone = await FakeVTubeStudio.open();
  const { port } = gone;
  await gone.close();
  const sender = await VTubeStudioSender.open({
    token: { load: () => null, save: () => {} },
    url: `ws://127.0.0.1:${port}`,
  });
  expect(sender.state).toBe("connecting");
  await new Promise((resolve) => setTimeout(resolve, 300));
  await sender.dispose();
  const late = await FakeVTubeStudio.open(port);
  await new Promise((resolve) => setTimeout(resolve, 6_500)); // the package would open a socket after 5 s
  expect([late.connections, late.asked, sender.state]).toEqual([0, 0, "disposed"]);
  await late.close();
});

describe("parameters", () => {
  it("have names that VTube Studio takes, one for each coefficient", () => {
    const names = customParameters().map(({ parameterName }) => parameterName);
    expect(new Set(names).size).toBe(ARKIT_BLENDSHAPES.length);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9]{4,32}$/);
  });

  it("rest in the middle of their ranges and follow the face to its ends", () => {
    const of = (face: ReturnType<typeof faceFrame>) =>
      new Map(defaultValues(copyFace(face)).map(({ id, value }) => [id, value]));
    const rest = of(faceFrame());
    expect([rest.get("MouthSmile"), rest.get("Brows"), rest.get("EyeOpenLeft"), rest.get("EyeLeftX")]).toEqual([
      0.5, 0.5, 0.8, 0,
    ]);
    const smile = of(faceFrame({ mouthSmileLeft: 1, mouthSmileRight: 1, eyeWideLeft: 1 }));
    expect([smile.get("MouthSmile"), smile.get("EyeOpenLeft")]).toEqual([1, 1]);
    const frown = of(faceFrame({ mouthFrownLeft: 1, mouthFrownRight: 1, browDownLeft: 1, browDownRight: 1 }));
    expect([frown.get("MouthSmile"), frown.get("BrowLeftY")]).toEqual([0, 0]);
    const look = of(faceFrame({ eyeLookOutLeft: 1, eyeLookInRight: 1, eyeLookUpLeft: 1 }));
    expect([look.get("EyeLeftX"), look.get("EyeRightX"), look.get("EyeLeftY"), look.get("EyeRightY")]).toEqual([
      1, 1, 1, 0,
    ]);
    expect(of(faceFrame({ jawOpen: 0.5, mouthClose: 0.5 })).get("MouthOpen")).toBe(0); // lips shut over an open jaw
  });
});

it("LatestSender sends the newest, one at a time, and repeats it", async () => {
  const sent: number[] = [];
  const answers: (() => void)[] = [];
  const failures: unknown[] = [];
  const latest = new LatestSender<number>({
    send: (value) => {
      sent.push(value);
      return new Promise((resolve, reject) =>
        answers.push(value === 3 ? () => reject(new Error("no")) : () => resolve(0)),
      );
    },
    onFailure: (error) => failures.push(error),
    repeatMs: 5,
  });
  latest.put(1);
  expect(sent).toEqual([]); // not started
  latest.start();
  latest.put(2);
  latest.put(3);
  expect([sent, latest.replaced]).toEqual([[1], 1]);
  answers.shift()!();
  await expect.poll(() => sent).toEqual([1, 3]);
  answers.shift()!(); // refused: told, and sent again all the same
  await expect.poll(() => sent).toEqual([1, 3, 3]);
  expect(failures).toHaveLength(1);
  latest.clear();
  answers.shift()!();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(sent).toEqual([1, 3, 3]);
  latest.stop();
});
