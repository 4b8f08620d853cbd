import type { Server } from "node:http";

export function createPageServer(options: { pages: string; folders: Readonly<Record<string, string>> }): Server;
export function listenNear(server: Server, wanted: number): Promise<number>;
