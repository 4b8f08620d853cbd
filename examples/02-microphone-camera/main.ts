import { ARKIT_BLENDSHAPES, EchoAgent } from "echo-head";

const at = <Kind extends HTMLElement>(id: string): Kind => document.getElementById(id) as Kind;
const show = (id: string, text: string): void => {
  at(id).textContent = text;
};
const SMILE = ["mouthSmileLeft", "mouthSmileRight"] as const;
const percent = (value: number): string => `${Math.round(100 * value)} %`;

const agent = await EchoAgent.create({
  pack: new URL("/pack/", location.href),
  // The detector's files are served by us, from npm @mediapipe/face_mesh; it runs in a thread of its own.
  faceDetector: { kind: "face-mesh", url: new URL("/face-mesh/", location.href).href },
});

/** A button that attaches a device, and detaches it when it is pressed again. */
function toggle(id: "microphone" | "camera", attach: () => Promise<() => void>): void {
  let detach: (() => void) | undefined;
  at(id).addEventListener("click", async () => {
    try {
      show("trouble", "none");
      if (detach) {
        detach();
        detach = undefined;
      } else {
        detach = await attach(); // asks the user
      }
    } catch (error) {
      show("trouble", (error as Error).message);
    }
    at(id).setAttribute("aria-pressed", String(detach !== undefined));
  });
}
toggle("microphone", () => agent.user.attachMicrophone());
toggle("camera", () => agent.user.attachCamera());

agent.on("user-voice-changed", ({ speaking }) => show("voice", speaking ? "yes" : "no"));
agent.on("user-view-changed", ({ status }) => show("view", status));
agent.on("error", ({ error }) => show("trouble", error.message));
agent.on("stats", () => {
  const { blendshapes = {} } = agent.user.face ?? {};
  show("smile", agent.user.face ? percent(Math.max(...SMILE.map((name) => blendshapes[name] ?? 0))) : "–");
});

const context = at<HTMLCanvasElement>("head").getContext("2d")!;
for await (const frame of agent.frames()) {
  const { width, height, rgba, blendshapes } = frame;
  if (context.canvas.width !== width) Object.assign(context.canvas, { width, height });
  context.putImageData(new ImageData(rgba as Uint8ClampedArray<ArrayBuffer>, width, height), 0, 0);
  show("answer", percent(Math.max(...SMILE.map((name) => blendshapes[ARKIT_BLENDSHAPES.indexOf(name)]!))));
  frame.close();
}
