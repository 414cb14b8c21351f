import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { type CacheClient, CacheError, createClient } from '../../../src/client.ts';
import { type Answer, type Greeting, RawNode } from './raw-node.ts';

const opened: { close?(): Promise<void>; stop?(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await (each.close?.() ?? each.stop?.());
});

async function clientOf(
  answer: Answer,
  deadlineMs = 10_000,
  greeting: Greeting = 'meta',
): Promise<{ cache: CacheClient; node: RawNode }> {
  const node = await RawNode.start(answer, greeting);
  const cache = createClient({ nodes: [`127.0.0.1:${node.port}`], deadlineMs });
  opened.push(node, cache);
  return { cache, node };
}

const endOf = (operation: Promise<unknown>): Promise<unknown> =>
  operation.catch((error: unknown) => (error instanceof CacheError ? error.code : error));

test('a line that cannot answer its command costs the connection, not the next command', async () => {
  const { cache } = await clientOf((_, nth) => `VA 2 O1\r\n4${nth}\r\n`);
  const down = once(cache, 'node-down');
  // The second answer would be the counter's if the stream were still trusted.
  const ends = Promise.all([endOf(cache.delete('k')), endOf(cache.increment('n'))]);
  await down;
  expect(await ends).toEqual(['ERR_PROTOCOL', 'ERR_PROTOCOL']);
  await once(cache, 'node-up');
  expect(await cache.increment('n')).toBe(42n);
});

test('set is not stored by an answer that says so', async () => {
  const { cache } = await clientOf(() => 'NS O1\r\n');
  expect(await endOf(cache.set('k', 'v'))).toBe('ERR_PROTOCOL');
});

test('what a reply has beyond what was asked for is passed over', async () => {
  const { cache } = await clientOf((text) => {
    return text.startsWith('mg') ? 'VA 1 O1 f0 Z n9 Qnew\r\nv\r\n' : 'HD O2 Z n9 Qnew\r\n';
  });
  expect(await cache.get('k')).toBe('v');
  await cache.set('k', 'v');
});

test('a reply that nobody knows is told at once, and waits for no deadline', async () => {
  const { cache, node } = await clientOf((text, nth) => {
    return nth === 1 ? 'XX O1\r\n' : text.replace(/mg k O(\d+) f v\r\n/, 'EN O$1\r\n');
  }, 3_600_000);
  expect(await endOf(cache.get('k'))).toBe('ERR_PROTOCOL');
  await once(cache, 'node-up');
  expect(await cache.get('k')).toBeUndefined();
  expect(node.connections).toBe(2);
});

test('a node that refuses the probe stays down until it answers it', async () => {
  let probes = 0;
  const answer = (text: string, nth: number): string => {
    if (nth === 1) return 'noise\r\n';
    if (text === 'mn\r\n') return 'MN\r\n';
    if (text !== 'version\r\n') return 'EN O1\r\n';
    return ++probes < 3 ? 'ERROR Too many open connections\r\n' : 'VERSION 1\r\n';
  };
  const { cache } = await clientOf(answer, 10_000, 'silent');
  expect(await endOf(cache.get('a'))).toBe('ERR_NODE_DOWN');
  await once(cache, 'node-up');
  expect(probes).toBe(3);
  expect(await cache.get('a')).toBeUndefined();
});

test('close called twice while operations are pending ends twice', async () => {
  const { cache } = await clientOf(() => undefined, 100);
  const end = endOf(cache.get('a'));
  await Promise.all([cache.close(), cache.close()]);
  expect(await end).toBe('ERR_DEADLINE');
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 3_600_001])(
  'a call with a deadline of %d is refused, so every call has an end',
  async (deadlineMs) => {
    const { cache } = await clientOf(() => 'EN O1\r\n');
    expect(await endOf(cache.get('a', { deadlineMs }))).toBe('ERR_ARGUMENT');
  },
);

describe('a node that closes in peace, as after an idle timeout', () => {
  const answer = (text: string): string => {
    return text
      .replaceAll(/mg \S+ O(\d+) f v\r\n/g, 'EN O$1\r\n')
      .replaceAll(/ms \S+ 1 O(\d+)\r\nv\r\n/g, 'HD O$1\r\n')
      .replaceAll(/get [^\r]*\r\n/g, 'END\r\n');
  };

  test('gets its reads again; writes may have run, and fail', async () => {
    const { cache, node } = await clientOf((text, nth) => {
      return nth === 1 ? RawNode.CLOSE : answer(text);
    });
    const downs: string[] = [];
    cache.on('node-down', (name) => downs.push(name));
    const ends = [cache.get('a'), cache.set('b', 'v'), cache.getMany(['a', 'b'])].map(endOf);
    expect(await Promise.all(ends)).toEqual([
      undefined,
      'ERR_REPLY_LOST',
      expect.objectContaining({ failed: new Map() }),
    ]);
    expect([node.connections, downs]).toEqual([2, []]);
  });

  test('gets them only once', async () => {
    const { cache, node } = await clientOf(() => RawNode.CLOSE);
    expect(await endOf(cache.get('a'))).toBe('ERR_REPLY_LOST');
    expect(node.connections).toBe(2);
  });
});
