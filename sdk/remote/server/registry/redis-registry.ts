import type { createClient } from "redis";
import { EchoError, reasonOf } from "../../../base/errors.js";
import { type NodeDescription, type NodeRegistry, type Placement, RESERVATION_MS } from "./node-registry.js";

type RedisClient = ReturnType<typeof createClient>;

/** A node says so often that it lives, and is dead when it has not for so long: within 5 s everybody knows. In ms. */
const BEAT_MS = 700;
const DEAD_AFTER_MS = 3_000;

const KEYS = {
  nodes: "echo-head:nodes",
  node: (id: string) => `echo-head:node:${id}`,
  sessions: (id: string) => `echo-head:node:${id}:sessions`,
  reserved: (id: string) => `echo-head:node:${id}:reserved`,
};

/**
 * Finds the emptiest living node with the pack that is not draining, and reserves a place on it. One script, so that two nodes that are
 * asked at once do not give the same place away. Nodes whose key has expired are forgotten on the way.
 */
const PLACE = `
local best, bestUrl, bestLoad, known = nil, nil, 1, 0
for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local key = 'echo-head:node:' .. id
  local node = redis.call('HMGET', key, 'url', 'capacity', 'packHash', 'draining')
  if not node[1] then
    redis.call('SREM', KEYS[1], id)
    redis.call('DEL', key .. ':sessions', key .. ':reserved')
  elseif node[3] == ARGV[2] and node[4] ~= '1' then
    known = known + 1
    redis.call('ZREMRANGEBYSCORE', key .. ':reserved', '-inf', ARGV[3])
    local taken = redis.call('SCARD', key .. ':sessions') + redis.call('ZCARD', key .. ':reserved')
    local load = taken / tonumber(node[2])
    if load < bestLoad then best, bestUrl, bestLoad = id, node[1], load end
  end
end
if not best then return {'', tostring(known)} end
redis.call('ZADD', 'echo-head:node:' .. best .. ':reserved', ARGV[4], ARGV[1])
return {best, bestUrl}
`;

/** The registry of many nodes, in one Redis. Control only: a few commands a second and node. */
export class RedisRegistry implements NodeRegistry {
  readonly #redis: RedisClient;
  readonly #onTrouble: (reason: string) => void;
  readonly #sessions = new Set<string>();
  #node: NodeDescription | undefined;
  #draining = false;
  #beat: ReturnType<typeof setInterval> | undefined;

  private constructor(redis: RedisClient, onTrouble: (reason: string) => void) {
    this.#redis = redis;
    this.#onTrouble = onTrouble;
  }

  /** `onTrouble` hears when Redis does not answer. @throws EchoError "registry-unreachable" */
  static async connect(options: { url: string; onTrouble: (reason: string) => void }): Promise<RedisRegistry> {
    const { url, onTrouble } = options;
    const failed = (cause: unknown) =>
      new EchoError("registry-unreachable", { server: withoutPassword(url), reason: reasonOf(cause), cause });
    let module: typeof import("redis");
    try {
      module = await import("redis");
    } catch {
      throw failed(new Error("it needs the optional package: npm install redis"));
    }
    let connected = false;
    const redis = module.createClient({
      url,
      socket: {
        connectTimeout: 5_000,
        // At the start a wrong address is a failure; later Redis may go and come back.
        reconnectStrategy: (retries: number, cause: Error) => (connected ? Math.min(100 * 2 ** retries, 2_000) : cause),
      },
      disableOfflineQueue: true,
    });
    redis.on("error", (error: unknown) => onTrouble(reasonOf(error)));
    try {
      await redis.connect();
    } catch (error) {
      redis.destroy();
      throw failed(error);
    }
    connected = true;
    return new RedisRegistry(redis as unknown as RedisClient, onTrouble);
  }

  async join(node: NodeDescription): Promise<void> {
    this.#node = node;
    await this.#tell();
    this.#beat ??= setInterval(() => void this.#tell().catch((error) => this.#onTrouble(reasonOf(error))), BEAT_MS);
  }

  async place({ id, packHash }: { readonly id: string; readonly packHash: string }): Promise<Placement> {
    const nowMs = Date.now();
    const [node, url] = (await this.#redis.eval(PLACE, {
      keys: [KEYS.nodes],
      arguments: [id, packHash, String(nowMs), String(nowMs + RESERVATION_MS)],
    })) as [string, string];
    if (node !== "") return { node, url };
    return { full: url === "0" ? "no node has this pack" : `all ${url} nodes with this pack are full` };
  }

  async began(sessionId: string): Promise<void> {
    const { id } = this.#node!;
    this.#sessions.add(sessionId);
    await this.#redis
      .multi()
      .zRem(KEYS.reserved(id), sessionId)
      .sAdd(KEYS.sessions(id), sessionId)
      .pExpire(KEYS.sessions(id), DEAD_AFTER_MS)
      .exec();
  }

  async ended(sessionId: string): Promise<void> {
    this.#sessions.delete(sessionId);
    const { id } = this.#node!;
    await this.#redis.multi().sRem(KEYS.sessions(id), sessionId).zRem(KEYS.reserved(id), sessionId).exec();
  }

  async find(sessionId: string): Promise<string | undefined> {
    for (const id of await this.#redis.sMembers(KEYS.nodes)) {
      const [url, here] = await Promise.all([
        this.#redis.hGet(KEYS.node(id), "url"),
        this.#redis.sIsMember(KEYS.sessions(id), sessionId),
      ]);
      if (url && Number(here) === 1) return url;
    }
    return undefined;
  }

  async drain(): Promise<void> {
    this.#draining = true;
    await this.#tell();
  }

  async dispose(): Promise<void> {
    clearInterval(this.#beat);
    const id = this.#node?.id;
    if (id !== undefined) {
      const gone = [KEYS.node(id), KEYS.sessions(id), KEYS.reserved(id)];
      await this.#redis
        .multi()
        .del(gone)
        .sRem(KEYS.nodes, id)
        .exec()
        .catch(() => {}); // it expires by itself
    }
    this.#redis.destroy();
  }

  /** The node lives; its sessions are written anew, in case Redis forgot them. */
  async #tell(): Promise<void> {
    const { id, url, capacity, packHash } = this.#node!;
    const commands = this.#redis
      .multi()
      .sAdd(KEYS.nodes, id)
      .hSet(KEYS.node(id), { url, packHash, capacity: String(capacity), draining: this.#draining ? "1" : "0" })
      .pExpire(KEYS.node(id), DEAD_AFTER_MS);
    if (this.#sessions.size > 0)
      commands.sAdd(KEYS.sessions(id), [...this.#sessions]).pExpire(KEYS.sessions(id), DEAD_AFTER_MS);
    await commands.exec();
  }
}

function withoutPassword(url: string): string {
  const shown = new URL(url);
  shown.password = "";
  return shown.href;
}
