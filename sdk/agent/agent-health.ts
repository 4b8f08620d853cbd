import { EchoError, reasonOf } from "../base/errors.js";
import type { EventEmitter } from "../base/events.js";
import type { AgentEvents } from "./agent-events.js";
import { type AgentState, AgentStateMachine } from "./agent-state.js";
import type { ServiceName } from "./services/start-services.js";

/** What an {@link AgentHealth} needs of its agent. */
export type AgentHealthHost = {
  readonly events: EventEmitter<AgentEvents>;
  /** Aborted when the agent is disposed of: what fails after that is no news. */
  readonly signal: AbortSignal;
  /** Whether something is being spoken now. */
  speaking(): boolean;
  /** The generator is gone for good: there will be no more frames. */
  failed(error: EchoError): void;
};

/** Whether the agent is well: which of its workers are in trouble, and the state that follows from that. */
export class AgentHealth {
  readonly #host: AgentHealthHost;
  readonly #machine: AgentStateMachine;
  /** Workers that have died and not yet answered again. */
  readonly #troubled = new Set<ServiceName>();

  constructor(host: AgentHealthHost) {
    this.#host = host;
    this.#machine = new AgentStateMachine((change) => host.events.emit("state-changed", change));
  }

  get state(): AgentState {
    return this.#machine.state;
  }

  /** True while frames come. */
  get running(): boolean {
    return this.#machine.running;
  }

  /** Throws EchoError `agent-failed` or `disposed` unless frames come. */
  check(): void {
    if (this.#machine.running) return;
    if (this.#machine.state === "failed")
      throw new EchoError("agent-failed", { reason: "its generator ended for good" });
    throw new EchoError("disposed", { what: "the agent" });
  }

  /** The model is being loaded, frames come from now on, or the agent has ended. */
  move(to: "loading" | "listening" | "disposed"): void {
    this.#machine.move(to);
  }

  /** Shows the state that the agent is in now, if it runs. */
  update(): void {
    if (!this.#machine.running) return;
    if (this.#troubled.size > 0) this.#machine.move("degraded");
    else this.#machine.move(this.#host.speaking() ? "speaking" : "listening");
  }

  /** A worker has died, or does not answer. */
  trouble(worker: ServiceName): void {
    this.#troubled.add(worker);
    this.update();
  }

  /** A worker has answered. */
  well(worker: ServiceName): void {
    if (this.#troubled.delete(worker)) this.update();
  }

  /** A call to a worker failed. That is the end of the agent if it was the generator's, for good, and it does not go on. */
  workerFailed(worker: ServiceName, cause: unknown, goesOn = false): void {
    const { events, signal } = this.#host;
    if (signal.aborted) return;
    const error = EchoError.is(cause) ? cause : new EchoError("agent-failed", { reason: reasonOf(cause), cause });
    this.trouble(worker);
    events.emit("error", { error });
    if (worker === "lcu" || error.recoverable || goesOn || !this.#machine.running) return;
    this.#machine.move("failed");
    this.#host.failed(error);
  }
}
