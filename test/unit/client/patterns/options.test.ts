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

/** What a program without types may hand over. */
const strange = { stale: 5 } as object;

test.each<[string, () => unknown]>([
  ['NearCache', () => new NearCache(cache, strange)],
  ['RateLimiter', () => new RateLimiter(cache, { limit: 1, windowSeconds: 1, ...strange })],
  ['TagSpace', () => new TagSpace(cache, strange)],
  ['WriteBehind', () => new WriteBehind(cache, { store: async () => {}, ...strange })],
  ['sessionStore', () => sessionStore({ Store: EventEmitter }, cache, strange)],
])('%s refuses an option that does not exist', (_, make) => {
  const refused = { code: 'ERR_ARGUMENT', message: expect.stringContaining('"stale"') };
  expect(make).toThrow(expect.objectContaining(refused));
});

test('calls refuse them by a rejection', async () => {
  const refused = { code: 'ERR_ARGUMENT' };
  await expect(cache.getOrSet('k', () => 1, strange)).rejects.toMatchObject(refused);
  await expect(cache.writeThrough('k', 1, () => {}, strange)).rejects.toMatchObject(refused);
});
