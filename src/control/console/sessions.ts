/** Who is signed in to the console. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const SESSIONS_MAX = 200;
/** A session that nobody uses ends. */
const IDLE_MS_MAX = 3600_000;
/** Each session ends. */
const LIFE_MS_MAX = 12 * 3600_000;
const ID_BYTES = 32;

export interface Session {
  readonly accessKeyId: string;
  /** What each form of the session carries. */
  readonly token: string;
}

interface Kept extends Session {
  readonly createdMs: number;
  usedMs: number;
}

/** The sessions, in memory: a restart of the manager ends all of them. */
export class Sessions {
  readonly #nowMs: () => number;
  /** By the digests of their ids: the one that was used last at the end. */
  readonly #sessions = new Map<string, Kept>();
  readonly #secret = randomBytes(ID_BYTES);

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Begins a session; returns its id, which only its cookie has. The least used one may end. */
  begin(accessKeyId: string): string {
    const id = randomBytes(ID_BYTES).toString('base64url');
    const now = this.#nowMs();
    const token = randomBytes(ID_BYTES).toString('base64url');
    this.#sessions.set(digestOf(id), { accessKeyId, token, createdMs: now, usedMs: now });
    if (this.#sessions.size > SESSIONS_MAX) {
      this.#sessions.delete(this.#sessions.keys().next().value!);
    }
    return id;
  }

  /** Undefined: there is none, or it has ended. */
  find(id: string): Session | undefined {
    const key = digestOf(id);
    const session = this.#sessions.get(key);
    if (session === undefined) return undefined;
    const now = this.#nowMs();
    this.#sessions.delete(key);
    if (now - session.usedMs > IDLE_MS_MAX || now - session.createdMs > LIFE_MS_MAX) {
      return undefined;
    }
    session.usedMs = now;
    this.#sessions.set(key, session);
    return session;
  }

  end(id: string): void {
    this.#sessions.delete(digestOf(id));
  }

  /** What the form for signing in carries, beside a cookie with this nonce. */
  tokenOf(nonce: string): string {
    return createHmac('sha256', this.#secret).update(`sign in ${nonce}`).digest('base64url');
  }
}

export const newNonce = (): string => randomBytes(ID_BYTES).toString('base64url');

/** Whether two secrets are the same, in a time that does not depend on where they differ. */
export const isSameSecret = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());

const digestOf = (id: string): string => createHash('sha256').update(id).digest('base64');
