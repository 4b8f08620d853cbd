export function oneAtATime<Result>(lock: string, act: () => Promise<Result>): Promise<Result>;
