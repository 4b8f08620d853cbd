/**
 * One piece of geometry with a colour for each point and shapes that move its points.
 * @typedef {[number, number, number]} Vec
 * @typedef {(point: Vec) => Vec} Move where a point goes
 */

export class Part {
  /** @type {Vec[]} */
  points = [];
  /** @type {Vec[]} linear RGB */
  colours = [];
  /** @type {number[]} */
  triangles = [];
  /** Name of a shape -> shift of each point that it moves. @type {Map<string, Map<number, Vec>>} */
  shapes = new Map();

  /** @param {Vec} point @param {Vec} colour */
  add(point, colour) {
    this.points.push(point);
    this.colours.push(colour);
    return this.points.length - 1;
  }

  /**
   * A sheet of rows x columns points; `shift(name, row, column, point)` tells what a shape does to a point.
   * @param {{ rows: number, columns: number, closed?: boolean, at: (row: number, column: number) => Vec,
   *   colour: (row: number, column: number, point: Vec) => Vec, shapes?: Record<string, (row: number, column: number, point: Vec) => Vec> }} sheet
   */
  sheet({ rows, columns, closed = false, at, colour, shapes = {} }) {
    const first = this.points.length;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const point = at(row, column);
        const index = this.add(point, colour(row, column, point));
        for (const [name, moved] of Object.entries(shapes)) this.#shift(name, index, point, moved(row, column, point));
      }
    }
    const width = closed ? columns : columns - 1;
    for (let row = 0; row + 1 < rows; row++) {
      for (let column = 0; column < width; column++) {
        const [a, b] = [first + row * columns + column, first + row * columns + ((column + 1) % columns)];
        this.triangles.push(a, b, a + columns, b, b + columns, a + columns);
      }
    }
    return this;
  }

  /** @param {string} name @param {number} index @param {Vec} from @param {Vec} to */
  #shift(name, index, from, to) {
    const delta = /** @type {Vec} */ (to.map((value, axis) => value - from[axis]));
    if (Math.hypot(...delta) < 5e-5) return; // a twentieth of a millimetre is not seen
    if (!this.shapes.has(name)) this.shapes.set(name, new Map());
    this.shapes.get(name).set(index, delta);
  }

  /** Takes another part in. @param {Part} other */
  join(other) {
    const first = this.points.length;
    this.points.push(...other.points);
    this.colours.push(...other.colours);
    this.triangles.push(...other.triangles.map((index) => index + first));
    for (const [name, shifts] of other.shapes) {
      if (!this.shapes.has(name)) this.shapes.set(name, new Map());
      for (const [index, delta] of shifts) this.shapes.get(name).set(index + first, delta);
    }
    return this;
  }

  /** Smooth normals: the mean of the triangles around each place, also where points lie on each other. @returns {Vec[]} */
  normals() {
    const key = (point) => point.map((value) => Math.round(value * 1e5)).join();
    const sums = new Map();
    for (let i = 0; i < this.triangles.length; i += 3) {
      const [a, b, c] = [0, 1, 2].map((k) => this.points[this.triangles[i + k]]);
      const [u, v] = [b, c].map((point) => point.map((value, axis) => value - a[axis]));
      const n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
      for (const point of [a, b, c]) {
        const sum = sums.get(key(point)) ?? [0, 0, 0];
        sums.set(
          key(point),
          sum.map((value, axis) => value + n[axis]),
        );
      }
    }
    return this.points.map((point) => {
      const sum = sums.get(key(point)) ?? [0, 0, 1];
      const length = Math.hypot(...sum) || 1;
      return /** @type {Vec} */ (sum.map((value) => value / length));
    });
  }
}

/** A round body. @param {Vec} centre @param {Vec} radii @param {Vec} colour @param {Record<string, (point: Vec) => Vec>} [shapes] */
export function ellipsoid(centre, radii, colour, shapes = {}, rows = 13, columns = 20) {
  return new Part().sheet({
    rows,
    columns,
    closed: true,
    at: (row, column) => {
      const [theta, phi] = [(Math.PI * row) / (rows - 1), (2 * Math.PI * column) / columns];
      const direction = [Math.sin(theta) * Math.sin(phi), Math.cos(theta), Math.sin(theta) * Math.cos(phi)];
      return /** @type {Vec} */ (direction.map((value, axis) => centre[axis] + value * radii[axis]));
    },
    colour: () => colour,
    shapes: Object.fromEntries(
      Object.entries(shapes).map(([name, move]) => [name, (_row, _column, point) => move(point)]),
    ),
  });
}

/** "#rrggbb" as linear RGB, which vertex colours of glTF are. @param {string} hex @returns {Vec} */
export function colour(hex) {
  const channel = (at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

/** @param {Vec} a @param {Vec} b @param {number} share @returns {Vec} */
export function mix(a, b, share) {
  const t = Math.min(1, Math.max(0, share));
  return /** @type {Vec} */ (a.map((value, axis) => value + (b[axis] - value) * t));
}

/** 0 below `from`, 1 above `to`, smooth between. @param {number} from @param {number} to @param {number} value */
export function smooth(from, to, value) {
  const t = Math.min(1, Math.max(0, (value - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/** A hill of height 1 and this width. @param {number} distance @param {number} width */
export function hill(distance, width) {
  return Math.exp(-((distance / width) ** 2));
}
