/** What a line may tell: names, codes, counts. Never what somebody says, looks like, or may do (tokens). */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where the server tells what happens. */
export type ServerLog = (level: "info" | "warning" | "error", event: string, fields?: LogFields) => void;

/** One JSON object a line: `time`, `level`, `event` and the fields. `write` gets the line with its end. */
export function createJsonLog(write: (line: string) => void = (line) => process.stderr.write(line)): ServerLog {
  return (level, event, fields = {}) =>
    write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`);
}

/** The part of a session's id that logs show: enough to follow it, too little to look it up with. */
export function shortId(sessionId: string): string {
  return sessionId.slice(0, 8);
}
