import { createStorage, type StorageValue } from 'unstorage';
import { describe, expect, test } from 'vitest';
import { unstorageDriver } from '../../../src/adapters/unstorage.ts';
import { createClient } from '../../../src/client.ts';
import { waitUntil } from '../../support/wait.ts';
import { withCache } from '../../support/with-cache.ts';

const context = withCache();
const storage = (prefix: string, cache = context.cache) =>
  createStorage({ driver: unstorageDriver(cache, { prefix, clearDelayMs: 20 }) });

describe('the driver of unstorage', () => {
  test('values of every kind come back as they were', async () => {
    const one = storage('kinds:');
    const values = {
      text: 'a b',
      number: 7,
      zero: 0,
      no: false,
      none: null,
      object: { a: [1, 'ä'] },
    };
    for (const [key, value] of Object.entries(values)) await one.setItem(key, value);
    for (const [key, value] of Object.entries(values))
      expect(await one.getItem(key)).toEqual(value);
    await one.setItem('s1:s2:key with blanks and ä', 'x'.repeat(10_000));
    expect(await one.getItem('s1/s2/key with blanks and ä')).toHaveLength(10_000);
    expect(await one.getItem('missing')).toBe(null);
  });

  test('raw values keep their bytes', async () => {
    const one = storage('raw:');
    const bytes = new Uint8Array([1, 2, 0, 255]);
    await one.setItemRaw('bytes', bytes);
    expect(await one.getItemRaw('bytes')).toEqual(Buffer.from(bytes));
    expect(await one.getItemRaw('missing')).toBe(null);
  });

  test('an item exists until it is removed, and many are read together', async () => {
    const [one, two] = [storage('many:'), storage('many:', context.other)];
    await one.setItems<StorageValue>([
      { key: 'a', value: '1' },
      { key: 'b:c', value: { n: 2 } },
    ]);
    expect(await two.hasItem('a')).toBe(true);
    expect(await two.getItems(['a', 'b:c', 'd'])).toEqual([
      { key: 'a', value: 1 },
      { key: 'b:c', value: { n: 2 } },
      { key: 'd', value: null },
    ]);
    await two.removeItem('a');
    expect(await one.hasItem('a')).toBe(false);
    await one.removeItem('a');
  });

  test('the metadata of an item is stored beside it', async () => {
    const one = storage('meta:');
    await one.setItem('key', 'value');
    await one.setMeta('key', { source: 'test' });
    expect(await one.getMeta('key')).toMatchObject({ source: 'test' });
  });

  test('clear concerns all keys of the driver, in every process', async () => {
    const [one, two] = [storage('clear:'), storage('clear:', context.other)];
    const driver = unstorageDriver(context.cache, { prefix: 'mounted:' });
    one.mount('mounted', driver);
    for (const key of ['a', 'users:a', 'mounted:a']) await one.setItem(key, 'x');
    expect(await two.getItem('users:a')).toBe('x');
    await one.clear('mounted');
    expect(await one.getItem('mounted:a')).toBe(null);
    for (const key of ['a', 'users:a']) expect(await one.getItem(key)).toBe('x');
    await one.clear();
    for (const key of ['a', 'users:a']) expect(await one.getItem(key)).toBe(null);
    await waitUntil('the other sees it', async () => (await two.getItem('users:a')) === null);
  });

  test('an item expires after its own time to live, or that of the driver', async () => {
    const one = createStorage({ driver: unstorageDriver(context.cache, { ttl: 1 }) });
    await one.setItem('short', 'x');
    await one.setItem('long', 'x', { ttl: 100 });
    await waitUntil('it expires', async () => (await one.getItem('short')) === null);
    expect(await one.getItem('long')).toBe('x');
  });

  test('keys cannot be listed, and a failure of the cache rejects', async () => {
    const mixed = createStorage();
    await mixed.setItem('own', 1);
    mixed.mount('cache', unstorageDriver(context.cache));
    await expect(mixed.getKeys()).rejects.toThrow(/cannot list its keys.*emptyKeyList/);
    await mixed.unmount('cache');
    mixed.mount('cache', unstorageDriver(context.cache, { emptyKeyList: true }));
    expect(await mixed.getKeys()).toEqual(['own']);
    const closed = createClient({ nodes: [`127.0.0.1:${context.node.port}`] });
    await closed.close();
    await expect(storage('x:', closed).getItem('a')).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await expect(storage('x:', closed).getItems(['a'])).rejects.toMatchObject({
      code: 'ERR_CLOSED',
    });
  });
});
