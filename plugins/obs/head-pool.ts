import { EchoError, loadPack } from "echo-head";
import { type HeadRequest, type OpenAgent, OverlayHead } from "./overlay-head.js";

/** How often idle heads are looked for, in ms. */
const LOOK_EVERY_MS = 1_000;
/** Heads that run at the same time at most: each needs the better part of a core. */
const MOST_HEADS = 4;

/** A pack that pages may name. */
type KnownPack = {
  readonly source: string;
  readonly name: string;
  readonly avatars: readonly string[];
  readonly first: string;
};

/** The heads that run: started when somebody asks for one, shared by everybody who asks for the same, ended when nobody sees it for a while. */
export class HeadPool {
  readonly #open: OpenAgent;
  readonly #onTrouble: (text: string) => void;
  readonly #packs: readonly KnownPack[];
  readonly #avatar: string | undefined;
  readonly #idleMs: number;
  readonly #heads = new Map<string, Promise<OverlayHead>>();
  readonly #timer: NodeJS.Timeout;
  #disposed = false;

  private constructor(options: {
    open: OpenAgent;
    packs: readonly KnownPack[];
    avatar?: string | undefined;
    idleMs: number;
    onTrouble: (text: string) => void;
  }) {
    this.#open = options.open;
    this.#onTrouble = options.onTrouble;
    this.#packs = options.packs;
    this.#avatar = options.avatar;
    this.#idleMs = options.idleMs;
    this.#timer = setInterval(() => void this.#endIdle(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** @param options.packs folders or names; pages name them by their manifest's name, the first is the default */
  static async create(options: {
    open: OpenAgent;
    packs: readonly string[];
    avatar?: string | undefined;
    idleMs: number;
    onTrouble: (text: string) => void;
  }): Promise<HeadPool> {
    const packs: KnownPack[] = [];
    for (const source of options.packs) {
      const pack = await loadPack(source);
      const { name, avatars, defaultAvatar: first } = pack.manifest;
      packs.push({ source, name, avatars, first });
    }
    return new HeadPool({ ...options, packs });
  }

  /** Names of packs and their avatars, for /health and the studio of a user. */
  get choices(): readonly { readonly pack: string; readonly avatars: readonly string[] }[] {
    return this.#packs.map(({ name, avatars }) => ({ pack: name, avatars }));
  }

  /** The running heads. */
  async heads(): Promise<readonly OverlayHead[]> {
    const settled = await Promise.allSettled(this.#heads.values());
    return settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  }

  /**
   * The head that somebody wants, started if it does not run. Throws EchoError: `pack-not-found` for a pack that the companion was not
   * started with, `avatar-not-found`, and what EchoAgent.create throws.
   */
  async get(request: HeadRequest): Promise<OverlayHead> {
    if (this.#disposed) throw new EchoError("disposed", { what: "the overlay" });
    const known = this.#packs.find(({ name }) => request.pack === undefined || name === request.pack);
    if (known === undefined) {
      const names = this.#packs.map(({ name }) => name).join(", ");
      throw new EchoError("pack-not-found", { pack: request.pack!, reason: `the companion was started with ${names}` });
    }
    const wanted = request.avatar ?? (known === this.#packs[0] ? this.#avatar : undefined) ?? known.first;
    if (!known.avatars.includes(wanted))
      throw new EchoError("avatar-not-found", { avatar: wanted, known: known.avatars.join(", ") });
    const key = JSON.stringify([known.name, wanted, request.remote]);
    const running = this.#heads.get(key);
    if (running !== undefined && (await running.catch(() => undefined))?.failure === undefined) return running;
    if (this.#heads.get(key) !== running) return this.get(request); // another caller has replaced it meanwhile
    if (this.#heads.size >= MOST_HEADS && running === undefined)
      throw new EchoError("backend-unavailable", { backend: "overlay", reason: `${MOST_HEADS} heads run already` });
    const opening = OverlayHead.open({
      request: { pack: known.source, avatar: wanted, remote: request.remote },
      open: this.#open,
      onTrouble: this.#onTrouble,
      pack: known.name,
      avatar: wanted,
    });
    this.#heads.set(key, opening);
    // A head that did not start is forgotten: the next one who asks tries again.
    opening.catch(() => this.#heads.get(key) === opening && this.#heads.delete(key));
    void running?.then((head) => head.dispose()).catch(() => undefined);
    return opening;
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    clearInterval(this.#timer);
    const heads = await this.heads();
    this.#heads.clear();
    await Promise.all(heads.map((head) => head.dispose()));
  }

  async #endIdle(): Promise<void> {
    for (const [key, opening] of [...this.#heads]) {
      const head = await opening.catch(() => undefined);
      if (head === undefined || head.idleMs < this.#idleMs || this.#heads.get(key) !== opening) continue;
      this.#heads.delete(key);
      await head.dispose();
    }
  }
}
