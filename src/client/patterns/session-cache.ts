import { argumentError, CacheError, isCacheFailure } from '../base/errors.ts';
import { callHandler } from '../base/handlers.ts';
import type { Cache } from '../operations/cache.ts';
import { PLAIN_TTL_MAX } from '../option-tables/call-options.ts';
import { sessionStoreOptions } from '../option-tables/pattern-options.ts';
import { isObject, valuesOf } from '../option-tables/resolve.ts';
import type { SessionStoreOptions } from '../option-types/patterns.ts';
import { jsonOf } from '../values/json.ts';
import { keyPartOf } from './key-part.ts';
import { mergeSessions, parseSession } from './session-merge.ts';

/** The operations of a cache that a session store uses. */
export type SessionBackend = Pick<Cache, 'gets' | 'set' | 'cas' | 'touch' | 'delete'>;

/** The part of a session that the store reads. It stores the rest unchanged. */
export interface SessionLike {
  readonly cookie?: { readonly maxAge?: number | null | undefined } | undefined;
}

/**
 * The name of the property by which a session carries the version that was read. Frameworks copy
 * the properties of the object that `get` returns to an object of their own; JSON leaves it out.
 */
const VERSION_PROPERTY = 'slabring:version';
const REPLACEMENTS_MAX = 10;

/** What the store had for a session when the request read or wrote it. */
class SessionVersion {
  readonly sid: string;
  readonly text: string;
  /** Undefined after a write, whose CAS id the client does not know. */
  readonly cas: bigint | undefined;

  constructor(sid: string, text: string, cas: bigint | undefined) {
    this.sid = sid;
    this.text = text;
    this.cas = cas;
  }

  toJSON(): undefined {
    return undefined;
  }
}

/**
 * Keeps sessions in a cache. A session that was read is only ever replaced, by `cas`: a logout
 * during the request stays a logout, and two requests that change different properties lose none.
 */
export class SessionCache {
  readonly #cache: SessionBackend;
  readonly #prefix: string;
  readonly #ttl: number;
  readonly #failsOnCacheError: boolean;
  readonly #failsOnConflict: boolean;
  readonly #onOverwrite: SessionStoreOptions['onOverwrite'];
  /** The versions that requests have written, by their session objects. */
  readonly #written = new WeakMap<object, SessionVersion>();

  constructor(cache: SessionBackend, options: SessionStoreOptions) {
    const { prefix, ttl, onCacheError, onConflict } = valuesOf(sessionStoreOptions, options);
    this.#cache = cache;
    this.#prefix = prefix;
    this.#ttl = ttl;
    this.#failsOnCacheError = onCacheError === 'fail';
    this.#failsOnConflict = onConflict === 'fail';
    this.#onOverwrite = options.onOverwrite;
  }

  /** Returns null for a session that does not exist, and if the cache fails and may be ignored. */
  async read(sid: string): Promise<object | null> {
    const key = this.#keyOf(sid);
    const session = await this.#orIgnored(async () => {
      const found = await this.#cache.gets(key);
      if (found === undefined) return null;
      const parsed = parseSession(found.value);
      const value = new SessionVersion(sid, String(found.value), found.cas);
      const isCopied = { enumerable: true, configurable: true, writable: true };
      return Object.defineProperty(parsed, VERSION_PROPERTY, { value, ...isCopied });
    });
    return session ?? null;
  }

  async write(sid: string, session: SessionLike): Promise<void> {
    const key = this.#keyOf(sid);
    const ttl = this.#ttlOf(session);
    if (ttl <= 0) return this.remove(sid);
    const text = jsonOf(session);
    const version = this.#versionOf(session, sid);
    await this.#orIgnored(async () => {
      if (version === undefined) await this.#cache.set(key, text, { ttl });
      else await this.#replace(key, version, text, ttl);
      this.#written.set(session, new SessionVersion(sid, text, undefined));
    });
  }

  /** Only an existing session gets the new ttl. */
  async touch(sid: string, session: SessionLike): Promise<void> {
    const key = this.#keyOf(sid);
    const ttl = this.#ttlOf(session);
    if (ttl <= 0) return this.remove(sid);
    await this.#orIgnored(() => this.#cache.touch(key, ttl));
  }

  /** A logout that failed is not ignored: the session may still be valid. */
  async remove(sid: string): Promise<void> {
    await this.#cache.delete(this.#keyOf(sid));
  }

  /** Replaces what the request has read; does nothing for a session that is gone. */
  async #replace(key: string, version: SessionVersion, text: string, ttl: number): Promise<void> {
    if (version.cas !== undefined) {
      if ((await this.#cache.cas(key, text, version.cas, { ttl })) !== 'exists') return;
    }
    for (let attempt = 0; attempt < REPLACEMENTS_MAX; attempt++) {
      const current = await this.#cache.gets(key);
      if (current === undefined) return;
      const merged = mergeSessions(version.text, text, String(current.value));
      this.#checkOverwritten(key, version.sid, merged.overwritten);
      if ((await this.#cache.cas(key, merged.text, current.cas, { ttl })) !== 'exists') return;
    }
    throw conflict(key, 'Other requests kept changing it.');
  }

  #checkOverwritten(key: string, sid: string, properties: readonly string[]): void {
    if (properties.length === 0) return;
    if (this.#failsOnConflict) throw conflict(key, `Both changed ${properties.join(', ')}.`);
    callHandler('onOverwrite', () => this.#onOverwrite?.(sid, properties));
  }

  #versionOf(session: object, sid: string): SessionVersion | undefined {
    const version =
      this.#written.get(session) ??
      (VERSION_PROPERTY in session ? session[VERSION_PROPERTY] : undefined);
    // A regenerated session may have got all properties of the old one.
    return version instanceof SessionVersion && version.sid === sid ? version : undefined;
  }

  async #orIgnored<T>(run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      if (this.#failsOnCacheError || !isCacheFailure(error)) throw error;
      return undefined;
    }
  }

  #keyOf(sid: string): string {
    return this.#prefix + keyPartOf(sid, 'The session id');
  }

  /** Seconds until the session's cookie expires; the default for a cookie without a `maxAge`. */
  #ttlOf(session: SessionLike): number {
    checkSession(session);
    const maxAgeMs = session.cookie?.maxAge;
    if (typeof maxAgeMs !== 'number' || Number.isNaN(maxAgeMs)) return this.#ttl;
    return Math.min(PLAIN_TTL_MAX, Math.ceil(maxAgeMs / 1000));
  }
}

/** The caller may be a program without types. */
function checkSession(session: unknown): void {
  if (!isObject(session)) throw argumentError('The session is not an object.');
}

function conflict(key: string, detail: string): CacheError {
  return new CacheError('ERR_CONFLICT', { key, detail });
}
