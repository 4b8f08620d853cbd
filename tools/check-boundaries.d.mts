export function partOf(file: string): string;
export function checkSource(file: string, source: string): string[];
