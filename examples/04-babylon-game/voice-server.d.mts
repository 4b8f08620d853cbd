import type { Server } from "node:http";

export function createVoiceServer(options?: {
  answer?: (messages: readonly { role: string; content: string }[]) => string;
  transcribe?: (wav: Uint8Array, language: string | null) => string | Promise<string>;
  key?: string;
}): Server;
