import { type NodeDescription, type NodeRegistry, type Placement, RESERVATION_MS } from "./node-registry.js";

/** The registry of a node that stands alone: its own memory. */
export class SingleNodeRegistry implements NodeRegistry {
  readonly #nowMs: () => number;
  readonly #sessions = new Set<string>();
  /** Session -> when its reservation ends. */
  readonly #reserved = new Map<string, number>();
  #node: NodeDescription | undefined;
  #draining = false;

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  async join(node: NodeDescription): Promise<void> {
    this.#node = node;
  }

  async place({ id }: { readonly id: string }): Promise<Placement> {
    const nowMs = this.#nowMs();
    for (const [session, untilMs] of this.#reserved) if (untilMs <= nowMs) this.#reserved.delete(session);
    const node = this.#node;
    if (node === undefined || this.#draining) return { full: "the node takes no new sessions" };
    const taken = this.#sessions.size + this.#reserved.size;
    if (taken >= node.capacity) return { full: `${taken} of ${node.capacity} sessions` };
    this.#reserved.set(id, nowMs + RESERVATION_MS);
    return { node: node.id, url: node.url };
  }

  async began(sessionId: string): Promise<void> {
    this.#reserved.delete(sessionId);
    this.#sessions.add(sessionId);
  }

  async ended(sessionId: string): Promise<void> {
    this.#reserved.delete(sessionId);
    this.#sessions.delete(sessionId);
  }

  async find(sessionId: string): Promise<string | undefined> {
    return this.#sessions.has(sessionId) ? this.#node?.url : undefined;
  }

  async drain(): Promise<void> {
    this.#draining = true;
  }

  async dispose(): Promise<void> {}
}
