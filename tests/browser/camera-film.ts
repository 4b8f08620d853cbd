import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decode } from "fast-png";

const WIDTH = 320;
const HEIGHT = 240;
const FPS = 10;

type Head = { readonly size: number; at(x: number, y: number): readonly [number, number, number, number] };

/** One head in a scene: where its picture's top left corner is and how large it is, in pixels. */
export type Placed = { readonly avatar: string; readonly x: number; readonly y: number; readonly size: number };

/** So many seconds of heads before a grey wall, under a light of 0..1. */
export type Scene = { readonly seconds: number; readonly heads: readonly Placed[]; readonly light?: number };

/** The reference picture of an avatar of the shipped pack: a rendered head with a transparent background. */
function readHead(avatar: string): Head {
  const file = fileURLToPath(new URL(`../../models/echo-nano/avatars/${avatar}/reference.png`, import.meta.url));
  const { width, data, channels } = decode(readFileSync(file));
  return {
    size: width,
    at: (x, y) => {
      const i = (y * width + x) * channels;
      return [data[i]!, data[i + 1]!, data[i + 2]!, channels === 4 ? data[i + 3]! : 255];
    },
  };
}

/** Writes what Chromium's fake camera shows (--use-file-for-fake-video-capture): a Y4M file, played again and again. */
export function writeCameraFilm(file: string, scenes: readonly Scene[]): void {
  const out = openSync(file, "w");
  writeSync(out, `YUV4MPEG2 W${WIDTH} H${HEIGHT} F${FPS}:1 Ip A1:1 C420mpeg2\n`);
  let n = 0;
  for (const scene of scenes) {
    for (let i = 0; i < scene.seconds * FPS; i++, n++) {
      const sway = Math.round(3 * Math.sin(n / 3)); // a still picture is not what cameras give
      writeSync(out, "FRAME\n");
      writeSync(out, draw(scene, sway));
    }
  }
  closeSync(out);
}

function draw({ heads, light = 1 }: Scene, sway: number): Uint8Array {
  const rgb = new Uint8Array(3 * WIDTH * HEIGHT).fill(Math.round(120 * light));
  for (const { avatar, x, y, size } of heads) {
    const head = readHead(avatar);
    for (let v = 0; v < size; v++) {
      for (let u = 0; u < size; u++) {
        const [px, py] = [x + sway + u, y + v];
        if (px < 0 || px >= WIDTH || py < 0 || py >= HEIGHT) continue;
        const [r, g, b, a] = head.at(Math.floor((u * head.size) / size), Math.floor((v * head.size) / size));
        const at = 3 * (py * WIDTH + px);
        const over = a / 255;
        [r, g, b].forEach((value, c) => {
          rgb[at + c] = Math.round(light * value * over + rgb[at + c]! * (1 - over));
        });
      }
    }
  }
  return toYuv(rgb);
}

/** BT.601, limited range, as webcams have it. */
function toYuv(rgb: Uint8Array): Uint8Array {
  const plane = WIDTH * HEIGHT;
  const yuv = new Uint8Array(plane * 1.5);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const i = y * WIDTH + x;
      const [r, g, b] = [rgb[3 * i]!, rgb[3 * i + 1]!, rgb[3 * i + 2]!];
      yuv[i] = 16 + (65.5 * r + 128.6 * g + 25 * b) / 255;
      if (x % 2 !== 0 || y % 2 !== 0) continue;
      const c = (y / 2) * (WIDTH / 2) + x / 2;
      yuv[plane + c] = 128 + (-37.8 * r - 74.2 * g + 112 * b) / 255;
      yuv[plane * 1.25 + c] = 128 + (112 * r - 93.8 * g - 18.2 * b) / 255;
    }
  }
  return yuv;
}
