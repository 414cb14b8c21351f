import type { EventEmitter } from 'node:events';
import type { Cache } from '../operations/cache.ts';
import { PLAIN_TTL_MAX } from '../option-tables/call-options.ts';
import { sessionStoreOptions } from '../option-tables/pattern-options.ts';
import { valuesOf } from '../option-tables/resolve.ts';
import type { SessionStoreOptions } from '../option-types/patterns.ts';

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
  cache: Pick<Cache, 'get' | 'set' | 'touch' | 'delete'>,
  options: SessionStoreOptions = {},
): Store & SessionMethods {
  const { prefix, ttl } = valuesOf(sessionStoreOptions, options);
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
  return Math.min(PLAIN_TTL_MAX, Math.ceil(maxAgeMs / 1000));
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
