/** The head of the sample avatar: metres, its centre at 0, facing +z, its left at +x. */

import { FACE_SHAPES, SIDES, sided } from "./face-shapes.mjs";
import { colour, ellipsoid, hill, mix, Part, smooth } from "./part.mjs";
import { aroundMouth, LIP_HEIGHT, MOUTH, MOUTH_HALF_HEIGHT, MOUTH_HALF_WIDTH, RADII, skin } from "./skull.mjs";

const SKIN = colour("#f0b896");
const SHADE = colour("#d98f74");
const LIP = colour("#c9605c");
const INSIDE = colour("#43121a");
const TEETH = colour("#fbf6ec");
const TONGUE = colour("#d9646b");
const HAIR = colour("#3b2f4a");
const BLUSH = colour("#ee8f7d");

/** The eyes' middle, for the left; they look along +z. */
export const EYE = { x: 0.041, y: 0.02, z: 0.077, radius: 0.0285 };

/** Skin, lips and the inside of the mouth: rings around the mouth, from its depth to the back of the head. */
function face() {
  const [columns, inner, rings] = [80, 4, 46];
  const angle = (column) => (2 * Math.PI * column) / columns;
  const share = (row) => Math.max(0, (row - inner) / (rings - 1)) ** 1.7;
  const membership = (row, column) => {
    const height = Math.sin(angle(column));
    const beyond = share(row) * (Math.PI - MOUTH_HALF_HEIGHT);
    return {
      lower: smooth(-0.05, 0.35, -height),
      upper: smooth(-0.05, 0.35, height),
      lip: Math.max(0, 1 - smooth(0.04, 0.42, beyond)),
    };
  };
  return new Part().sheet({
    rows: inner + rings,
    columns,
    closed: true,
    at: (row, column) => {
      const s = share(row);
      const [sin, cos] = [Math.sin(angle(column)), Math.cos(angle(column))];
      const v = MOUTH_HALF_HEIGHT + (Math.PI - MOUTH_HALF_HEIGHT) * s;
      const u = MOUTH_HALF_WIDTH + (Math.PI - MOUTH_HALF_WIDTH) * s;
      const direction = aroundMouth(u * cos, v * sin);
      const point = skin(direction);
      const beyond = v - MOUTH_HALF_HEIGHT;
      const swell =
        beyond < LIP_HEIGHT ? Math.sin((Math.PI * beyond) / LIP_HEIGHT) * (0.25 + 0.75 * Math.abs(sin)) * 0.0065 : 0;
      const depth = [0.06, 0.034, 0.018, 0.006][row] ?? 0; // inside the mouth
      if (row === 0) return [0, MOUTH[1], MOUTH[2] - depth]; // its end
      const roomy = row < inner ? 1 - 0.12 * (inner - row) : 1;
      const taller = row < inner - 1 ? sin * 0.012 : 0;
      return [point[0] * roomy, point[1] + taller - direction[1] * depth * 0.2, point[2] + swell - depth];
    },
    colour: (row, column, [x, y, z]) => {
      if (row < inner) return row === inner - 1 ? mix(LIP, INSIDE, 0.5) : INSIDE;
      const v = (Math.PI - MOUTH_HALF_HEIGHT) * share(row);
      const edge = LIP_HEIGHT * (0.45 + 0.5 * Math.abs(Math.sin(angle(column))));
      if (v < edge) return mix(LIP, SKIN, smooth(edge * 0.8, edge, v));
      const blush = hill(Math.hypot(Math.abs(x) - 0.058, y + 0.03), 0.02) * smooth(0, 0.05, z);
      return mix(mix(SKIN, BLUSH, 0.55 * blush), SHADE, 0.5 * smooth(-0.09, -0.125, y));
    },
    shapes: Object.fromEntries(
      Object.entries(FACE_SHAPES).map(([name, move]) => [
        name,
        (row, column, point) =>
          move(point, row < inner ? { ...membership(inner, column), lip: 1 } : membership(row, column)),
      ]),
    ),
  });
}

/** Eyelids: shells around the eyes whose edges go up and down. */
function lids() {
  const part = new Part();
  const rad = (deg) => (deg * Math.PI) / 180;
  for (const side of SIDES) {
    const sign = side === "Left" ? 1 : -1;
    for (const [upper, radius, rest, shapes] of [
      [true, 0.0327, 30, { eyeBlink: -23, eyeSquint: 14, eyeWide: 48, eyeLookDown: 14, eyeLookUp: 42 }],
      [false, 0.0322, -40, { eyeBlink: -20, eyeSquint: -24, eyeWide: -46, cheekSquint: -30 }],
    ]) {
      const [rows, columns] = [9, 19];
      const place = (row, column, edge) => {
        const azimuth = rad(-88 + (176 * column) / (columns - 1));
        const reach = rad(edge) * Math.cos(azimuth * 0.86); // the lids meet at the corners
        const root = rad(upper ? 84 : -84);
        const elevation = root + (reach - root) * (row / (rows - 1));
        const out = radius + (row === rows - 1 ? -0.0012 : 0); // a rounded rim
        return [
          sign * EYE.x + out * Math.cos(elevation) * Math.sin(azimuth),
          EYE.y + out * Math.sin(elevation),
          EYE.z + out * Math.cos(elevation) * Math.cos(azimuth),
        ];
      };
      part.sheet({
        rows,
        columns,
        at: (row, column) => place(row, column, rest),
        colour: (row) => mix(SKIN, upper ? colour("#7a4a4a") : SHADE, row >= rows - 2 ? (upper ? 0.9 : 0.6) : 0.22),
        shapes: Object.fromEntries(
          Object.entries(shapes).map(([name, edge]) => [name + side, (row, column) => place(row, column, edge)]),
        ),
      });
      if (!upper) flip(part, (rows - 1) * (columns - 1) * 6);
    }
  }
  return part;
}

/** Turns the last `count` corners of triangles to face the other way. */
function flip(part, count) {
  for (let i = part.triangles.length - count; i < part.triangles.length; i += 3)
    [part.triangles[i + 1], part.triangles[i + 2]] = [part.triangles[i + 2], part.triangles[i + 1]];
}

/** Brows: tapered rolls above the eyes. */
function brows() {
  const part = new Part();
  for (const side of SIDES) {
    const sign = side === "Left" ? 1 : -1;
    const [rows, columns] = [12, 10];
    const along = (row) => row / (rows - 1);
    const at = (row, column) => {
      const t = along(row);
      const [x, y] = [0.016 + 0.05 * t, 0.054 + 0.011 * Math.sin(Math.PI * (0.15 + 0.75 * t)) - 0.007 * t];
      const z = RADII[2] * Math.sqrt(Math.max(0.05, 1 - (x / RADII[0]) ** 2 - (y / RADII[1]) ** 2)) + 0.003;
      const thick = 0.0052 * (1 - 0.6 * t) * (row === 0 || row === rows - 1 ? 0.25 : 1);
      const around = (2 * Math.PI * column) / columns;
      return [sign * x, y + thick * Math.cos(around), z + 0.7 * thick * Math.sin(around)];
    };
    part.sheet({
      rows,
      columns,
      closed: true,
      at,
      colour: () => HAIR,
      shapes: {
        [`browDown${side}`]: (row, _column, [x, y, z]) => [
          x - sign * 0.004 * (1 - along(row)),
          y - 0.015 * (1 - 0.85 * along(row)),
          z + 0.004,
        ],
        [`browOuterUp${side}`]: (row, _column, [x, y, z]) => [
          x,
          y + 0.01 * smooth(0.15, 0.9, along(row)),
          z - 0.004 * along(row),
        ],
        browInnerUp: (row, _column, [x, y, z]) => [x, y + 0.011 * smooth(0.85, 0.05, along(row)), z - 0.003],
      },
    });
    if (sign < 0) flip(part, (rows - 1) * columns * 6);
  }
  return part;
}

/** Teeth and tongue: they follow the jaw. */
function insideMouth() {
  const part = new Part();
  const jaw = ([x, y, z]) => [x, y - 0.03, z - 0.01];
  for (const [upper, top, bottom] of [
    [true, 0.014, 0.001],
    [false, -0.002, -0.009],
  ]) {
    const [rows, columns] = [4, 15];
    part.sheet({
      rows,
      columns,
      at: (row, column) => {
        const x = -0.021 + (0.042 * column) / (columns - 1);
        const y = MOUTH[1] + top + ((bottom - top) * row) / (rows - 1);
        return [x, y, MOUTH[2] - (upper ? 0.013 : 0.02) - 20 * x * x];
      },
      colour: () => TEETH,
      shapes: upper
        ? {}
        : {
            jawOpen: (_row, _column, point) => jaw(point),
            ...sided("jaw", (sign) => (_row, _column, [x, y, z]) => [x + sign * 0.012, y, z]),
          },
    });
    flip(part, (rows - 1) * (columns - 1) * 6);
  }
  return part.join(
    ellipsoid([0, MOUTH[1] - 0.01, MOUTH[2] - 0.04], [0.015, 0.006, 0.018], TONGUE, {
      jawOpen: ([x, y, z]) => [x, y - 0.02, z - 0.002],
      tongueOut: ([x, y, z]) => [x * 0.9, y + 0.006 - 0.016 * smooth(MOUTH[2] - 0.05, MOUTH[2] - 0.022, z), z + 0.044],
    }),
  );
}

/** Everything of the head that is not an eye or hair, in one mesh with all shapes. */
export function headPart() {
  const ear = (sign) => ellipsoid([sign * 0.1, 0.004, -0.006], [0.011, 0.025, 0.017], mix(SKIN, SHADE, 0.25));
  const noseZ = skin([0, -0.1, 1])[2];
  const nose = ellipsoid([0, -0.013, noseZ + 0.001], [0.0125, 0.0105, 0.013], mix(SKIN, BLUSH, 0.35), {
    noseSneerLeft: ([x, y, z]) => [x, y + 0.003 * smooth(-0.004, 0.008, x), z],
    noseSneerRight: ([x, y, z]) => [x, y + 0.003 * smooth(-0.004, 0.008, -x), z],
  });
  return face().join(lids()).join(brows()).join(insideMouth()).join(nose).join(ear(1)).join(ear(-1));
}

/** Hair: a cap with locks on the forehead. */
export function hairPart() {
  const [rows, columns] = [22, 96];
  const edge = (phi) => {
    const front = Math.cos(phi); // 1 in front, -1 behind
    const lock = Math.abs((((phi / (2 * Math.PI)) * 16 + 0.25) % 1) - 0.5) * 2;
    return (
      0.8 * smooth(0.1, 0.85, front) -
      0.02 -
      0.62 * smooth(0.05, -0.6, front) +
      0.16 * (lock - 0.5) * smooth(-0.4, 0.6, front)
    );
  };
  return new Part().sheet({
    rows,
    columns,
    closed: true,
    at: (row, column) => {
      const phi = (2 * Math.PI * column) / columns;
      const last = row >= rows - 2;
      const t = Math.min(1, row / (rows - 3));
      const elevation = Math.PI / 2 + (edge(phi) - Math.PI / 2) * t;
      const point = skin([
        Math.cos(elevation) * Math.sin(phi),
        Math.sin(elevation),
        Math.cos(elevation) * Math.cos(phi),
      ]);
      const wave = 0.012 * Math.cos(phi * 8) * t * t * 0.35;
      const size = (last && row === rows - 1 ? 0.96 : 1.075 + 0.05 * smooth(0.2, 1, Math.sin(elevation))) + wave;
      return [point[0] * size, point[1] * size + 0.002, point[2] * size - 0.002];
    },
    colour: (row, column) =>
      mix(HAIR, colour("#6a5582"), 0.35 * (0.5 + 0.5 * Math.cos((2 * Math.PI * column * 8) / columns)) * (row / rows)),
  });
}

/** One eye around 0, looking along +z. */
export function eyePart() {
  const stops = [0, 8, 8.01, 20, 20.01, 22, 22.01, 40, 70, 110, 150, 180];
  const tint = (deg) =>
    deg <= 8 ? colour("#14161d") : deg <= 20 ? colour("#3f8f86") : deg <= 22 ? colour("#255a58") : colour("#fbfaf7");
  const columns = 28;
  const ball = new Part().sheet({
    rows: stops.length,
    columns,
    closed: true,
    at: (row, column) => {
      const [theta, phi] = [(stops[row] * Math.PI) / 180, (2 * Math.PI * column) / columns];
      const r = EYE.radius;
      return [r * Math.sin(theta) * Math.cos(phi), r * Math.sin(theta) * Math.sin(phi), r * Math.cos(theta)];
    },
    colour: (row) => tint(stops[row]),
  });
  flip(ball, 0);
  return ball.join(
    ellipsoid([0.0065, 0.0075, EYE.radius - 0.0022], [0.0034, 0.0034, 0.0016], colour("#ffffff"), {}, 7, 10),
  );
}

/** Neck and shoulders around their own nodes. */
export function neckPart() {
  return ellipsoid([0, -0.03, -0.004], [0.042, 0.1, 0.042], mix(SKIN, SHADE, 0.35), {}, 15, 24);
}

/** Shoulders in a pullover, around the chest's node. */
export function bodyPart() {
  const corners = [
    [0.047, 0.168],
    [0.059, 0.176],
    [0.064, 0.158],
    [0.085, 0.13],
    [0.135, 0.108],
    [0.175, 0.07],
    [0.195, 0.01],
    [0.197, -0.09],
    [0.185, -0.22],
  ];
  const steps = 4;
  const profile = Array.from({ length: (corners.length - 1) * steps + 1 }, (_, n) => curve(corners, n / steps));
  const columns = 40;
  return new Part().sheet({
    rows: profile.length,
    columns,
    closed: true,
    at: (row, column) => {
      const [radius, y] = profile[row];
      const phi = (2 * Math.PI * column) / columns;
      return [radius * Math.sin(phi), y, radius * (0.95 - 0.37 * smooth(0.15, 0.1, y)) * Math.cos(phi) - 0.005];
    },
    colour: (row) => (row < 2.6 * steps ? colour("#f2c14e") : colour("#2f6f73")),
  });
}

/** A point on the smooth curve through these corners (Catmull-Rom), at so many corners from the first. */
function curve(corners, at) {
  const i = Math.min(corners.length - 2, Math.floor(at));
  const t = at - i;
  const corner = (n) => corners[Math.min(corners.length - 1, Math.max(0, n))];
  const [a, b, c, d] = [corner(i - 1), corner(i), corner(i + 1), corner(i + 2)];
  return b.map(
    (value, k) =>
      value +
      0.5 * t * (c[k] - a[k] + t * (2 * a[k] - 5 * value + 4 * c[k] - d[k] + t * (3 * (value - c[k]) + d[k] - a[k]))),
  );
}
