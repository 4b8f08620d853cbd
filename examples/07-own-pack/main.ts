import { EchoAgent, EchoError, loadPack, type Pack, packInfo, SpeechPlayer, verifyPack } from "echo-head";

const element = <Kind extends HTMLElement>(id: string) => document.getElementById(id) as Kind;
const say = (text: string) => {
  element("status").textContent = text;
};

const canvas = element<HTMLCanvasElement>("head");
const context = new AudioContext();
const voice = await SpeechPlayer.create({ context });
let agent: EchoAgent | undefined;

/** Every failure of a pack has a code: say what is wrong, and where. */
function explain(error: unknown): void {
  say(EchoError.is(error) ? `${error.code}: ${error.message}` : String(error));
  document.body.dataset.state = "failed";
}

/** Opens a pack at an address: what is in it, before anything large is read. */
async function open(address: string): Promise<void> {
  document.body.dataset.state = "opening";
  say("reading the pack's list of contents");
  const pack = await loadPack(new URL(address, location.href));
  const info = packInfo(pack);
  element("name").textContent = `${info.name} ${info.version}`;
  const files = info.stages.map(
    ({ name, bytes, precision }) => `${name}: ${(bytes / 1e6).toFixed(1)} MB, ${precision}`,
  );
  const { resolution, fps, licence, summary, bytes } = info;
  const size = `${resolution.width} x ${resolution.height}, ${fps} a second, ${(bytes / 1e6).toFixed(1)} MB in all, ${licence}`;
  element("contents").textContent = [summary, "", size, "", ...files].join("\n");
  const choice = element<HTMLSelectElement>("avatar");
  choice.replaceChildren(...info.avatars.map(({ id, displayName }) => new Option(displayName, id)));
  choice.value = pack.manifest.defaultAvatar;
  choice.onchange = () => void start(pack, choice.value).catch(explain);
  element("verify").onclick = () => void verify(address).catch(explain);
  await start(pack, choice.value);
}

/** Gives one avatar of the pack life. */
async function start(pack: Pack, avatar: string): Promise<void> {
  await agent?.dispose();
  say(`waking ${avatar}`);
  agent = await EchoAgent.create({ pack, avatar, clock: voice });
  say(`${avatar} is here, on ${agent.backend}`);
  document.body.dataset.state = "running";
  void draw(agent).catch(explain);
}

async function draw(from: EchoAgent): Promise<void> {
  const context2d = canvas.getContext("2d") as CanvasRenderingContext2D;
  for await (const frame of from.frames()) {
    const picture = await frame.toImageBitmap();
    frame.close();
    canvas.width = picture.width;
    canvas.height = picture.height;
    context2d.drawImage(picture, 0, 0);
    picture.close();
  }
}

/** Checks every hash, and every graph against the run that the pack brings along. */
async function verify(address: string): Promise<void> {
  const { files, graphs } = await verifyPack(new URL(address, location.href), {
    backend: "wasm",
    onProgress: ({ file, done, total }) => say(`checking ${done + 1} of ${total}: ${file}`),
  });
  const worst = Math.max(...graphs.map(({ golden }) => (golden ? golden.error / golden.tolerance : 0)));
  say(
    `${files} files, ${graphs.length} graphs: every hash right, at most ${(100 * worst).toFixed(0)} % of a tolerance used`,
  );
  document.body.dataset.state = "verified";
}

element<HTMLFormElement>("open").addEventListener("submit", (event) => {
  event.preventDefault();
  open(element<HTMLInputElement>("address").value).catch(explain);
});
element("speak").addEventListener("click", async () => {
  await context.resume();
  const file = await fetch("/conversation/conversation.avatar.wav");
  agent?.speak(await context.decodeAudioData(await file.arrayBuffer()));
});

const address = new URLSearchParams(location.search).get("pack") ?? "/pack/";
element<HTMLInputElement>("address").value = address;
await open(address).catch(explain);
