import { isInMemory, type Picture } from "../protocol/picture.js";

/** Picture -> how many frames (or others) show it; pictures in memory are left to the garbage collector. */
const holders = new WeakMap<object, number>();

/** One more shows the picture. */
export function holdPicture(picture: Picture): void {
  if (!isInMemory(picture)) holders.set(picture, (holders.get(picture) ?? 0) + 1);
}

/** One less shows the picture; after the last one, or where there was none, its memory on the GPU is freed. */
export function letPictureGo(picture: Picture): void {
  if (isInMemory(picture)) return;
  const left = (holders.get(picture) ?? 1) - 1;
  holders.set(picture, left);
  if (left > 0) return;
  if ("close" in picture) picture.close();
  else picture.free();
}
