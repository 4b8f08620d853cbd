import { transfer } from "comlink";

/** Pictures that a thread can give away whole; places without them lack the classes. */
const isPicture = (value: unknown): value is ImageBitmap | VideoFrame =>
  (typeof ImageBitmap !== "undefined" && value instanceof ImageBitmap) ||
  (typeof VideoFrame !== "undefined" && value instanceof VideoFrame);

/**
 * Marks a message so that its arrays and pictures move to the other thread instead of being copied. After it is sent the sender's
 * are empty: the receiver owns them. Looks at the message's own values and one array below (a list of pictures); a view of a
 * part of a buffer is copied, because others may hold the rest.
 */
export function transferArrays<Message extends object>(message: Message): Message {
  const buffers = new Set<Transferable>();
  const look = (value: unknown): void => {
    if (isPicture(value)) buffers.add(value);
    if (!ArrayBuffer.isView(value) || !(value.buffer instanceof ArrayBuffer)) return;
    if (value.byteLength === value.buffer.byteLength) buffers.add(value.buffer);
  };
  for (const value of ArrayBuffer.isView(message) ? [message] : Object.values(message)) {
    look(value);
    if (Array.isArray(value)) value.forEach(look);
  }
  return transfer(message, [...buffers]);
}
