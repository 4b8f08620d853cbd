/** What a node tells the others. */
export type NodeDescription = {
  readonly id: string;
  /** Where its clients connect. */
  readonly url: string;
  readonly capacity: number;
  /** Nodes with another pack are not for the same clients. */
  readonly packHash: string;
};

/** Where a session was put, or how full everything is. */
export type Placement = { readonly node: string; readonly url: string } | { readonly full: string };

/**
 * Which nodes there are, how full they are, and where each session is. Media never goes through it: clients connect straight to their
 * node. Every method may reject when what it stands on (Redis) is gone; a node then serves the sessions that it has.
 */
export interface NodeRegistry {
  /** Makes this node known, or known again with another number of sessions. */
  join(node: NodeDescription): Promise<void>;
  /** Reserves a place for half a minute on the emptiest node that has the pack and is not draining. */
  place(session: { readonly id: string; readonly packHash: string }): Promise<Placement>;
  /** The session has begun on this node: its reservation is used up. */
  began(sessionId: string): Promise<void>;
  /** The session on this node is over, or never began. */
  ended(sessionId: string): Promise<void>;
  /** The address of the living node that has the session; undefined when none has. */
  find(sessionId: string): Promise<string | undefined>;
  /** This node takes no new sessions. */
  drain(): Promise<void>;
  /** This node leaves. */
  dispose(): Promise<void>;
}

/** How long a place is kept for a client that was given it, in ms: the life of its token. */
export const RESERVATION_MS = 30_000;
