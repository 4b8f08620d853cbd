import type { EchoAgent } from "echo-head";
import type { LivePanel } from "./panel/live.js";
import type { Messages } from "./panel/messages.js";
import type { MoodPanel } from "./panel/mood.js";

/** Shows what an agent says of itself, while it is the one on screen. */
export function followAgent(
  agent: EchoAgent,
  onScreen: () => boolean,
  views: {
    readonly messages: Messages;
    readonly mood: MoodPanel;
    readonly live: LivePanel;
    readonly stop: HTMLButtonElement;
    fail(error: unknown): void;
  },
): void {
  const { messages, mood, live, stop, fail } = views;
  const say = (text: string) => {
    messages.toast(text);
    live.log(text);
  };
  const showState = () => {
    if (!onScreen()) return;
    document.getElementById("app")!.dataset.state = agent.state;
    document.getElementById("state-text")!.textContent = agent.state;
    stop.disabled = agent.state !== "speaking";
  };
  agent.on("state-changed", showState);
  agent.on("affect-changed", ({ text }) => mood.show(text));
  agent.on("quality-changed", (change) => live.qualityChanged(change));
  agent.on("downgraded", (downgrade) => live.downgraded(downgrade));
  agent.on("input-lost", ({ input }) => say(`The ${input} is gone. The head goes on without it.`));
  agent.on("input-restored", ({ input }) => say(`The ${input} is back.`));
  agent.on("warning", ({ message }) => live.log(message));
  agent.on("error", ({ error }) => {
    live.log(`${error.message} (${error.code})`);
    if (!error.recoverable && agent.state === "failed") fail(error);
    else if (error.code !== "reasoner-failed") messages.refuse(error); // the page of moods tells of readers
  });
  live.agentChanged(agent);
  showState();
}
