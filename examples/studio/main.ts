import { ARKIT_BLENDSHAPES, type EchoAgent, type EchoFrame } from "echo-head";
import { Captions } from "./conversation/captions.js";
import { Transport } from "./conversation/transport.js";
import { UserTile } from "./conversation/user-tile.js";
import { takeRecordings } from "./drop-file.js";
import { BlendshapeBars } from "./panel/blendshape-bars.js";
import { Choice } from "./panel/choice.js";
import { Messages } from "./panel/messages.js";
import { PoseBars } from "./panel/pose-bars.js";
import { RateMeter, Readout } from "./panel/readout.js";
import { statsRows } from "./panel/stats-rows.js";
import { BACKGROUNDS } from "./scene/backdrop.js";
import { Stage } from "./scene/stage.js";
import { PACK_URL } from "./session.js";
import { Studio } from "./studio.js";

const JAW_OPEN = ARKIT_BLENDSHAPES.indexOf("jawOpen");
const SLOW_NOTE =
  "This machine does not paint 25 pictures a second. The head paints fewer, moves on, and stays in step with its voice.";
/** Frames shown a second below which the page says why. */
const SLOW_FPS = 21;
/** The figures of an agent's first seconds say nothing. */
const SETTLED_MS = 5000;
const SHORTCUTS: Readonly<Record<string, string>> = { " ": "play", m: "microphone", c: "camera", Escape: "stop" };

const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const microphone = find<HTMLButtonElement>("microphone");
const camera = find<HTMLButtonElement>("camera");
const file = find<HTMLButtonElement>("file");
const stop = find<HTMLButtonElement>("stop");
const expressivity = find<HTMLInputElement>("expressivity");

const messages = new Messages();
const tile = new UserTile(find("tile"));
const bars = new BlendshapeBars(find("bars"));
const poseBars = new PoseBars(find("pose-bars"));
const readout = new Readout(find("readout"), find("readout-note"));
const meter = new RateMeter();
const canvas = find<HTMLCanvasElement>("scene");
const stage = openStage();

/** When the agent on screen began, and the mood that it shows. */
let startedAtMs = 0;
let affect = "neutral";

const studio = new Studio({
  messages,
  tile,
  captions: new Captions({ user: find("caption-user"), avatar: find("caption-avatar") }),
  transport: () => transport,
  agentChanged: showAgent,
  changed: showButtons,
});
const transport = new Transport(
  { bar: find("transport"), play: find("play"), seek: find("seek"), lanes: find("lanes"), time: find("time") },
  { toggle: () => studio.toggleConversation(), seek: (timeS) => studio.seek(timeS) },
);

/** Everything that the picture tells is read from the frame on screen, so that bars, ring and face move together. */
stage.head.onFrameShownObservable.add((frame: EchoFrame) => {
  messages.loaded();
  meter.count(performance.now());
  bars.show(frame.blendshapes);
  poseBars.show(frame.pose);
  stage.setLevel(frame.state === "speaking" ? 0.35 + 0.9 * frame.blendshapes[JAW_OPEN]! : 0);
  studio.showUser();
  tile.draw();
});

function openStage(): Stage {
  try {
    return new Stage(canvas, { reducedMotion: matchMedia("(prefers-reduced-motion: reduce)").matches });
  } catch (error) {
    fail(error);
    throw error;
  }
}

function showAgent(agent: EchoAgent): void {
  startedAtMs = performance.now();
  agent.on("affect-changed", ({ text }) => {
    affect = text;
  });
  stage.head.play(agent.frames()).catch(fail);
  agent.on("state-changed", () => agent === studio.agent && showState(agent));
  agent.on("error", ({ error }) => (error.recoverable ? messages.refuse(error) : fail(error)));
  agent.on("input-lost", ({ input }) => messages.toast(`The ${input} is gone. The head goes on without it.`));
  agent.on("input-restored", ({ input }) => messages.toast(`The ${input} is back.`));
  agent.on("downgraded", ({ to, reason }) => messages.toast(`Runs on ${to}: ${reason}`));
  showState(agent);
}

function showState(agent: EchoAgent): void {
  find("app").dataset.state = agent.state;
  find("state-text").textContent = agent.state;
  stop.disabled = agent.state !== "speaking";
}

function showButtons(): void {
  const ready = studio.agent !== null;
  microphone.disabled = !ready;
  camera.disabled = !ready;
  file.disabled = !ready;
  microphone.setAttribute("aria-pressed", String(studio.microphoneOn));
  camera.setAttribute("aria-pressed", String(studio.cameraOn));
}

function showReadout(): void {
  const agent = studio.agent;
  if (!agent) return;
  const fps = meter.rate(performance.now());
  readout.show(statsRows(agent, fps, affect));
  const settled = performance.now() - startedAtMs > SETTLED_MS && document.visibilityState === "visible";
  const slow = settled && (fps < SLOW_FPS || agent.quality !== "full");
  readout.note(slow ? SLOW_NOTE : null);
}

function fail(error: unknown): void {
  find("app").dataset.state = "failed";
  find("state-text").textContent = "failed";
  messages.fail(error, () => location.reload());
}

/** A button's work; what fails is said in words, and the page goes on. */
function act(work: () => void | Promise<void>): () => Promise<void> {
  return async () => {
    try {
      await work();
    } catch (error) {
      messages.refuse(error);
    }
  };
}

function showExpressivity(): void {
  const value = expressivity.valueAsNumber;
  expressivity.style.setProperty("--at", `${value * 100}%`);
  find("expressivity-value").textContent = `${Math.round(value * 100)} %`;
  studio.setExpressivity(value);
}

expressivity.addEventListener("input", showExpressivity);
microphone.addEventListener(
  "click",
  act(() => (studio.microphoneOn ? studio.closeMicrophone() : studio.openMicrophone())),
);
camera.addEventListener(
  "click",
  act(() => (studio.cameraOn ? studio.closeCamera() : studio.openCamera())),
);
stop.addEventListener("click", () => studio.interrupt());
takeRecordings({
  app: find("app"),
  button: file,
  input: find("file-input"),
  take: (recording) => void act(() => studio.speakFile(recording))(),
});
new Choice(find("backgrounds"), BACKGROUNDS, {
  className: "swatch",
  fill: (button, { colours }) => {
    button.style.background = colours
      ? `radial-gradient(circle at 50% 40%, ${colours.glow}, ${colours.rim})`
      : "repeating-conic-gradient(#34373d 0 25%, #666b74 0 50%) 0 0 / 12px 12px";
  },
  choose: (background) => stage.chooseBackground(background),
});
addEventListener("keydown", (event) => {
  const id = SHORTCUTS[event.key];
  if (!id || event.target instanceof HTMLButtonElement || event.target instanceof HTMLInputElement) return;
  event.preventDefault();
  find<HTMLButtonElement>(id).click();
});
canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => {
  stage.lookFrom((2 * offsetX) / canvas.clientWidth - 1, 1 - (2 * offsetY) / canvas.clientHeight);
});
setInterval(showReadout, 500);

showExpressivity();
try {
  const { avatars, chosen } = await studio.load(new URLSearchParams(location.search).get("avatar"));
  const choice = new Choice(
    find("avatars"),
    avatars.map((avatar) => ({ id: avatar.id, label: avatar.displayName, picture: avatar.reference.file })),
    {
      className: "avatar",
      fill: (button, { label, picture }) => {
        const image = document.createElement("img");
        image.src = PACK_URL + picture;
        image.alt = "";
        button.append(image, label);
      },
      choose: ({ id }) => void act(() => studio.chooseAvatar(id))(),
    },
  );
  choice.mark(chosen);
  await studio.start();
  showButtons();
} catch (error) {
  fail(error);
}
