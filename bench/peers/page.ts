import type { PeersReport } from "./main.js";
export function writePage(_: { root: string; peers: PeersReport }): void {}
