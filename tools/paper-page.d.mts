export type PaperRow = { readonly code: readonly string[]; readonly tests: readonly string[] };
export function missingFiles(data?: { readonly parts: readonly PaperRow[]; readonly metrics: readonly PaperRow[] }): string[];
export function readResults(): Record<string, unknown>;
export function valueAt(results: unknown, path: string): number | undefined;
export function starred(results: unknown, path: string): string;
export function pageText(data?: unknown, results?: unknown): string;
