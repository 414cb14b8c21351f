import { EventEmitter } from 'node:events';
import { argumentError } from '../base/errors.ts';
import { isObject } from '../option-tables/resolve.ts';
import type { SessionStoreOptions } from '../option-types/patterns.ts';
import { type SessionBackend, SessionCache, type SessionLike } from './session-cache.ts';

type Done = (error?: unknown) => void;

/** The methods that express-session and @fastify/session call. */
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
  cache: SessionBackend,
  options?: SessionStoreOptions,
): Store & SessionMethods;
/** The same store for other frameworks: `{ store: sessionStore(cache), … }` of @fastify/session. */
export function sessionStore(
  cache: SessionBackend,
  options?: SessionStoreOptions,
): EventEmitter & SessionMethods;
export function sessionStore(
  first: SessionModule<EventEmitter> | SessionBackend,
  second?: SessionBackend | SessionStoreOptions,
  third?: SessionStoreOptions,
): EventEmitter & SessionMethods {
  const session = isModule(first) ? first : undefined;
  const [cache, options = {}] = session === undefined ? [first, second] : [second, third];
  if (!isBackend(cache) || isBackend(options)) {
    throw argumentError('sessionStore takes (cache, options), or (session, cache, options).');
  }
  return createStore(session?.Store ?? EventEmitter, cache, options);
}

/** express-session is a function. */
function isModule(given: unknown): given is SessionModule<EventEmitter> {
  return (typeof given === 'function' || isObject(given)) && 'Store' in given;
}

function isBackend(given: unknown): given is SessionBackend {
  return isObject(given) && 'gets' in given;
}

function createStore(
  Base: abstract new () => EventEmitter,
  cache: SessionBackend,
  options: SessionStoreOptions,
): EventEmitter & SessionMethods {
  const sessions = new SessionCache(cache, options);
  class SessionStore extends Base implements SessionMethods {
    get(sid: string, done: (error: unknown, session?: never) => void): void {
      passToCallback(sessions.read(sid), done);
    }

    set(sid: string, session: SessionLike, done?: Done): void {
      passToCallback(sessions.write(sid, session), done && ((error) => done(error)));
    }

    destroy(sid: string, done?: Done): void {
      passToCallback(sessions.remove(sid), done && ((error) => done(error)));
    }

    touch(sid: string, session: SessionLike, done?: Done): void {
      passToCallback(sessions.touch(sid, session), done && ((error) => done(error)));
    }
  }
  return new SessionStore();
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
