import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { PercentileCounter } from "../../sdk/base/percentiles.js";
import { describeMachine, ownCommit } from "../../sdk/cli/machine.js";
import { RenderServer } from "../../sdk/remote/server/index.js";
import { conditions, remoteGenerator, voice } from "../../tests/remote/one-server.js";
import { RawClient } from "../../tests/remote/raw-client.js";

type Options = Readonly<Record<"pack" | "ep" | "blocks", string>>;

/** What a bad client does with a session of its own, again and again. */
const ATTACKS: Readonly<Record<string, (client: RawClient) => void>> = {
  nobody: () => {},
  garbage: (client) => {
    for (let i = 0; i < 25; i++) client.send("step", { seq: 1, pcm: "x", i });
  },
  flood: (client) => {
    for (let seq = 1; seq < 60; seq++) client.step(seq);
  },
  "never acknowledges": (client) => {
    for (let seq = 1; seq < 10; seq++) client.step(seq);
  },
  "broken packets": (client) => {
    for (let i = 0; i < 5; i++) client.socket.io.engine.write(new Uint8Array(1_000).fill(i));
  },
};
/** Attackers of each kind at a time. */
const ATTACKERS = 3;

/** How long a good client waits for its blocks while others misbehave, at the pace of a head that lives. */
export async function run(options: Options) {
  const blocks = Number(options.blocks);
  const results: Record<string, unknown> = {};
  for (const [name, attack] of Object.entries(ATTACKS)) {
    const server = await RenderServer.start({
      pack: options.pack,
      backend: options.ep as "cpu",
      port: 0,
      maxSessions: 100,
      graceMs: 500,
      requestsPerMinute: 1_000_000,
      log: () => {},
    });
    const { generator } = await remoteGenerator([server.url]);
    let [running, attacks] = [name !== "nobody", 0];
    const attackers = Array.from({ length: ATTACKERS }, async () => {
      while (running) {
        const client = await RawClient.begin(server.url).catch(() => undefined);
        if (client === undefined) continue;
        attack(client);
        attacks += 1;
        await sleep(300);
        client.close();
      }
    });
    const waits = new PercentileCounter();
    for (let block = 0; block < blocks; block++) {
      const startMs = performance.now();
      await generator.step({ ...conditions(), pcm: voice(block) });
      const tookMs = performance.now() - startMs;
      if (block > 5) waits.add(tookMs);
      await sleep(Math.max(0, 160 - tookMs));
    }
    running = false;
    await Promise.all(attackers);
    await generator.dispose();
    await server.dispose();
    results[name] = { ...waits.percentiles(), attacks };
    process.stderr.write(`${name} ${JSON.stringify(results[name])}\n`);
  }
  return { date: new Date().toISOString(), commit: ownCommit(), machine: describeMachine(), load: loadavg(), pack: options.pack, stepMs: results };
}
