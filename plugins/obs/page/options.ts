/** What the page's address asks for. */
export type PageOptions = {
  readonly pack: string | undefined;
  readonly avatar: string | undefined;
  readonly remote: string | undefined;
  /** Source pixels for a pixel of the head; undefined fills the source. */
  readonly scale: number | undefined;
  readonly mirror: boolean;
  readonly captions: boolean;
  /** Whether the page plays the voice: in OBS unless it is told not to, elsewhere only when it is told to. */
  readonly sound: boolean;
  readonly debug: boolean;
};

const KEYS = ["pack", "avatar", "remote", "scale", "mirror", "captions", "sound", "debug"];

/** Reads `?avatar=ada&scale=2&mirror&captions=1`. @throws TypeError that names the parameter and the rule */
export function readOptions(search: string, inObs: boolean): PageOptions {
  const parameters = new URLSearchParams(search);
  for (const key of parameters.keys())
    if (!KEYS.includes(key)) throw new TypeError(`?${key} is not known; known are ${KEYS.join(", ")}`);
  const text = (key: string): string | undefined => parameters.get(key) || undefined;
  const flag = (key: string, fallback: boolean): boolean => {
    const value = parameters.get(key);
    if (value === null) return fallback;
    if (["", "1", "true"].includes(value)) return true;
    if (["0", "false"].includes(value)) return false;
    throw new TypeError(`?${key} must be 1 or 0, it is "${value}"`);
  };
  const scale = text("scale");
  const number = Number(scale);
  if (scale !== undefined && !(number >= 0.1 && number <= 16))
    throw new TypeError(`?scale must be a number from 0.1 to 16, it is "${scale}"`);
  return {
    pack: text("pack"),
    avatar: text("avatar"),
    remote: text("remote"),
    scale: scale === undefined ? undefined : number,
    mirror: flag("mirror", false),
    captions: flag("captions", false),
    sound: flag("sound", inObs),
    debug: flag("debug", false),
  };
}
