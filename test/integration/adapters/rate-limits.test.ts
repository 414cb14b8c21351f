import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import fastifyRateLimit from '@fastify/rate-limit';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import fastify from 'fastify';
import { describe, expect, test } from 'vitest';
import { RateLimitStore } from '../../../src/adapters/express-rate-limit.ts';
import { fastifyRateLimitStore } from '../../../src/adapters/fastify-rate-limit.ts';
import { type CacheClient, createClient } from '../../../src/client.ts';
import { waitUntil } from '../../support/wait.ts';
import { withCache } from '../../support/with-cache.ts';

const context = withCache();

async function closedClient(): Promise<CacheClient> {
  const closed = createClient({ nodes: [`127.0.0.1:${context.node.port}`] });
  await closed.close();
  return closed;
}

/** An application with a limit; it stands for one of several processes. */
async function startExpress(cache: CacheClient, name: string, options: object = {}) {
  const application = express();
  const store = new RateLimitStore(cache, { name });
  const standard = { standardHeaders: 'draft-6', legacyHeaders: false } as const;
  const limiter = rateLimit({ windowMs: 60_000, limit: 3, store, ...standard, ...options });
  application.use(limiter);
  application.get('/', (_, response) => response.json({ ok: true }));
  const server = application.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, limiter, store, stop: () => server.close() };
}

describe('the store for express-rate-limit', () => {
  test('processes count together, and the headers have the rest and the end', async () => {
    const one = await startExpress(context.cache, 'together');
    const two = await startExpress(context.other, 'together');
    const responses: Response[] = [];
    for (const { url } of [one, two, one, two, one]) responses.push(await fetch(url));
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
    const rest = responses.map(({ headers }) => headers.get('ratelimit-remaining'));
    expect(rest).toEqual(['2', '1', '0', '0', '0']);
    for (const { headers } of responses) {
      expect(Number(headers.get('ratelimit-reset'))).toBeGreaterThan(50);
      expect(Number(headers.get('ratelimit-reset'))).toBeLessThanOrEqual(60);
    }
    expect(await one.limiter.getKey('127.0.0.1')).toMatchObject({ totalHits: 5 });
    await one.store.resetKey('127.0.0.1');
    expect(await two.limiter.getKey('127.0.0.1')).toBeUndefined();
    expect((await fetch(two.url)).status).toBe(200);
    one.stop();
    two.stop();
  });

  test('limiters with different names do not count together', async () => {
    const [one, two] = [
      await startExpress(context.cache, 'a'),
      await startExpress(context.cache, 'b'),
    ];
    for (let i = 0; i < 3; i++) await fetch(one.url);
    expect((await fetch(one.url)).status).toBe(429);
    expect((await fetch(two.url)).headers.get('ratelimit-remaining')).toBe('2');
    one.stop();
    two.stop();
    expect(() => new RateLimitStore(context.cache, { name: '' })).toThrow(/name is required/);
  });

  test('a skipped request gives its hit back, and a window ends', async () => {
    const store = new RateLimitStore(context.cache, { name: 'window' });
    store.init({ windowMs: 5000 });
    const user = 'any name, of any length: '.repeat(20);
    expect(await store.increment(user)).toMatchObject({ totalHits: 1 });
    expect(await store.increment(user)).toMatchObject({ totalHits: 2 });
    await store.decrement(user);
    expect(await store.get(user)).toMatchObject({ totalHits: 1 });
    await waitUntil('the window ends', async () => (await store.get(user)) === undefined);
    expect(await store.increment(user)).toMatchObject({ totalHits: 1 });
    await store.decrement('nobody');
  });

  test('concurrent hits are all counted', async () => {
    const stores = [context.cache, context.other].map((cache) => {
      return new RateLimitStore(cache, { name: 'concurrent' });
    });
    const hits = Array.from({ length: 50 }, (_, i) => stores[i % 2]!.increment('user'));
    const totals = (await Promise.all(hits)).map(({ totalHits }) => totalHits);
    expect(totals.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });

  test('a failed cache fails the request, or lets it pass with passOnStoreError', async () => {
    const closed = await closedClient();
    const strict = await startExpress(closed, 'strict');
    expect((await fetch(strict.url)).status).toBe(500);
    const lenient = await startExpress(closed, 'lenient', { passOnStoreError: true });
    expect((await fetch(lenient.url)).status).toBe(200);
    strict.stop();
    lenient.stop();
  });

  test('without the meta protocol a hit counts as well (binary)', async () => {
    const nodes = [`127.0.0.1:${context.node.port}`];
    const binary = createClient({ nodes, protocol: 'binary', deadlineMs: 20_000 });
    const store = new RateLimitStore(binary, { name: 'binary' });
    await store.increment('user');
    const { totalHits, resetTime } = await store.increment('user');
    expect(totalHits).toBe(2);
    expect(resetTime.getTime()).toBeGreaterThan(Date.now());
    await binary.close();
  });
});

/** An application with a limit of 2 for each route; `options` are those of the plugin. */
async function startFastify(cache: CacheClient, name: string, options: object = {}) {
  const application = fastify();
  const store = fastifyRateLimitStore(cache, { name });
  await application.register(fastifyRateLimit, { max: 2, timeWindow: 60_000, store, ...options });
  application.get('/', () => ({ ok: true }));
  const config = { rateLimit: { max: 1, timeWindow: '1 minute' } };
  application.get(`/${'own-limit/'.repeat(30)}`, { config }, () => ({ ok: true }));
  return application;
}

describe('the store for @fastify/rate-limit', () => {
  test('processes count together, and a route with its own limit apart', async () => {
    const one = await startFastify(context.cache, 'fastify');
    const two = await startFastify(context.other, 'fastify');
    const codes: number[] = [];
    for (const each of [one, two, one, two]) codes.push((await each.inject('/')).statusCode);
    expect(codes).toEqual([200, 200, 429, 429]);
    const { headers } = await two.inject('/');
    expect(Number(headers['retry-after'])).toBeGreaterThan(50);
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60);
    const path = `/${'own-limit/'.repeat(30)}`;
    expect((await one.inject(path)).statusCode).toBe(200);
    expect((await two.inject(path)).statusCode).toBe(429);
    await Promise.all([one.close(), two.close()]);
  });

  test.each([
    ['continueExceeding', 3, 60],
    ['exponentialBackoff', 1, 60],
    ['exponentialBackoff', 3, 240],
  ])('%s extends the window: hit %i over the limit waits %i s', async (option, over, seconds) => {
    const name = `${option}-${over}`;
    const application = await startFastify(context.cache, name, { [option]: true });
    const replies = [];
    for (let i = 0; i < 2 + over; i++) replies.push(await application.inject('/'));
    expect(replies.at(-1)?.headers['retry-after']).toBe(String(seconds));
    await application.close();
  });

  test('a request that only looks does not count', async () => {
    const application = await startFastify(context.cache, 'peek', { global: false });
    const check = application.createRateLimit();
    const seen: unknown[] = [];
    application.get('/check', async (request) => {
      const limit = await check(request, { increment: request.headers['x-peek'] === undefined });
      seen.push(limit.isAllowed ? undefined : limit.remaining);
      return {};
    });
    const peek = { method: 'GET', url: '/check', headers: { 'x-peek': '1' } } as const;
    for (const request of [peek, '/check', peek, peek]) await application.inject(request);
    expect(seen).toEqual([2, 1, 1, 1]);
    await application.close();
  });

  test('a failed cache fails the request, or lets it pass with skipOnError', async () => {
    const closed = await closedClient();
    const strict = await startFastify(closed, 'strict');
    expect((await strict.inject('/')).statusCode).toBe(500);
    const lenient = await startFastify(closed, 'lenient', { skipOnError: true });
    expect((await lenient.inject('/')).statusCode).toBe(200);
    await Promise.all([strict.close(), lenient.close()]);
  });
});
