import type { HeadPose } from "echo-head";

/** Rows: name, what a person reads, and the value from -1 to 1. Angles full at 30 degrees. */
const FULL_RAD = Math.PI / 6;
const ROWS: readonly (readonly [name: string, read: (pose: HeadPose) => number])[] = [
  ["yaw", (pose) => pose.yawRad],
  ["pitch", (pose) => pose.pitchRad],
  ["roll", (pose) => pose.rollRad],
];

/** Three bars that grow from the middle: where the head turns, in degrees. */
export class PoseBars {
  readonly #rows: { left: HTMLElement; right: HTMLElement; value: HTMLElement; read: (pose: HeadPose) => number }[] =
    [];

  constructor(root: HTMLElement) {
    for (const [name, read] of ROWS) {
      const row = document.createElement("div");
      row.className = "bar";
      row.innerHTML = `<span class="bar-name">${name}</span><span class="bar-track"><span class="bar-half left"><span class="bar-fill"></span></span><span class="bar-half"><span class="bar-fill"></span></span></span><span class="bar-value">0°</span>`;
      const [left, right] = row.querySelectorAll<HTMLElement>(".bar-fill");
      this.#rows.push({ left: left!, right: right!, value: row.querySelector<HTMLElement>(".bar-value")!, read });
      root.append(row);
    }
  }

  show(pose: HeadPose): void {
    for (const { left, right, value, read } of this.#rows) {
      const angle = read(pose);
      left.style.transform = `scaleX(${Math.min(1, Math.max(0, -angle / FULL_RAD)).toFixed(3)})`;
      right.style.transform = `scaleX(${Math.min(1, Math.max(0, angle / FULL_RAD)).toFixed(3)})`;
      value.textContent = `${Math.round((angle * 180) / Math.PI) || 0}°`; // no "-0"
    }
  }
}
