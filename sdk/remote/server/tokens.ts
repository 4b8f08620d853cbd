import { randomBytes, timingSafeEqual } from "node:crypto";
import { errors, jwtVerify, SignJWT } from "jose";
import { EchoError } from "../../base/errors.js";
import { checkNumber, checkText } from "../../base/option-checks.js";

/** Who asks for sessions: what an access token says. */
export type AccessClaims = {
  /** Name of whoever the token was given to; limits count by it. */
  readonly key: string;
};

/** What a node needs to begin a session: what a session token says. */
export type SessionClaims = {
  readonly sessionId: string;
  /** The node that the token is for. */
  readonly node: string;
  readonly key: string;
  readonly avatar: string;
  readonly seed: number;
};

/** Characters of a secret: 256 bits in hexadecimal have 64. */
export const MIN_SECRET_LENGTH = 32;
/** A session token is used at once; its life allows for slow lines and clocks that differ. */
export const SESSION_TOKEN_LIFE_S = 30;
const CLOCK_TOLERANCE_S = 5;
const ALGORITHM = "HS256";

/**
 * A token with which a client may ask for sessions: sign it where you know your user, hand it to the client. JWT, HS256.
 * Throws a `TypeError` for a secret under 32 characters and a life outside of 1 s .. 30 days.
 */
export async function createAccessToken(options: {
  readonly secret: string;
  /** Who it is for; limits count by it. */
  readonly key: string;
  /** Seconds. @default 3600 */
  readonly expiresInS?: number | undefined;
}): Promise<string> {
  const { secret, key, expiresInS = 3_600 } = options;
  checkSecret(secret, "options.secret");
  checkText(key, "options.key");
  checkNumber(expiresInS, "options.expiresInS", { min: 1, max: 30 * 86_400 });
  return sign(new TextEncoder().encode(secret), "access", { sub: key }, expiresInS);
}

/** Throws a `TypeError` for a secret that could be guessed. */
export function checkSecret(secret: unknown, path: string): asserts secret is string {
  if (typeof secret !== "string" || secret.length < MIN_SECRET_LENGTH)
    throw new TypeError(`${path} must be a text of at least ${MIN_SECRET_LENGTH} characters`);
}

/** Signs and checks the tokens of one server. Session tokens count once. */
export class Tokens {
  readonly #key: Uint8Array;
  readonly #required: boolean;
  /** Session tokens that were used -> when they expire, in seconds; the dead are forgotten. */
  readonly #used = new Map<string, number>();

  /** Without a secret anybody may ask for sessions, and session tokens are signed with a key of this process. */
  constructor(secret: string | undefined) {
    this.#required = secret !== undefined;
    this.#key = secret === undefined ? randomBytes(32) : new TextEncoder().encode(secret);
  }

  /** @throws EchoError "token-invalid", "token-expired" */
  async checkAccess(token: string | undefined): Promise<AccessClaims> {
    if (!this.#required) return { key: "anyone" };
    if (token === undefined) throw new EchoError("token-invalid", { reason: "there is none" });
    const { sub } = await verify(this.#key, "access", token);
    if (typeof sub !== "string" || sub === "") throw new EchoError("token-invalid", { reason: "it names nobody" });
    return { key: sub };
  }

  /** A token for one connection to one node. */
  signSession(claims: SessionClaims): Promise<string> {
    const { key, ...rest } = claims;
    return sign(
      this.#key,
      "session",
      { sub: key, jti: randomBytes(16).toString("hex"), ...rest },
      SESSION_TOKEN_LIFE_S,
    );
  }

  /** Uses a session token up. @throws EchoError "token-invalid", "token-expired", "token-replayed" */
  async useSession(token: string, node: string): Promise<SessionClaims> {
    const claims = await verify(this.#key, "session", token);
    const { sub, jti, exp, sessionId, node: meant, avatar, seed } = claims as Record<string, unknown>;
    if (meant !== node) throw new EchoError("token-invalid", { reason: "it is for another node" });
    this.#forget();
    if (this.#used.has(jti as string)) throw new EchoError("token-replayed", {});
    this.#used.set(jti as string, exp as number);
    return { sessionId, node, key: sub, avatar, seed } as SessionClaims;
  }

  #forget(): void {
    const nowS = Date.now() / 1_000 - CLOCK_TOLERANCE_S;
    for (const [id, expiresS] of this.#used) if (expiresS < nowS) this.#used.delete(id);
  }
}

/** A token that only its two holders know: 192 random bits. */
export function createResumeToken(): string {
  return randomBytes(24).toString("base64url");
}

/** Compares in a time that tells nothing. */
export function sameToken(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function sign(key: Uint8Array, audience: string, claims: Record<string, unknown>, lifeS: number): Promise<string> {
  const nowS = Math.floor(Date.now() / 1_000);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: ALGORITHM })
    .setAudience(`echo-head ${audience}`)
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + lifeS)
    .sign(key);
}

async function verify(key: Uint8Array, audience: string, token: string): Promise<Record<string, unknown>> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [ALGORITHM],
      audience: `echo-head ${audience}`,
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: ["exp", "sub"],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new EchoError("token-expired", {});
    const reason =
      error instanceof errors.JWSSignatureVerificationFailed ? "its signature is wrong" : "it is none of ours";
    throw new EchoError("token-invalid", { reason });
  }
}
