/**
 * Checks of what callers give us. Each throws a TypeError that names the option by its dotted path and says the rule;
 * bad values are never clamped. `path` is such as "options.pack".
 */

/** Refuses anything but a plain object that has only the known keys. */
export function checkKeys(
  value: unknown,
  path: string,
  known: readonly string[],
): asserts value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`${path} must be an object, not ${describe(value)}`);
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) throw new TypeError(`${path}.${key} is not an option; known are ${known.join(", ")}`);
  }
}

/** A range for {@link checkNumber}. */
export type NumberRule = {
  readonly min?: number;
  readonly max?: number;
  readonly integer?: boolean;
};

/** Refuses anything but a finite number within the range (both ends included). */
export function checkNumber(value: unknown, path: string, rule: NumberRule = {}): asserts value is number {
  const { min = -Infinity, max = Infinity, integer = false } = rule;
  const kind = integer ? "a whole number" : "a finite number";
  const range =
    min > -Infinity && max < Infinity
      ? ` from ${min} to ${max}`
      : min > -Infinity
        ? ` of at least ${min}`
        : max < Infinity
          ? ` of at most ${max}`
          : "";
  const fits = typeof value === "number" && Number.isFinite(value) && value >= min && value <= max;
  if (!fits || (integer && !Number.isInteger(value))) {
    throw new TypeError(`${path} must be ${kind}${range}, not ${describe(value)}`);
  }
}

/** Refuses anything but one of the given strings. */
export function checkOneOf<const T extends string>(
  value: unknown,
  path: string,
  allowed: readonly T[],
): asserts value is T {
  if (!allowed.includes(value as T)) {
    throw new TypeError(`${path} must be one of ${allowed.join(", ")}, not ${describe(value)}`);
  }
}

/** Refuses anything but a string with something in it. */
export function checkText(value: unknown, path: string): asserts value is string {
  if (typeof value !== "string" || value === "") throw new TypeError(`${path} must be a text, not ${describe(value)}`);
}

/** Refuses anything but true and false. */
export function checkBoolean(value: unknown, path: string): asserts value is boolean {
  if (typeof value !== "boolean") throw new TypeError(`${path} must be true or false, not ${describe(value)}`);
}

/** Refuses anything but a Float32Array (of the given length) of finite numbers, and names the first that is not. */
export function checkSamples(value: unknown, path: string, length?: number): asserts value is Float32Array {
  if (!(value instanceof Float32Array)) throw new TypeError(`${path} must be a Float32Array, not ${describe(value)}`);
  if (length !== undefined && value.length !== length) {
    throw new TypeError(`${path} must have ${length} elements, not ${value.length}`);
  }
  for (let i = 0; i < value.length; i++) {
    if (!Number.isFinite(value[i])) throw new TypeError(`${path}[${i}] must be finite, not ${value[i]}`);
  }
}

/** Says what a value is without printing large things. */
export function describe(value: unknown): string {
  if (typeof value === "string") return value.length > 40 ? `"${value.slice(0, 40)}…"` : `"${value}"`;
  if (value === null || typeof value !== "object") return typeof value === "function" ? "a function" : String(value);
  return Array.isArray(value) ? "an array" : `an object (${value.constructor?.name ?? "no prototype"})`;
}
