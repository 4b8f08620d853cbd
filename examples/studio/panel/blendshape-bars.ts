import { ARKIT_BLENDSHAPES } from "echo-head";

/** Parts of the face, by the beginning of the names. */
export const GROUPS: readonly (readonly [title: string, test: RegExp])[] = [
  ["Eyes", /^eye/],
  ["Brows", /^brow/],
  ["Jaw", /^jaw/],
  ["Mouth", /^mouth/],
  ["Cheeks, nose, tongue", /^(cheek|nose|tongue)/],
];

/** One drawn bar and the place of its value among the 52. */
type Bar = { readonly index: number; readonly fill: HTMLElement; shown: number };

/** One row: a coefficient, or a left and a right one that belong together. */
type Row = { readonly name: string; readonly indices: readonly number[] };

/** Live bars of the 52 coefficients: pairs of left and right share a row, left grows to the left. */
export class BlendshapeBars {
  readonly #bars: Bar[] = [];
  readonly #values: { indices: readonly number[]; element: HTMLElement; shown: string }[] = [];

  constructor(root: HTMLElement) {
    for (const [title, test] of GROUPS) {
      const heading = document.createElement("h3");
      heading.textContent = title;
      root.append(heading);
      for (const row of rowsOf(ARKIT_BLENDSHAPES, test)) root.append(this.#build(row));
    }
  }

  /** @param blendshapes f32 [52], ARKit order, 0..1 */
  show(blendshapes: Float32Array): void {
    for (const bar of this.#bars) {
      const value = blendshapes[bar.index]!;
      if (Math.abs(value - bar.shown) < 0.004) continue;
      bar.shown = value;
      bar.fill.style.transform = `scaleX(${value.toFixed(3)})`;
    }
    for (const each of this.#values) {
      const text = Math.max(...each.indices.map((index) => blendshapes[index]!)).toFixed(2);
      if (text === each.shown) continue;
      each.shown = text;
      each.element.textContent = text;
    }
  }

  #build({ name, indices }: Row): HTMLElement {
    const element = document.createElement("div");
    element.className = "bar";
    const label = document.createElement("span");
    label.className = "bar-name";
    label.textContent = name;
    label.title = indices.map((index) => ARKIT_BLENDSHAPES[index]).join(", ");
    const track = document.createElement("span");
    track.className = indices.length === 1 ? "bar-track single" : "bar-track";
    for (const [side, index] of indices.entries()) {
      const half = document.createElement("span");
      half.className = indices.length === 2 && side === 0 ? "bar-half left" : "bar-half";
      const fill = document.createElement("span");
      fill.className = "bar-fill";
      half.append(fill);
      track.append(half);
      this.#bars.push({ index, fill, shown: 0 });
    }
    const value = document.createElement("span");
    value.className = "bar-value";
    value.textContent = "0.00";
    this.#values.push({ indices, element: value, shown: "0.00" });
    element.append(label, track, value);
    return element;
  }
}

/** Rows of one group: `mouthSmileLeft` and `mouthSmileRight` become `mouthSmile`; `jawLeft` and `jawRight` likewise. */
export function rowsOf(names: readonly string[], test: RegExp): Row[] {
  const rows: Row[] = [];
  for (const [index, name] of names.entries()) {
    if (!test.test(name)) continue;
    const partner = name.endsWith("Left") ? names.indexOf(name.replace(/Left$/, "Right")) : -1;
    if (partner >= 0) rows.push({ name: name.replace(/Left$/, ""), indices: [index, partner] });
    else if (!name.endsWith("Right") || !names.includes(name.replace(/Right$/, "Left"))) {
      rows.push({ name, indices: [index] });
    }
  }
  return rows;
}
