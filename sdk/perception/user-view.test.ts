import { expect, it } from "vitest";
import { type UserView, UserViewWatch } from "./user-view.js";

/** What is told while the sights last for so many looks of 40 ms each. */
function told(...sights: [faces: number, brightness: number, looks: number][]): (UserView & { atMs: number })[] {
  const watch = new UserViewWatch();
  const views: (UserView & { atMs: number })[] = [];
  let timeMs = 0;
  for (const [faces, brightness, looks] of sights) {
    for (let i = 0; i < looks; i++, timeMs += 40) {
      const view = watch.look({ faces, brightness }, timeMs);
      if (view) views.push({ ...view, atMs: timeMs });
    }
  }
  return views;
}

it("tells at once that somebody came, and after a while that nobody is there", () => {
  expect(told([1, 0.4, 10], [0, 0.4, 20], [1, 0.4, 3])).toEqual([
    { status: "seen", faces: 1, atMs: 0 },
    { status: "nobody", faces: 0, atMs: 720 },
    { status: "seen", faces: 1, atMs: 1_200 },
  ]);
});

it("does not flicker when a detector misses a picture or two", () => {
  expect(told([1, 0.4, 10], [0, 0.4, 2], [1, 0.4, 10], [2, 0.4, 3], [1, 0.4, 10])).toHaveLength(1);
});

it("tells darkness from absence, but not while a face is found in it", () => {
  const views = told([0, 0.02, 20], [1, 0.02, 10], [0, 0.02, 20], [0, 0.3, 20]);
  expect(views.map(({ status }) => status)).toEqual(["dark", "seen", "dark", "nobody"]);
});

it("counts a second face, and a camera that goes", () => {
  expect(told([1, 0.4, 10], [2, 0.4, 20]).at(-1)).toMatchObject({ status: "seen", faces: 2 });
  const watch = new UserViewWatch();
  watch.look({ faces: 1, brightness: 0.5 }, 0);
  expect(watch.off()).toEqual({ status: "off", faces: 0 });
  expect(watch.off()).toBeNull();
});
