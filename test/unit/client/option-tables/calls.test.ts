import { EventEmitter } from 'node:events';
import { afterAll, describe, expect, test } from 'vitest';
import { storeOptions } from '../../../../src/client/option-tables/call-options.ts';
import { checkOptions } from '../../../../src/client/option-tables/resolve.ts';
import {
  createClient,
  dnsNames,
  elastiCache,
  NearCache,
  RateLimiter,
  ReadThrough,
  sessionStore,
  TagSpace,
  WriteBehind,
} from '../../../../src/client.ts';

/** No node listens there: a call whose options pass the check fails with ERR_NODE_DOWN. */
const cache = createClient({ nodes: ['127.0.0.1:1'] });
const near = new NearCache(cache);
const tagged = new TagSpace(cache).tagged(['t']);
const tags = new TagSpace(cache);
const limiter = new RateLimiter(cache, { name: 'n', limit: 9, windowSeconds: 9 });
const reader = new ReadThrough(cache);
const behind = new WriteBehind(cache, { store: async () => {} });
afterAll(() => cache.close());

const load = (): never => {
  throw new Error('the check comes first');
};
type Call = (options: never) => Promise<unknown>;
const STORES: readonly [string, Call][] = [
  ['set', (options) => cache.set('k', 1, options)],
  ['setMany', (options) => cache.setMany([['k', 1]], options)],
  ['setMany of no entries', (options) => cache.setMany([], options)],
  ['add', (options) => cache.add('k', 1, options)],
  ['replace', (options) => cache.replace('k', 1, options)],
  ['cas', (options) => cache.cas('k', 1, 1n, options)],
  ['writeThrough', (options) => cache.writeThrough('k', 1, load, options)],
  ['getOrSet', (options) => cache.getOrSet('k', load, options)],
  ['ReadThrough.getOrSet', (options) => reader.getOrSet('k', load, options)],
  ['increment', (options) => cache.increment('k', 1, options)],
  ['decrement', (options) => cache.decrement('k', 1, options)],
  ['NearCache.set', (options) => near.set('k', 1, options)],
  ['NearCache.getOrSet', (options) => near.getOrSet('k', load, options)],
  ['Tagged.set', (options) => tagged.set('k', 1, options)],
  ['Tagged.getOrSet', (options) => tagged.getOrSet('k', load, options)],
];
const OTHERS: readonly [string, Call][] = [
  ['get', (options) => cache.get('k', options)],
  ['getBytes', (options) => cache.getBytes('k', options)],
  ['gets', (options) => cache.gets('k', options)],
  ['getMany', (options) => cache.getMany(['k'], options)],
  ['getMany of no keys', (options) => cache.getMany([], options)],
  ['fetch', (options) => cache.fetch('k', options)],
  ['append', (options) => cache.append('k', 'a', options)],
  ['prepend', (options) => cache.prepend('k', 'a', options)],
  ['delete', (options) => cache.delete('k', options)],
  ['touch', (options) => cache.touch('k', 5, options)],
  ['flush', (options) => cache.flush(options)],
  ['stats', (options) => cache.stats('items', options)],
  ['version', (options) => cache.version(options)],
  ['NearCache.get', (options) => near.get('k', options)],
  ['NearCache.delete', (options) => near.delete('k', options)],
  ['RateLimiter.consume', (options) => limiter.consume('k', 1, options)],
  ['RateLimiter.reset', (options) => limiter.reset('k', options)],
  ['Tagged.keyOf', (options) => tagged.keyOf('k', options)],
  ['Tagged.get', (options) => tagged.get('k', options)],
  ['Tagged.delete', (options) => tagged.delete('k', options)],
  ['TagSpace.invalidateTag', (options) => tags.invalidateTag('t', options)],
];
const ENQUEUE: [string, Call] = ['WriteBehind.write', (options) => behind.write('k', 1, options)];

const failure = (text: string) => ({
  code: 'ERR_ARGUMENT',
  message: expect.stringContaining(text),
});

describe.each([...STORES, ...OTHERS, ENQUEUE])('%s', (name, call) => {
  const options = (given: unknown) => call(given as never);
  test('the call rejects an unknown option, and names those that exist', async () => {
    await expect(options({ tll: 5 })).rejects.toMatchObject(failure('There is no option "tll"'));
    await expect(options({ tll: 5 })).rejects.toMatchObject(failure('signal'));
  });
  test.each([60, 'x', null, true, ['ttl'], () => {}])(
    'the call rejects %o as options',
    async (given) => {
      await expect(options(given)).rejects.toMatchObject(failure('not an object'));
    },
  );
  test('the call rejects a value of another type', async () => {
    await expect(options({ signal: {} })).rejects.toMatchObject(failure('signal is an object'));
    if (name === ENQUEUE[0]) return;
    const text = 'deadlineMs is "5", not a number of milliseconds';
    await expect(options({ deadlineMs: '5' })).rejects.toMatchObject(failure(text));
  });
});

test.each(STORES)(
  '%s rejects a number in the place of the options with a hint',
  async (_, call) => {
    await expect(call(60 as never)).rejects.toMatchObject(failure('pass { ttl: 60 }'));
  },
);

test('the call rejects an option of the call that a pattern makes for it', async () => {
  const reset = limiter.reset('k', { staleSeconds: 5 } as object);
  await expect(reset).rejects.toMatchObject(failure('"staleSeconds"'));
  const invalidated = tags.invalidateTag('t', { initial: 5 } as object);
  await expect(invalidated).rejects.toMatchObject(failure('"initial"'));
});

test('a near cache checks the options also for a value that it has', async () => {
  const local = new NearCache({
    get: async <T>() => 1 as T,
    getOrSet: async <T>() => 1 as T,
    set: async () => {},
    delete: async () => true,
  });
  expect(await local.get('k')).toBe(1);
  expect(await local.get('k', { deadlineMs: 5 })).toBe(1);
  const unknown = { tll: 5 } as object;
  await expect(local.get('k', unknown)).rejects.toMatchObject(failure('"tll"'));
  await expect(local.getOrSet('k', load, unknown)).rejects.toMatchObject(failure('"tll"'));
});

test.each<[string, () => unknown, string]>([
  ['fetch', () => cache.fetch('k', { leaseSeconds: -1 }), 'leaseSeconds is -1'],
  ['delete', () => cache.delete('k', { cas: 5 as never }), 'cas is 5'],
  ['increment', () => cache.increment('k', 1, { initial: -1 }), 'initial is -1'],
  ['touch', () => cache.touch('k', '5' as never), 'ttl is "5"'],
  ['touch', () => cache.touch('k', new Date() as never), 'ttl is an object, which is a point'],
  ['consume', () => limiter.consume('k', 10), 'cost is 10, not a whole number from 1 to 9'],
  ['close', () => new WriteBehind(cache, { store: load }).close(-1), 'timeoutMs is -1'],
])('%s rejects a value out of bounds', async (_, call, message) => {
  await expect(call()).rejects.toMatchObject(failure(message));
});

const UNIX_TIME = 1_796_000_000;
test.each<[string, () => unknown]>([
  ['set', () => cache.set('k', 'v', { ttl: UNIX_TIME })],
  ['setMany', () => cache.setMany([['k', 'v']], { ttl: UNIX_TIME })],
  ['cas', () => cache.cas('k', 'v', 1n, { ttl: UNIX_TIME })],
  ['touch', () => cache.touch('k', UNIX_TIME)],
  ['increment', () => cache.increment('k', 1, { initial: 0, ttl: UNIX_TIME })],
  ['delete', () => cache.delete('k', { staleSeconds: UNIX_TIME })],
  ['fetch', () => cache.fetch('k', { leaseSeconds: UNIX_TIME })],
  ['fetch', () => cache.fetch('k', { recacheSeconds: UNIX_TIME })],
  ['fetch', () => cache.fetch('k', { touchTtl: UNIX_TIME })],
  ['getOrSet', () => cache.getOrSet('k', load, { ttl: UNIX_TIME })],
  ['writeThrough', () => cache.writeThrough('k', 'v', load, { ttl: UNIX_TIME })],
])('%s refuses a ttl that looks like a Unix time, and says what to do', async (_, call) => {
  const message = `${UNIX_TIME}, which looks like a Unix time: pass the number of seconds`;
  await expect(call()).rejects.toMatchObject(failure(message));
});

test.each([0, 0.5, 999_999_999, 2_100_000_001, 2 ** 31 - 1])('%f s is a ttl', (ttl) => {
  expect(() => checkOptions(storeOptions, { ttl })).not.toThrow();
});

test.each<[string, object]>([
  ['the path of a file', { ca: '/etc/ca.pem' }],
  ['no PEM', { ca: ['x'] }],
  ['an unreadable certificate', { cert: '-----BEGIN CERTIFICATE-----\nx\n' }],
  ['an unreadable key', { key: '-----BEGIN PRIVATE KEY-----\nsecret\n' }],
])('createClient refuses %s in `tls`, and shows no secret', (_, tls) => {
  const create = () => createClient({ nodes: ['a'], tls });
  expect(create).toThrow(expect.objectContaining(failure('tls')));
  expect(create).not.toThrow('secret');
});

test.each<[string, () => unknown, string]>([
  ['createClient', () => createClient({} as never), 'nodes is undefined, not a list of nodes'],
  ['createClient', () => createClient(undefined as never), 'The options are undefined'],
  ['createClient', () => createClient(['127.0.0.1'] as never), 'The options are an array'],
  ['createClient', () => createClient({ nodes: [5] as never }), 'nodes is an array'],
  ['createClient', () => createClient({ nodes: ['a'], tls: { cas: 1 } as never }), '"tls.cas"'],
  ['createClient', () => createClient({ nodes: [{ host: 'a', weigth: 2 } as never] }), '"weigth"'],
  ['createClient', () => createClient({ nodes: [{ host: 5 } as never] }), 'A node has no host'],
  ['createClient', () => createClient({ nodes: [{ path: 5 } as never] }), 'A node has no path'],
  [
    'createClient',
    () => createClient({ nodes: ['a'], serializer: { serialize: 1, deserialize: 2 } as never }),
    'serializer is an object',
  ],
  [
    'createClient',
    () => createClient({ nodes: { start: 1, refresh: 2, close: 3 } as never }),
    'nodes is an object',
  ],
  ['elastiCache', () => elastiCache({} as never), 'endpoints is undefined'],
  ['dnsNames', () => dnsNames('cache.example' as never), 'The options are "cache.example"'],
  ['NearCache', () => new NearCache(cache, 5 as never), 'The options are 5'],
  ['WriteBehind', () => new WriteBehind(cache, {} as never), 'store is undefined, not a function'],
  [
    'RateLimiter',
    () => new RateLimiter(cache, { name: 'n', limit: 1 } as never),
    'windowSeconds is undefined',
  ],
  ['TagSpace', () => new TagSpace(cache, 'tag:' as never), 'The options are "tag:"'],
  [
    'sessionStore',
    () => sessionStore({ Store: EventEmitter }, cache, { prefix: 5 as never }),
    'prefix is 5',
  ],
])('%s refuses wrong options at once', (_, create, message) => {
  expect(create).toThrow(expect.objectContaining(failure(message)));
});
