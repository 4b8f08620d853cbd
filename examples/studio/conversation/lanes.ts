import type { Conversation } from "./conversation.js";

/** Draws who speaks when: the user's turns above, the avatar's below, what has been played brighter. */
export function drawLanes(canvas: HTMLCanvasElement, conversation: Conversation, positionS: number): void {
  const ratio = Math.min(2, devicePixelRatio);
  const width = Math.round(canvas.clientWidth * ratio) || 1;
  const height = Math.round(canvas.clientHeight * ratio) || 1;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
  if (!context) return;
  context.clearRect(0, 0, width, height);
  const { durationS, userSpeech, avatarSpeech } = conversation;
  const thick = 5 * ratio;
  const at = (positionS / durationS) * width;
  for (const [speech, y, colour] of [
    [userSpeech, height * 0.34, "157 183 232"],
    [avatarSpeech, height * 0.66, "143 227 196"],
  ] as const) {
    for (const { startS, endS } of speech) {
      const x = (startS / durationS) * width;
      const end = (endS / durationS) * width;
      context.fillStyle = `rgb(${colour} / 30%)`;
      bar(context, x, y - thick / 2, end - x, thick);
      if (at > x) {
        context.fillStyle = `rgb(${colour})`;
        bar(context, x, y - thick / 2, Math.min(at, end) - x, thick);
      }
    }
  }
  context.fillStyle = "#e9edf3";
  bar(context, Math.min(width - 2 * ratio, Math.max(0, at - ratio)), height * 0.12, 2 * ratio, height * 0.76);
}

function bar(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number): void {
  context.beginPath();
  context.roundRect(x, y, Math.max(0.1, width), height, Math.min(width, height) / 2);
  context.fill();
}
