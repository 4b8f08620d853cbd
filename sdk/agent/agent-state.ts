/** Where an agent is in its life. */
export type AgentState = "idle" | "loading" | "listening" | "speaking" | "degraded" | "failed" | "disposed";

/** Every legal move. "degraded" goes on with what it has (a worker restarts, the machine is too slow) and may get well again. */
const MOVES: Readonly<Record<AgentState, readonly AgentState[]>> = {
  idle: ["loading", "disposed"],
  loading: ["listening", "failed", "disposed"],
  listening: ["speaking", "degraded", "failed", "disposed"],
  speaking: ["listening", "degraded", "failed", "disposed"],
  degraded: ["listening", "speaking", "failed", "disposed"],
  failed: ["disposed"],
  disposed: [],
};

/** The one place where an agent's state changes. */
export class AgentStateMachine {
  readonly #onChange: (change: { readonly from: AgentState; readonly to: AgentState }) => void;
  #state: AgentState = "idle";

  /** `onChange` hears of each move after it happened. */
  constructor(onChange: (change: { readonly from: AgentState; readonly to: AgentState }) => void) {
    this.#onChange = onChange;
  }

  /** The state now. */
  get state(): AgentState {
    return this.#state;
  }

  /** True from `loading`'s end until the agent failed or was disposed: frames come. */
  get running(): boolean {
    return this.#state === "listening" || this.#state === "speaking" || this.#state === "degraded";
  }

  /** Moves on; the state it has already is no move. Throws when there is no such move. */
  move(to: AgentState): void {
    const from = this.#state;
    if (from === to) return;
    if (!MOVES[from].includes(to)) throw new Error(`an agent cannot go from ${from} to ${to}`);
    this.#state = to;
    this.#onChange({ from, to });
  }
}
