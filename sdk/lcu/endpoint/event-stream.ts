/**
 * The `data:` fields of a stream of server-sent events (HTML standard, "Server-sent events"), as they come. Other fields and comments
 * are left out; lines may be split anywhere, end in any way, and the last event need not be closed.
 */
export async function* eventData(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let data: string[] = [];
  const line = (raw: string): string | undefined => {
    if (raw === "") {
      const event = data.length > 0 ? data.join("\n") : undefined;
      data = [];
      return event;
    }
    if (raw.startsWith("data:")) data.push(raw.slice(raw[5] === " " ? 6 : 5));
    return undefined;
  };
  try {
    for (;;) {
      const { done, value } = await reader.read();
      text += done ? `${decoder.decode()}\n\n` : decoder.decode(value, { stream: true });
      // A carriage return at the end may be half of a line's end.
      const whole = done ? text : text.replace(/\r$/, "");
      const lines = whole.split(/\r\n|\r|\n/);
      text = (lines.pop() ?? "") + text.slice(whole.length);
      for (const raw of lines) {
        const event = line(raw);
        if (event !== undefined) yield event;
      }
      if (done) return;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
