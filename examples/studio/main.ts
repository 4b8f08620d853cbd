import { ARKIT_BLENDSHAPES, type EchoFrame } from "echo-head";
import { Captions } from "./conversation/captions.js";
import { Transport } from "./conversation/transport.js";
import { UserTile } from "./conversation/user-tile.js";
import { takeRecordings } from "./drop-file.js";
import { followAgent } from "./follow-agent.js";
import { BlendshapeBars } from "./panel/blendshape-bars.js";
import { Choice } from "./panel/choice.js";
import { LivePanel } from "./panel/live.js";
import { Messages } from "./panel/messages.js";
import { MoodPanel } from "./panel/mood.js";
import { PoseBars } from "./panel/pose-bars.js";
import { RecordingPanel } from "./panel/recording.js";
import { StreamPanel } from "./panel/stream.js";
import { Tabs } from "./panel/tabs.js";
import { themeChoice } from "./panel/theme.js";
import { BACKGROUNDS, type Background } from "./scene/backdrop.js";
import { Stage } from "./scene/stage.js";
import { PACK_URL } from "./session.js";
import { Studio } from "./studio.js";

const JAW_OPEN = ARKIT_BLENDSHAPES.indexOf("jawOpen");
const SHORTCUTS: Readonly<Record<string, string>> = {
  " ": "play",
  m: "microphone",
  c: "camera",
  r: "record",
  Escape: "stop",
};

const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const microphone = find<HTMLButtonElement>("microphone");
const camera = find<HTMLButtonElement>("camera");
const file = find<HTMLButtonElement>("file");
const stop = find<HTMLButtonElement>("stop");
const record = find<HTMLButtonElement>("record");
const stream = find<HTMLButtonElement>("stream");
const copyFace = find<HTMLButtonElement>("copy-face");
const expressivity = find<HTMLInputElement>("expressivity");

const messages = new Messages();
const tile = new UserTile(find("tile"));
const bars = new BlendshapeBars(find("bars"));
const poseBars = new PoseBars(find("pose-bars"));
const canvas = find<HTMLCanvasElement>("scene");
const stage = openStage();
const recording = new RecordingPanel();
const streaming = new StreamPanel();
const mood: MoodPanel = new MoodPanel(() => studio.agent);
/** The coefficients on screen, by name. */
let face: Readonly<Record<string, number>> = {};

const studio = new Studio(
  {
    messages,
    tile,
    captions: new Captions({ user: find("caption-user"), avatar: find("caption-avatar") }),
    transport: () => transport,
    agentChanged: (agent) => {
      stage.head.play(agent.frames()).catch(fail);
      followAgent(agent, () => agent === studio.agent, { messages, mood, live, stop, fail });
      if (streaming.on) streaming.start(agent);
      void act(() => recording.stop())();
    },
    changed: showButtons,
  },
  mood.reader,
);
const transport = new Transport(
  { bar: find("transport"), play: find("play"), seek: find("seek"), lanes: find("lanes"), time: find("time") },
  { toggle: () => studio.toggleConversation(), seek: (timeS) => studio.seek(timeS) },
);
const live = new LivePanel(studio, (change) =>
  act(async () => {
    messages.toast("Starting the network anew");
    await studio.chooseEngine(change);
  })(),
);
new Tabs(find("tabs"), () => live.show());

/** Everything that the picture tells is read from the frame on screen, so that bars, ring and face move together. */
stage.head.onFrameShownObservable.add((frame: EchoFrame) => {
  messages.loaded();
  live.shown(frame.timestampMs);
  bars.show(frame.blendshapes);
  poseBars.show(frame.pose);
  face = frame.blendshapesByName();
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

function showButtons(): void {
  for (const button of [microphone, camera, file, record, stream, copyFace]) button.disabled = studio.agent === null;
  microphone.setAttribute("aria-pressed", String(studio.microphoneOn));
  camera.setAttribute("aria-pressed", String(studio.cameraOn));
}

function chooseBackground(background: Background): void {
  find("stage").dataset.tone = background.id === "day" ? "light" : "dark";
  stage.chooseBackground(background);
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

const onClick = (button: HTMLElement, work: () => void | Promise<void>) => button.addEventListener("click", act(work));
expressivity.addEventListener("input", showExpressivity);
onClick(microphone, () => (studio.microphoneOn ? studio.closeMicrophone() : studio.openMicrophone()));
onClick(camera, () => (studio.cameraOn ? studio.closeCamera() : studio.openCamera()));
onClick(stop, () => studio.interrupt());
onClick(record, () => (recording.on ? recording.stop() : recording.start(studio.agent!, studio.player!)));
onClick(stream, () => (streaming.on ? streaming.stop() : streaming.start(studio.agent!)));
onClick(find("stream-window"), () => streaming.openWindow());
find("stream-colour").addEventListener("change", () => streaming.on && streaming.start(studio.agent!));
onClick(copyFace, async () => {
  await navigator.clipboard.writeText(JSON.stringify(face, null, 2));
  messages.toast("The 52 blendshapes of this moment are in the clipboard.");
});
takeRecordings({
  app: find("app"),
  button: file,
  input: find("file-input"),
  take: (recorded) => void act(() => studio.speakFile(recorded))(),
});
const backgrounds = new Choice(find("backgrounds"), BACKGROUNDS, {
  className: "swatch",
  fill: (button, { colours }) => {
    button.style.background = colours
      ? `radial-gradient(circle at 50% 40%, ${colours.glow}, ${colours.rim})`
      : "repeating-conic-gradient(#34373d 0 25%, #666b74 0 50%) 0 0 / 12px 12px";
  },
  choose: (background) => {
    backgroundChosen = true;
    chooseBackground(background);
  },
});
/** A light page has a light room, until somebody chooses one. */
let backgroundChosen = false;
themeChoice(find("themes"), (light) => {
  live.show();
  if (backgroundChosen) return;
  const background = BACKGROUNDS.find(({ id }) => id === (light ? "day" : "studio"))!;
  backgrounds.mark(background.id);
  chooseBackground(background);
});
addEventListener("keydown", (event) => {
  const id = SHORTCUTS[event.key];
  const typing = event.target instanceof Element && event.target.closest("button, input, a, video, dialog");
  if (!id || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  find<HTMLButtonElement>(id).click();
});
canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => {
  stage.lookFrom((2 * offsetX) / canvas.clientWidth - 1, 1 - (2 * offsetY) / canvas.clientHeight);
});

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
