/** Refuses keys that are not known. @throws TypeError naming the key */
export function checkKeys(options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new TypeError(`options.${key} is not known; options are ${known.join(", ")}`);
  }
}

/** Refuses anything but a number from `min` to `max`. @throws TypeError naming the option */
export function checkRange(value: number, name: string, min: number, max: number): void {
  if (!(typeof value === "number" && value >= min && value <= max))
    throw new TypeError(`options.${name} must be a number from ${min} to ${max}, not ${value}`);
}

/** Refuses anything but a whole port number. @throws TypeError naming the option */
export function checkPort(value: number, name = "port"): void {
  if (!(Number.isInteger(value) && value >= 1 && value <= 65_535))
    throw new TypeError(`options.${name} must be a whole number from 1 to 65535, not ${value}`);
}

/** Refuses anything but one of the given words. @throws TypeError naming the option */
export function checkOneOf(value: string, name: string, words: readonly string[]): void {
  if (!words.includes(value)) throw new TypeError(`options.${name} must be one of ${words.join(", ")}, not ${value}`);
}
