import type { EchoFrame } from "../../sdk/index.js";
import type { Voice } from "./person.js";

/** What both measured pages (page.ts, listening-page.ts) have. */
export const asked = new URLSearchParams(location.search);
export const assets = { ortWasmUrl: new URL("/ort/", location.href).href, workerUrl: "/workers/" };

export function button(id: string, act: () => void | Promise<void>): void {
  const made = document.body.appendChild(document.createElement("button"));
  [made.id, made.textContent, made.onclick] = [id, id, () => void act()];
}

/** A canvas at the top of the page; once it shows a picture its id is "shown". */
export function createPainter(): (frame: EchoFrame) => void {
  document.body.style.margin = "0";
  const canvas = document.body.appendChild(document.createElement("canvas"));
  canvas.style.display = "block";
  const brush = canvas.getContext("2d")!;
  return ({ width, height, rgba }) => {
    if (canvas.width !== width) [canvas.width, canvas.height] = [width, height];
    brush.putImageData(new ImageData(rgba as Uint8ClampedArray<ArrayBuffer>, width, height), 0, 0);
    canvas.id = "shown";
  };
}

/** One side of the recorded conversation. */
export async function loadVoice(context: BaseAudioContext, name: "user" | "avatar"): Promise<Voice> {
  const file = await fetch(`/conversation/conversation.${name}.wav`);
  const buffer = await context.decodeAudioData(await file.arrayBuffer());
  return { pcm: buffer.getChannelData(0), sampleRateHz: buffer.sampleRate };
}
