import type { Face } from "./conversation.js";

/** Parts of the drawing, in a square of 100 x 100. */
type GlyphPose = Record<
  "jaw" | "smile" | "brow" | "frown" | "blinkLeft" | "blinkRight" | "lookX" | "yaw" | "pitch" | "roll",
  number
>;

const REST: GlyphPose = {
  jaw: 0,
  smile: 0,
  brow: 0,
  frown: 0,
  blinkLeft: 0,
  blinkRight: 0,
  lookX: 0,
  yaw: 0,
  pitch: 0,
  roll: 0,
};

/** How fast the drawing follows, 0..1 a frame: it smooths steps of 40 ms. */
const FOLLOW = 0.45;

/**
 * The other side's face as a few strokes: it moves as their 52 coefficients say, as in a mirror. It is a sign, not a
 * likeness.
 */
export class FaceGlyph {
  readonly #canvas: HTMLCanvasElement;
  readonly #now: GlyphPose = { ...REST };

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  /** @param face null: nobody in view, the sign dims and rests */
  draw(face: Face | null): void {
    const wanted = face ? poseOf(face) : REST;
    for (const key of Object.keys(REST) as (keyof GlyphPose)[])
      this.#now[key] += FOLLOW * (wanted[key] - this.#now[key]);
    const size = Math.round(this.#canvas.clientWidth * Math.min(2, devicePixelRatio)) || 1;
    if (this.#canvas.width !== size) {
      this.#canvas.width = size;
      this.#canvas.height = size;
    }
    const context = this.#canvas.getContext("2d");
    if (!context) return;
    context.setTransform(size / 100, 0, 0, size / 100, 0, 0);
    context.clearRect(0, 0, 100, 100);
    context.globalAlpha = face ? 1 : 0.45;
    drawFace(context, this.#now);
  }
}

function poseOf({ blendshapes, pose }: Face): GlyphPose {
  const of = (name: string) => blendshapes[name] ?? 0;
  const mean = (name: string) => (of(`${name}Left`) + of(`${name}Right`)) / 2;
  return {
    jaw: of("jawOpen"),
    smile: mean("mouthSmile"),
    brow: Math.max(of("browInnerUp"), mean("browOuterUp")),
    frown: Math.max(mean("browDown"), mean("mouthFrown")),
    blinkLeft: of("eyeBlinkLeft"),
    blinkRight: of("eyeBlinkRight"),
    lookX: of("eyeLookOutLeft") - of("eyeLookInLeft"),
    yaw: pose?.yaw ?? 0,
    pitch: pose?.pitch ?? 0,
    roll: pose?.roll ?? 0,
  };
}

function drawFace(context: CanvasRenderingContext2D, pose: GlyphPose): void {
  const x = 50 - 26 * Math.sin(pose.yaw); // mirrored, as one sees oneself
  const y = 49 - 22 * Math.sin(pose.pitch);
  context.lineCap = "round";
  context.lineJoin = "round";
  context.fillStyle = "rgb(157 183 232 / 12%)";
  context.strokeStyle = "rgb(157 183 232 / 55%)";
  context.lineWidth = 2;
  context.translate(50, 50);
  context.rotate(-pose.roll);
  context.translate(-50, -50);
  context.beginPath();
  context.ellipse(50, 50, 36, 43 + 2.5 * pose.jaw, 0, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
  context.strokeStyle = "#c6d5f2";
  context.fillStyle = "#c6d5f2";
  context.lineWidth = 3;
  for (const side of [-1, 1]) {
    const open = 1 - (side < 0 ? pose.blinkLeft : pose.blinkRight);
    const eyeX = x + side * 14;
    context.beginPath();
    context.ellipse(eyeX - 2 * pose.lookX, y - 6, 3.6, Math.max(0.8, 4.4 * open), 0, 0, 2 * Math.PI);
    context.fill();
    const browY = y - 17 - 6 * pose.brow + 3.5 * pose.frown;
    context.beginPath();
    context.moveTo(eyeX - side * 6, browY + 3.5 * pose.frown - 2 * pose.brow);
    context.lineTo(eyeX + side * 6.5, browY);
    context.stroke();
  }
  const width = 12 + 4 * pose.smile - 2 * pose.jaw;
  const lift = 7 * pose.smile - 5 * pose.frown;
  const mouthY = y + 20;
  context.beginPath();
  context.moveTo(x - width, mouthY - lift);
  context.quadraticCurveTo(x, mouthY + lift * 0.8 + 1 - 2 * pose.jaw, x + width, mouthY - lift);
  context.quadraticCurveTo(x, mouthY + lift * 0.8 + 1 + 24 * pose.jaw, x - width, mouthY - lift);
  context.closePath();
  context.stroke();
  if (pose.jaw > 0.04) context.fill();
}
