import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { BatchReport } from "../../protocol/renderer-worker.js";

/** Upper bounds in seconds, around the 160 ms that a block lasts. */
const BLOCK_BUCKETS_S = [0.01, 0.025, 0.05, 0.075, 0.1, 0.16, 0.25, 0.5, 1, 2.5];

/** The figures of one node, for Prometheus. Labels are names of ours, never a client's. */
export class ServerMetrics {
  readonly #registry = new Registry();
  readonly #sessions = this.#gauge("echo_head_sessions", "Sessions, by whether a client is connected", ["state"]);
  readonly #capacity = this.#gauge("echo_head_capacity", "Sessions that the node takes");
  readonly #draining = this.#gauge("echo_head_draining", "1 while the node takes no new sessions");
  readonly #begun = this.#counter("echo_head_sessions_begun_total", "Sessions that began");
  readonly #resumed = this.#counter("echo_head_sessions_resumed_total", "Sessions that a client came back to");
  readonly #blocks = this.#counter("echo_head_blocks_total", "Blocks sent");
  readonly #bytes = this.#counter("echo_head_picture_bytes_total", "Bytes of pictures sent");
  readonly #dropped = this.#counter(
    "echo_head_dropped_blocks_total",
    "Blocks whose pictures were dropped for want of credit",
  );
  readonly #refusals = this.#counter("echo_head_refusals_total", "Messages and connections that were refused", [
    "code",
  ]);
  readonly #runs = this.#counter("echo_head_graph_runs_total", "Runs of each graph", ["graph"]);
  readonly #heads = this.#counter("echo_head_graph_heads_total", "Heads in the runs of each graph", ["graph"]);
  readonly #seconds = this.#counter("echo_head_graph_seconds_total", "Time in each graph", ["graph"]);
  readonly #blockSeconds = new Histogram({
    name: "echo_head_block_seconds",
    help: "From a step's arrival to its block's departure",
    buckets: BLOCK_BUCKETS_S,
    registers: [this.#registry],
  });

  constructor(options: { capacity: number }) {
    collectDefaultMetrics({ register: this.#registry, prefix: "echo_head_" });
    this.#capacity.set(options.capacity);
    this.#draining.set(0);
  }

  /** The content type of {@link ServerMetrics.text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All figures in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  setSessions(connected: number, waiting: number): void {
    this.#sessions.set({ state: "connected" }, connected);
    this.#sessions.set({ state: "waiting" }, waiting);
  }

  setDraining(): void {
    this.#draining.set(1);
  }

  sessionBegun(): void {
    this.#begun.inc();
  }

  sessionResumed(): void {
    this.#resumed.inc();
  }

  blockSent({ bytes, tookMs }: { readonly bytes: number; readonly tookMs: number }): void {
    this.#blocks.inc();
    this.#bytes.inc(bytes);
    this.#blockSeconds.observe(tookMs / 1_000);
  }

  picturesDropped(blocks: number): void {
    this.#dropped.inc(blocks);
  }

  refused(code: string): void {
    this.#refusals.inc({ code });
  }

  batches({ graphs }: BatchReport): void {
    for (const [graph, { runs, heads, ms }] of Object.entries(graphs)) {
      this.#runs.inc({ graph }, runs);
      this.#heads.inc({ graph }, heads);
      this.#seconds.inc({ graph }, ms / 1_000);
    }
  }

  dispose(): void {
    this.#registry.clear();
  }

  #gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }

  #counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }
}
