import { EventEmitter } from 'node:events';
import { afterAll, expect, test } from 'vitest';
import {
  createClient,
  NearCache,
  RateLimiter,
  sessionStore,
  TagSpace,
  WriteBehind,
} from '../../../../src/client.ts';

const cache = createClient({ nodes: ['127.0.0.1:1'] });
afterAll(() => cache.close());

/** An option that a program without types may pass. */
const unknownOption = { stale: 5 } as object;

test.each<[string, () => unknown]>([
  ['NearCache', () => new NearCache(cache, unknownOption)],
  [
    'RateLimiter',
    () => new RateLimiter(cache, { name: 'n', limit: 1, windowSeconds: 1, ...unknownOption }),
  ],
  ['TagSpace', () => new TagSpace(cache, unknownOption)],
  ['WriteBehind', () => new WriteBehind(cache, { store: async () => {}, ...unknownOption })],
  ['sessionStore', () => sessionStore({ Store: EventEmitter }, cache, unknownOption)],
])('%s refuses an option that does not exist', (_, make) => {
  const failure = { code: 'ERR_ARGUMENT', message: expect.stringContaining('"stale"') };
  expect(make).toThrow(expect.objectContaining(failure));
});

const makers: readonly [string, (cache: never) => unknown][] = [
  ['NearCache', (other) => new NearCache(other)],
  ['RateLimiter', (other) => new RateLimiter(other, { name: 'n', limit: 1, windowSeconds: 1 })],
  ['TagSpace', (other) => new TagSpace(other)],
  ['sessionStore', (other) => sessionStore(other)],
];
test.each(makers)('%s refuses what is no client', (_, make) => {
  for (const other of [undefined, null, 'memcached://a'] as never[]) {
    expect(() => make(other)).toThrow(expect.objectContaining({ code: 'ERR_ARGUMENT' }));
  }
});

test('getOrSet and writeThrough reject when an option does not exist', async () => {
  const failure = { code: 'ERR_ARGUMENT' };
  await expect(cache.getOrSet('k', () => 1, unknownOption)).rejects.toMatchObject(failure);
  await expect(cache.writeThrough('k', 1, () => {}, unknownOption)).rejects.toMatchObject(failure);
});
