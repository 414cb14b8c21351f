import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import fastify from 'fastify';
import { expect, test } from 'vitest';
import { type CacheClient, sessionStore } from '../../../src/client.ts';
import { withCache } from '../../support/with-cache.ts';

declare module 'fastify' {
  interface Session {
    visits?: number;
  }
}

const context = withCache();
const SECRET = 'a secret of at least thirty-two characters';

/** An application that counts the requests of a visitor; it stands for one of several processes. */
async function startApplication(cache: CacheClient) {
  const application = fastify();
  await application.register(fastifyCookie);
  const cookie = { secure: false, maxAge: 600_000 };
  const store = sessionStore(cache, { prefix: 'fastify:' });
  await application.register(fastifySession, { secret: SECRET, store, cookie });
  application.get('/visit', ({ session }) => {
    session.visits = (session.visits ?? 0) + 1;
    return { id: session.sessionId, visits: session.visits };
  });
  application.get('/peek', ({ session }) => ({ visits: session.visits ?? null }));
  application.get('/renew', async (request) => {
    await request.session.regenerate();
    return { id: request.session.sessionId };
  });
  application.get('/logout', async (request) => {
    await request.session.destroy();
    return {};
  });
  return application;
}

/** Requests of one visitor, with the session cookie. */
function visitor() {
  let cookie = '';
  return async (application: Awaited<ReturnType<typeof startApplication>>, url: string) => {
    const response = await application.inject({ url, headers: { cookie } });
    expect(response.statusCode).toBe(200);
    const [header] = [response.headers['set-cookie'] ?? []].flat();
    cookie = header?.split(';')[0] ?? cookie;
    return response.json();
  };
}

test('@fastify/session: processes share a session until its user logs out', async () => {
  const [one, two] = await Promise.all([context.cache, context.other].map(startApplication));
  const visit = visitor();
  const first = await visit(one!, '/visit');
  expect(first).toMatchObject({ visits: 1 });
  expect(await visit(two!, '/visit')).toEqual({ id: first.id, visits: 2 });
  const key = `fastify:${first.id}`;
  const { ttl } = await context.cache.fetch(key);
  expect(ttl).toBeGreaterThan(500);
  expect(ttl).toBeLessThanOrEqual(600);
  const { id } = await visit(two!, '/renew');
  expect(id).not.toBe(first.id);
  expect(await context.cache.get(key)).toBeUndefined();
  expect(await visit(one!, '/visit')).toMatchObject({ id, visits: 1 });
  await visit(one!, '/logout');
  expect(await context.cache.get(`fastify:${id}`)).toBeUndefined();
  expect(await visit(two!, '/peek')).toEqual({ visits: null });
  await Promise.all([one!.close(), two!.close()]);
});
