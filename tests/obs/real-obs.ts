import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** True where OBS and a screen without a monitor are installed. */
export const hasObs = ["obs", "Xvfb"].every((program) => spawnSync("which", [program]).status === 0);
if (!hasObs) console.warn("SKIPPED: tests with a real OBS need it (Debian: apt-get install obs-studio xvfb)");

export const PASSWORD = "a-secret-of-tests";

/** A real OBS under Xvfb with a fresh profile, its WebSocket server on. */
export async function startObs(): Promise<{ url: string; stop(): Promise<void> }> {
  const home = mkdtempSync(join(tmpdir(), "echo-head-obs-"));
  const config = join(home, ".config/obs-studio");
  mkdirSync(config, { recursive: true });
  const port = await freePort();
  const lines = [
    "[General]",
    "FirstRun=true",
    "[OBSWebSocket]",
    "FirstLoad=false",
    "ServerEnabled=true",
    `ServerPort=${port}`,
    "AuthRequired=true",
    `ServerPassword=${PASSWORD}`,
    "AlertsEnabled=false",
  ];
  writeFileSync(join(config, "global.ini"), `${lines.join("\n")}\n`);
  const children: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const child of children.reverse()) {
      if (child.exitCode !== null) continue;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(home, { recursive: true, force: true });
  };
  try {
    const screen = await startScreen(children);
    const env = {
      ...process.env,
      HOME: home,
      XDG_CONFIG_HOME: join(home, ".config"),
      DISPLAY: screen,
      QT_QPA_PLATFORM: "xcb",
      LIBGL_ALWAYS_SOFTWARE: "1",
    };
    const obs = spawn("obs", ["--multi", "--minimize-to-tray", "--disable-updater"], { env });
    children.push(obs);
    await saying(obs, /\[WebSocketServer::Start\] Server started successfully/);
    return { url: `ws://127.0.0.1:${port}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Xvfb tells the number of its screen on file descriptor 3. */
async function startScreen(children: ChildProcess[]): Promise<string> {
  const args = ["-displayfd", "3", "-screen", "0", "1024x768x24", "-nolisten", "tcp"];
  const child = spawn("Xvfb", args, { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  children.push(child);
  const number = await new Promise<string>((resolve, reject) => {
    child.stdio[3]!.once("data", (text: Buffer) => resolve(String(text).trim()));
    child.once("exit", (code) => reject(new Error(`Xvfb ended with code ${code}`)));
  });
  return `:${number}`;
}

function saying(child: ChildProcess, text: RegExp): Promise<void> {
  let said = "";
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout!, child.stderr!])
      stream.on("data", (part: Buffer) => {
        said = `${said}${part}`.slice(-20_000);
        if (text.test(said)) resolve();
      });
    child.once("exit", (code) => reject(new Error(`OBS ended with code ${code}:\n${said.slice(-2_000)}`)));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
