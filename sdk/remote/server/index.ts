// The public names of echo-head/server: rendering for clients on other machines (docs/remote.md). Node only.

export { RenderServer } from "./render-server.js";
export type { ServeOptions } from "./serve-options.js";
export { createJsonLog, type LogFields, type ServerLog } from "./server-log.js";
export { createAccessToken } from "./tokens.js";
