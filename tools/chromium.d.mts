export const HOW_TO_GET_CHROMIUM: string;
export const CHROMIUM_ARGS: readonly string[];
export function findChromium(): string | undefined;
export function findOrInstallChromium(): string | undefined;
