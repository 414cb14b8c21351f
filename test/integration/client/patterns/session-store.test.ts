import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import session from 'express-session';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CacheClient, createClient, sessionStore } from '../../../../src/client.ts';
import type { TestServer } from '../../../support/server.ts';
import { NODES } from './servers.ts';

declare module 'express-session' {
  interface SessionData {
    visits: number;
  }
}

const MAX_AGE_MS = 600_000;

/** An application that counts the requests of a visitor; it stands for one of several processes. */
async function startApplication(cache: CacheClient) {
  const application = express();
  const cookie = { maxAge: MAX_AGE_MS };
  const rest = { secret: 'not so', resave: false, saveUninitialized: false, cookie };
  application.use(session({ store: sessionStore(session, cache), ...rest }));
  application.get('/visit', (request, response) => {
    request.session.visits = (request.session.visits ?? 0) + 1;
    response.json({ id: request.sessionID, visits: request.session.visits });
  });
  application.get('/peek', (request, response) => {
    response.json({ visits: request.session.visits ?? null });
  });
  application.get('/renew', (request, response, next) => {
    request.session.regenerate((error) => {
      if (error) next(error);
      else response.json({ id: request.sessionID });
    });
  });
  application.get('/logout', (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.json({})));
  });
  const server = application.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

/** Requests of one visitor, with the session cookie. */
function visitor() {
  let cookie = '';
  return async (origin: string, path: string): Promise<Record<string, unknown>> => {
    const response = await fetch(origin + path, { headers: { cookie } });
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie;
    return { ...((await response.json()) as object), status: response.status };
  };
}

describe.each(NODES.filter(({ skip }) => !skip))('sessions of express on $name', ({ start }) => {
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
    await call((done) => store.set('s', { cookie, visits: 7 }, done));
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
