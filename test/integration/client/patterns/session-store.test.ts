import session from 'express-session';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CacheClient,
  createClient,
  type SessionStoreOptions,
  sessionStore,
} from '../../../../src/client.ts';
import { SERVERS } from '../../../support/both-servers.ts';
import type { TestServer } from '../../../support/server.ts';
import { MAX_AGE_MS, startApplication, visitor } from './session-application.ts';

describe.each(SERVERS.filter(({ skip }) => !skip))('sessions of express on $name', ({ start }) => {
  let server: TestServer;
  let cache: CacheClient;
  const applications: Awaited<ReturnType<typeof startApplication>>[] = [];
  beforeAll(async () => {
    server = await start();
    cache = createClient({ nodes: [`127.0.0.1:${server.port}`], deadlineMs: 20_000 });
    for (let i = 0; i < 2; i++) applications.push(await startApplication(cache));
  });
  afterAll(async () => {
    for (const { stop } of applications) stop();
    await cache?.close();
    await server?.stop();
  });

  test('processes share a session, which expires with its cookie or by logout', async () => {
    const [one, two] = applications as [(typeof applications)[0], (typeof applications)[0]];
    const visit = visitor();
    const first = await visit(one.origin, '/visit');
    expect(first).toMatchObject({ visits: 1, status: 200 });
    expect(await visit(two.origin, '/visit')).toMatchObject({ id: first['id'], visits: 2 });
    const key = `sess:${first['id']}`;
    const { ttl } = await cache.fetch(key);
    expect(ttl).toBeGreaterThan(MAX_AGE_MS / 1000 - 60);
    expect(ttl).toBeLessThanOrEqual(MAX_AGE_MS / 1000);

    await cache.touch(key, 100);
    expect(await visit(one.origin, '/peek')).toMatchObject({ visits: 2 });
    expect((await cache.fetch(key)).ttl).toBeGreaterThan(MAX_AGE_MS / 1000 - 60);

    const { id } = await visit(two.origin, '/renew');
    expect(id).not.toBe(first['id']);
    expect(await cache.get(key)).toBe(undefined);
    await visit(one.origin, '/visit');
    await visit(two.origin, '/logout');
    expect(await cache.get(`sess:${id}`)).toBe(undefined);
    expect(await visit(one.origin, '/peek')).toMatchObject({ visits: null });
  });

  test('a framework that copies the properties of a session has the same protection', async () => {
    const store = sessionStore(cache);
    const get = (sid: string): Promise<Record<string, unknown> | null> => {
      return new Promise((resolve, reject) => {
        store.get(sid, (error, found) => (error ? reject(error) : resolve(found ?? null)));
      });
    };
    const set = (sid: string, value: object): Promise<void> => {
      return new Promise((resolve, reject) => {
        store.set(sid, value, (error) => (error ? reject(error) : resolve()));
      });
    };
    /** As the constructor of @fastify/session's Session does it. */
    const copyOf = (read: Record<string, unknown> | null): Record<string, unknown> => {
      const copy: Record<string, unknown> = {};
      for (const name in read) copy[name] = read[name];
      return copy;
    };
    for (const sid of ['plain', 'with a blank', 'é', 'x'.repeat(300)]) {
      await set(sid, { visits: 1 });
      const [first, second, third] = [
        copyOf(await get(sid)),
        copyOf(await get(sid)),
        await get(sid),
      ];
      await set(sid, { ...first, user: 'jo' });
      await set(sid, { ...second, cart: ['apple'] });
      const whole = { visits: 1, user: 'jo', cart: ['apple'] };
      expect(JSON.parse(JSON.stringify(await get(sid)))).toEqual(whole);
      await new Promise((done) => void store.destroy(sid, done));
      await set(sid, { ...third });
      expect(await get(sid)).toBe(null);
      await set(`${sid}2`, { ...third });
      expect(await get(`${sid}2`)).toMatchObject({ visits: 1 });
    }
  });

  test('a text that is no session is none, or a failure', async () => {
    for (const value of ['no JSON', '7', 'null', 5, new Uint8Array(2)]) {
      await cache.set('sess:odd', value);
      const read = (options: SessionStoreOptions): Promise<unknown> => {
        return new Promise((resolve) => {
          sessionStore(cache, options).get('odd', (error, found) => resolve(error ?? found));
        });
      };
      expect(await read({})).toBe(null);
      expect(await read({ onCacheError: 'fail' })).toMatchObject({ code: 'ERR_VALUE' });
    }
    const cycle: { cookie: object; self?: unknown } = { cookie: {} };
    cycle.self = cycle;
    const store = sessionStore(cache);
    const fail = (session: object | null): Promise<unknown> => {
      return new Promise((done) => void store.set('odd', session as object, done));
    };
    expect(await fail(null)).toMatchObject({ code: 'ERR_ARGUMENT' });
    for (const session of [cycle, { cart: new Map([[1, 2]]) }, { n: 1n }]) {
      expect(await fail(session)).toMatchObject({ code: 'ERR_VALUE', mayHaveRun: false });
    }
  });

  test('the store handles a missing session and cookies without maxAge', async () => {
    const store = sessionStore(session, cache, { prefix: 'mine:', ttl: 50 });
    const call = <T>(run: (done: (error: unknown, value?: T) => void) => void): Promise<T> => {
      return new Promise((resolve, reject) => {
        run((error, value) => (error ? reject(error) : resolve(value as T)));
      });
    };
    expect(await call((done) => store.get('none', done))).toBe(null);
    const cookie = new session.Cookie();
    cookie.originalMaxAge = null;
    await call((done) => store.set('s', { cookie, visits: 7, user: 'jo', cart: [] }, done));
    expect(await call((done) => store.get('s', done))).toMatchObject({ visits: 7 });
    expect((await cache.fetch('mine:s')).ttl).toBeLessThanOrEqual(50);
    await call((done) => store.touch('s', { cookie: { maxAge: 90_500 } }, done));
    expect((await cache.fetch('mine:s')).ttl).toBeGreaterThan(50);
    await call((done) => store.touch('s', { cookie: { maxAge: -1 } }, done));
    expect(await cache.get('mine:s')).toBe(undefined);
    await call((done) => store.destroy('s', done));
  });

  test('the store passes a failure of the cache to the callback', async () => {
    const closed = createClient({ nodes: [`127.0.0.1:${server.port}`] });
    await closed.close();
    const store = sessionStore(session, closed);
    const failure = Promise.withResolvers<unknown>();
    store.get('s', (error) => failure.resolve(error));
    expect(await failure.promise).toMatchObject({ code: 'ERR_CLOSED' });
    store.destroy('s'); // without a callback the store ignores the failure
  });
});
