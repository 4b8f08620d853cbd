/**
 * A co-host for a stream: says lines through the running overlay, one after the other, and tells how the overlay is doing.
 *
 *     node examples/05-obs-overlay/co-host.mjs [--overlay http://127.0.0.1:8137/] [--once]
 */
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    overlay: { type: "string", default: "http://127.0.0.1:8137/" },
    once: { type: "boolean", default: false },
  },
});

const LINES = [
  "Hello, everybody! Good to have you here.",
  "That was close. I would have turned left, but nobody asks me.",
  "Remember to drink some water. I cannot, so do it for me.",
];
const PAUSE_MS = 6_000;

/** @param {URL} url @param {RequestInit} [request] */
async function ask(url, request) {
  try {
    return await fetch(url, request);
  } catch {
    console.error(`no overlay answers at ${values.overlay}; start it with: npx echo-head overlay`);
    return process.exit(1);
  }
}

/** @param {string} path @param {object} [body] */
async function post(path, body = {}) {
  const url = new URL(path, values.overlay);
  const response = await ask(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${url}: ${answer.error.message}`);
  return answer;
}

async function health() {
  const { ok, heads } = await (await ask(new URL("health", values.overlay))).json();
  const on = heads.map(
    ({ avatar, state, pages }) => `${avatar} ${state}, seen by ${pages.filter(({ visible }) => visible).length}`,
  );
  return `${ok ? "well" : "NOT WELL"}: ${on.join("; ") || "no head runs"}`;
}

for (let i = 0; ; i++) {
  const text = LINES[i % LINES.length];
  const { utterance } = await post("say", { text });
  console.log(`${utterance}: ${text}   (${await health()})`);
  if (values.once) break;
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
