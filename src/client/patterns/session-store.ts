import type { EventEmitter } from 'node:events';
import type { StoreOptions } from '../options.ts';
import { checkNames, checkRange } from './check-options.ts';

/** What sessions need of a cache. */
export interface SessionCache {
  get<T>(key: string): Promise<T | undefined>;
  set(key: string, value: unknown, options?: StoreOptions): Promise<void>;
  touch(key: string, ttl: number): Promise<boolean>;
  delete(key: string): Promise<boolean>;
}

/** Options of a session store. */
export interface SessionStoreOptions {
  /** Put in front of session ids. @default 'sess:' */
  readonly prefix?: string;
  /** Seconds to live of sessions whose cookie has no `maxAge`; 1 … 2^31 - 1. @default 86400 */
  readonly ttl?: number;
}

/** What is read of a session: the rest is stored as it is. */
export interface SessionLike {
  readonly cookie?: { readonly maxAge?: number | null | undefined } | undefined;
}

type Done = (error?: unknown) => void;

/** The methods that express-session calls. */
export interface SessionMethods {
  get(sid: string, done: (error: unknown, session?: never) => void): void;
  set(sid: string, session: SessionLike, done?: Done): void;
  destroy(sid: string, done?: Done): void;
  touch(sid: string, session: SessionLike, done?: Done): void;
}

/** The base class of stores, from express-session: `session` itself has it. */
export interface SessionModule<Store extends EventEmitter> {
  readonly Store: abstract new () => Store;
}

const TTL_DEFAULT = 86_400;
const TTL_MAX = 2 ** 31 - 1;

/**
 * A store for express-session: `session({ store: sessionStore(session, cache), … })`. It is told
 * the session module, so that this package does not depend on it.
 *
 * Sessions live as long as their cookie; each request that touches one gives it its whole life
 * again. They are kept as JSON, in a cache: an eviction or a lost node is a logout. Sessions cannot
 * be listed or counted, because caches do not list keys.
 */
export function sessionStore<Store extends EventEmitter>(
  session: SessionModule<Store>,
  cache: SessionCache,
  options: SessionStoreOptions = {},
): Store & SessionMethods {
  checkNames(options, ['prefix', 'ttl']);
  const { prefix = 'sess:', ttl = TTL_DEFAULT } = options;
  checkRange('ttl', ttl, 1, TTL_MAX);
  // A class may not extend a type that is not known yet; this much of it is.
  const Base = session.Store as abstract new () => EventEmitter;
  class SessionStore extends Base implements SessionMethods {
    get(sid: string, done: (error: unknown, session?: never) => void): void {
      const found = cache.get<string>(prefix + sid).then(parsed);
      answer(found, done);
    }

    set(sid: string, session: SessionLike, done?: Done): void {
      const seconds = secondsOf(session, ttl);
      if (seconds <= 0) this.destroy(sid, done);
      else answer(cache.set(prefix + sid, JSON.stringify(session), { ttl: seconds }), done);
    }

    destroy(sid: string, done?: Done): void {
      answer(cache.delete(prefix + sid), done && ((error) => done(error)));
    }

    touch(sid: string, session: SessionLike, done?: Done): void {
      const seconds = secondsOf(session, ttl);
      if (seconds <= 0) this.destroy(sid, done);
      else answer(cache.touch(prefix + sid, seconds), done && ((error) => done(error)));
    }
  }
  return new SessionStore() as EventEmitter as Store & SessionMethods;
}

/** Seconds that the session's cookie has left; the default when it lives as long as the browser. */
export function secondsOf({ cookie }: SessionLike, defaultSeconds: number): number {
  const maxAgeMs = cookie?.maxAge;
  if (typeof maxAgeMs !== 'number') return defaultSeconds;
  return Math.min(TTL_MAX, Math.ceil(maxAgeMs / 1000));
}

function parsed(text: string | undefined): unknown {
  return text === undefined ? null : JSON.parse(text);
}

/** Calls back outside of the promise, where an exception is the application's own. */
function answer<T>(
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
