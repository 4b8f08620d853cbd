import type { AgentEvents, EchoAgent, QualityChange } from "echo-head";
import type { SessionChoice } from "../session.js";
import { AvOffsetMeter } from "./av-offset.js";
import { Choice } from "./choice.js";
import { EventLog } from "./event-log.js";
import { Ladder, RUNGS } from "./ladder.js";
import { RateChart } from "./rate-chart.js";
import { RateMeter, Readout } from "./readout.js";
import { statsRows } from "./stats-rows.js";

const BACKENDS = [
  { id: "auto", label: "The best there is" },
  { id: "webgpu", label: "WebGPU" },
  { id: "wasm", label: "WASM" },
] as const satisfies readonly { id: SessionChoice["backend"]; label: string }[];
const NAMES: Readonly<Record<string, string>> = {
  webgpu: "WebGPU, on the graphics card",
  wasm: "WebAssembly, on the processor",
};

/** Frames shown a second below which the page says why. */
const SLOW_FPS = 21;
const FULL_FPS = 25;
/** Pictures that come so long after their sound are noticed, in ms. */
const LATE_MS = 100;
/** The figures of an agent's first seconds say nothing. */
const SETTLED_MS = 5000;

const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;

/** What this panel asks of the page. */
type Engine = Pick<SessionChoice, "backend" | "quality">;

/** The page of figures: how the head holds real time, on which rung of the ladder, where it runs, and what happened. */
export class LivePanel {
  readonly #studio: { readonly agent: EchoAgent | null; readonly engine: Engine };
  readonly #meter = new RateMeter();
  readonly #offset = new AvOffsetMeter();
  readonly #readout = new Readout(find("readout"));
  readonly #chart = new RateChart(find<HTMLCanvasElement>("chart"), { full: FULL_FPS, least: SLOW_FPS });
  readonly #log = new EventLog(find("log"));
  readonly #ladder: Ladder;
  readonly #backends: Choice<(typeof BACKENDS)[number]>;
  #startedMs = 0;
  #downgrade = "";

  /** @param choose makes another agent; the marks follow what came of it */
  constructor(
    studio: { readonly agent: EchoAgent | null; readonly engine: Engine },
    choose: (change: Partial<Engine>) => Promise<void>,
  ) {
    this.#studio = studio;
    const change = async (wanted: Partial<Engine>) => {
      this.#disabled = true;
      await choose(wanted);
      this.#disabled = false;
      this.#mark();
    };
    this.#ladder = new Ladder(find("ladder"), (quality) => void change({ quality }));
    this.#backends = new Choice(find("backends"), BACKENDS, {
      className: "choice",
      fill: (button, { label }) => button.append(label),
      choose: ({ id }) => void change({ backend: id }),
    });
    setInterval(() => this.#tick(), 1_000);
  }

  /** The page has come to be seen, or its colours have changed. */
  show(): void {
    this.#chart.draw();
    this.#write();
  }

  agentChanged(agent: EchoAgent): void {
    this.#startedMs = performance.now();
    this.#downgrade = "";
    this.#offset.clear();
    this.#chart.clear();
    this.#ladder.stand(agent.quality);
    this.log(`Started on ${agent.backend}`);
  }

  /** A frame is on screen. @param frameMs its time on the agent's clock */
  shown(frameMs: number): void {
    this.#meter.count(performance.now());
    const { agent } = this.#studio;
    if (agent) this.#offset.shown(agent.nowMs, frameMs);
  }

  qualityChanged({ from, to, reason }: QualityChange): void {
    this.#ladder.stand(to);
    this.log(`Pictures: ${RUNGS[from][0].toLowerCase()} to ${RUNGS[to][0].toLowerCase()}, because ${reason}`);
  }

  downgraded({ from, to, reason }: AgentEvents["downgraded"]): void {
    this.#downgrade = `${from} was not to be had: ${reason}`;
    this.log(`Runs on ${to} in the place of ${from}: ${reason}`);
  }

  log(text: string): void {
    this.#log.add(text);
  }

  set #disabled(value: boolean) {
    this.#ladder.disabled = value;
    this.#backends.disabled = value;
  }

  #mark(): void {
    const { backend, quality } = this.#studio.engine;
    this.#backends.mark(backend);
    this.#ladder.mark(quality);
  }

  #tick(): void {
    if (document.visibilityState === "visible" && this.#studio.agent)
      this.#chart.add(this.#meter.rate(performance.now()));
    this.#write();
  }

  #write(): void {
    const { agent } = this.#studio;
    if (!agent) return;
    const fps = this.#meter.rate(performance.now());
    this.#readout.show(statsRows(agent, fps, this.#offset.offset));
    this.#ladder.stand(agent.quality);
    const threads = crossOriginIsolated ? "" : " The page is not cross-origin isolated: one thread only.";
    const status = `${NAMES[agent.backend] ?? agent.backend}.${this.#downgrade && ` ${this.#downgrade}.`}${threads}`;
    write(find("backend-status"), status);
    const settled = performance.now() - this.#startedMs > SETTLED_MS;
    const slow = fps < SLOW_FPS || !["full", "light"].includes(agent.quality);
    find("verdict").dataset.tone = settled ? (slow ? "slow" : "right") : "calm";
    const lateMs = this.#offset.offset?.medianMs ?? 0;
    write(find("verdict"), settled ? verdict(slow, lateMs, this.#studio.engine.quality) : "Warming up ...");
  }
}

function verdict(slow: boolean, lateMs: number, quality: Engine["quality"]): string {
  const late =
    lateMs > LATE_MS
      ? "This page gets too little of the processor: pictures come late. Is something else at work?"
      : "";
  if (quality !== "auto") return `Fixed at "${RUNGS[quality][0]}". ${late}`;
  if (late !== "") return late;
  if (!slow) return "Holds real time: every frame is painted.";
  return "This machine does not paint 25 pictures a second. The head paints fewer, moves on, and stays in step with its voice.";
}

/** Live regions are read out when they change, so they change only when there is something new. */
function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
