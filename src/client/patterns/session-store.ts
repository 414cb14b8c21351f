import type { EventEmitter } from 'node:events';
import type { StoreOptions } from '../options.ts';
import { checkNames, checkRange } from './check-options.ts';

/** What a session store needs of a cache. */
interface SessionCache {
  get<T>(key: string): Promise<T | undefined>;
  set(key: string, value: unknown, options?: StoreOptions): Promise<void>;
  touch(key: string, ttl: number): Promise<boolean>;
  delete(key: string): Promise<boolean>;
}

/** Options of a session store. */
export interface SessionStoreOptions {
  /** The prefix of session ids in the cache. @default 'sess:' */
  readonly prefix?: string;
  /** Seconds to live of a session whose cookie has no `maxAge`; 1 … 2^31 - 1. @default 86400 */
  readonly ttl?: number;
}

/** The part of a session that the store reads. It stores the rest unchanged. */
interface SessionLike {
  readonly cookie?: { readonly maxAge?: number | null | undefined } | undefined;
}

type Done = (error?: unknown) => void;

/** The methods that express-session calls. */
interface SessionMethods {
  get(sid: string, done: (error: unknown, session?: never) => void): void;
  set(sid: string, session: SessionLike, done?: Done): void;
  destroy(sid: string, done?: Done): void;
  touch(sid: string, session: SessionLike, done?: Done): void;
}

/** The part of the express-session module that contains the base class of session stores. */
interface SessionModule<Store extends EventEmitter> {
  readonly Store: abstract new () => Store;
}

const TTL_DEFAULT = 86_400;
const TTL_MAX = 2 ** 31 - 1;

/**
 * A store for express-session: `session({ store: sessionStore(session, cache), … })`. The caller
 * passes the session module, so that this package does not depend on it.
 *
 * A session has the `ttl` of its cookie, and each request that touches it renews the `ttl`. The
 * cache stores sessions as JSON; an eviction or the loss of a node logs users out. The store cannot
 * list or count sessions, because a cache does not list its keys.
 */
export function sessionStore<Store extends EventEmitter>(
  session: SessionModule<Store>,
  cache: SessionCache,
  options: SessionStoreOptions = {},
): Store & SessionMethods {
  checkNames(options, ['prefix', 'ttl']);
  const { prefix = 'sess:', ttl = TTL_DEFAULT } = options;
  checkRange('ttl', ttl, 1, TTL_MAX);
  // A class cannot extend a type parameter: `Base` is the known part of `Store`.
  const Base = session.Store as abstract new () => EventEmitter;
  class SessionStore extends Base implements SessionMethods {
    get(sid: string, done: (error: unknown, session?: never) => void): void {
      const loaded = cache.get<string>(prefix + sid).then(parseSession);
      passToCallback(loaded, done);
    }

    set(sid: string, session: SessionLike, done?: Done): void {
      const cookieTtl = sessionTtl(session, ttl);
      if (cookieTtl <= 0) this.destroy(sid, done);
      else
        passToCallback(cache.set(prefix + sid, JSON.stringify(session), { ttl: cookieTtl }), done);
    }

    destroy(sid: string, done?: Done): void {
      passToCallback(cache.delete(prefix + sid), done && ((error) => done(error)));
    }

    touch(sid: string, session: SessionLike, done?: Done): void {
      const cookieTtl = sessionTtl(session, ttl);
      if (cookieTtl <= 0) this.destroy(sid, done);
      else passToCallback(cache.touch(prefix + sid, cookieTtl), done && ((error) => done(error)));
    }
  }
  return new SessionStore() as EventEmitter as Store & SessionMethods;
}

/** Seconds until the session's cookie expires; the default for a cookie without a `maxAge`. */
function sessionTtl({ cookie }: SessionLike, defaultTtl: number): number {
  const maxAgeMs = cookie?.maxAge;
  if (typeof maxAgeMs !== 'number') return defaultTtl;
  return Math.min(TTL_MAX, Math.ceil(maxAgeMs / 1000));
}

function parseSession(text: string | undefined): unknown {
  return text === undefined ? null : JSON.parse(text);
}

/**
 * Passes the result to the callback on the next tick, so that an exception in the callback is an
 * uncaught exception of the application and not a rejection of this promise.
 */
function passToCallback<T>(
  result: Promise<T>,
  done: ((error: unknown, value?: never) => void) | undefined,
): void {
  if (done === undefined) {
    result.catch(() => {});
    return;
  }
  result.then(
    (value) => process.nextTick(done, null, value),
    (error: unknown) => process.nextTick(done, error),
  );
}
