import { describe, expect, test } from 'vitest';
import { nextCacheHandler, nextUseCacheHandler } from '../../../src/adapters/next.ts';
import { createClient } from '../../../src/client.ts';
import { waitUntil } from '../../support/wait.ts';
import { withCache } from '../../support/with-cache.ts';

const context = withCache();

const streamOf = (text: string): ReadableStream<Uint8Array> =>
  new Blob([text]).stream() as ReadableStream<Uint8Array>;
/** An entry of `use cache` whose computation began some time ago. */
const entry = (text: string, tags: string[], more: object = {}) => ({
  value: streamOf(text),
  tags,
  stale: 300,
  timestamp: Date.now() - 50,
  expire: 3600,
  revalidate: 900,
  ...more,
});
const handlers = (prefix: string) =>
  [context.cache, context.other].map((cache) => nextUseCacheHandler(cache, { prefix })) as [
    ReturnType<typeof nextUseCacheHandler>,
    ReturnType<typeof nextUseCacheHandler>,
  ];
const textOf = async (found: { value: ReadableStream } | undefined) =>
  found && (await new Response(found.value).text());

describe('the handler of use cache', () => {
  test('all processes read an entry, until its tag is updated', async () => {
    const [one, two] = handlers('tags:');
    const key = JSON.stringify(['build', 'id', [{ a: 'ä' }]]);
    await one.set(key, Promise.resolve(entry('text', ['a', 'b'])));
    const found = await two.get(key, []);
    expect(found).toMatchObject({ tags: ['a', 'b'], stale: 300, expire: 3600, revalidate: 900 });
    expect(await textOf(found)).toBe('text');
    expect(await textOf(await two.get(key, []))).toBe('text');
    await two.updateTags(['b']);
    expect(await one.get(key, [])).toBeUndefined();
    expect(await one.getExpiration(['a'])).toBe(0);
    expect(await one.getExpiration(['a', 'b'])).toBeGreaterThan(Date.now() - 60_000);
  });

  test('an update by a profile makes an entry stale, and invalid when it expires', async () => {
    const [one, two] = handlers('profile:');
    await one.set('k', Promise.resolve(entry('text', ['t'])));
    await two.updateTags(['t'], { expire: 3600 });
    expect(await one.get('k', [])).toMatchObject({ revalidate: -1 });
    await one.set('k', Promise.resolve(entry('new', ['t'])));
    expect(await one.get('k', [])).toMatchObject({ revalidate: 900 });
    await two.updateTags(['t'], { expire: 0 });
    await waitUntil('it is invalid', async () => (await one.get('k', [])) === undefined);
    await two.updateTags(['without a record'], { expire: 3600 });
  });

  test('an entry whose tag is updated during its computation is not stored', async () => {
    const [one, two] = handlers('during:');
    await one.set('other', Promise.resolve(entry('text', ['t'])));
    const pending = Promise.withResolvers<ReturnType<typeof entry>>();
    const stored = one.set('k', pending.promise);
    const old = entry('old', ['t']);
    await two.updateTags(['t']);
    pending.resolve(old);
    await stored;
    expect(await one.get('k', [])).toBeUndefined();
  });

  test('an entry is invalid once the node has evicted the record of its tag', async () => {
    const [one] = handlers('evicted:');
    await one.set('k', Promise.resolve(entry('text', ['t'])));
    expect(await context.cache.delete('evicted:tag:t')).toBe(true);
    await one.set('other', Promise.resolve(entry('text', ['t'])));
    expect(await one.get('k', [])).toBeUndefined();
    expect(await textOf(await one.get('other', []))).toBe('text');
  });

  test('an entry whose stream breaks is not stored; a time without end is no expiry', async () => {
    const errors: unknown[] = [];
    const onError = (error: unknown) => errors.push(error);
    const handler = nextUseCacheHandler(context.cache, { prefix: 'broken:', onError });
    const broken = new ReadableStream({
      start: (controller) => controller.error(new Error('broken')),
    });
    await handler.set('k', Promise.resolve(entry('', [], { value: broken })));
    expect(errors).toMatchObject([{ message: 'broken' }]);
    expect(await handler.get('k', [])).toBeUndefined();
    await handler.set('k', Promise.resolve(entry('text', [], { expire: 0xffff_fffe })));
    expect(await textOf(await handler.get('k', []))).toBe('text');
    expect((await context.cache.fetch('broken:use-cache:k')).ttl).toBe(Number.POSITIVE_INFINITY);
  });

  test('a failed cache is a miss, and a failed update rejects', async () => {
    const closed = createClient({ nodes: [`127.0.0.1:${context.node.port}`] });
    await closed.close();
    const errors: unknown[] = [];
    const onError = (error: unknown) => errors.push(error);
    const handler = nextUseCacheHandler(closed, { onError });
    await handler.set('k', Promise.resolve(entry('text', ['t'])));
    expect(await handler.get('k', [])).toBeUndefined();
    expect(errors).toMatchObject([{ code: 'ERR_CLOSED' }, { code: 'ERR_CLOSED' }]);
    await expect(handler.updateTags(['t'])).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });
});

describe('the handler of responses', () => {
  const page = (html: string, tags: string) => ({
    kind: 'APP_PAGE',
    html,
    rscData: Buffer.from('rsc'),
    segmentData: new Map([['/_tree', Buffer.from('tree')]]),
    headers: { 'x-next-cache-tags': tags },
    status: undefined,
  });

  test('a page keeps its bytes and maps until one of its tags is revalidated', async () => {
    const Handler = nextCacheHandler(context.cache, { prefix: 'page:' });
    const [one, two] = [new Handler({ dev: false }), new Handler()];
    const cacheControl = { revalidate: 60, expire: 3600 };
    await one.set('/path', page('<p>', '_N_T_/path,a'), { cacheControl });
    const found = await two.get('/path', { kind: 'APP_PAGE' });
    expect(found).toMatchObject({ value: page('<p>', '_N_T_/path,a'), cacheControl });
    expect(found?.lastModified).toBeGreaterThan(Date.now() - 60_000);
    await two.revalidateTag('_N_T_/path', { expire: 3600 });
    expect(await one.get('/path')).toMatchObject({ lastModified: -1 });
    await two.revalidateTag(['_N_T_/path']);
    expect(await one.get('/path')).toBe(null);
    await one.set('/path', page('<p>', ''), {});
    await one.set('/path', null);
    expect(await one.get('/path')).toBe(null);
    one.resetRequestCache();
  });

  test('a fetch is invalid when a tag of its page is revalidated', async () => {
    const Handler = nextCacheHandler(context.cache, { prefix: 'fetch:' });
    const handler = new Handler();
    await handler.set('hash', { kind: 'FETCH', tags: ['t'] } as object, { tags: ['t'] });
    const get = { tags: ['t'], softTags: ['_N_T_/page'] };
    expect(await handler.get('hash', get)).toMatchObject({ value: { kind: 'FETCH' } });
    await handler.revalidateTag('_N_T_/page');
    expect(await handler.get('hash', get)).toBe(null);
  });
});
