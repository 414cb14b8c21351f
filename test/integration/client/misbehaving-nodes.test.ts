import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { type CacheClient, CacheError, createClient } from '../../../src/client.ts';
import { type HandshakeKind, RawNode, type ReplyScript } from './raw-node.ts';

const openResources: { close?(): Promise<void>; stop?(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of openResources.splice(0).reverse()) await (each.close?.() ?? each.stop?.());
});

async function clientOf(
  replyTo: ReplyScript,
  deadlineMs = 10_000,
  handshake: HandshakeKind = 'meta',
): Promise<{ cache: CacheClient; node: RawNode }> {
  const node = await RawNode.start(replyTo, handshake);
  const cache = createClient({ nodes: [`127.0.0.1:${node.port}`], deadlineMs });
  openResources.push(node, cache);
  return { cache, node };
}

const outcomeOf = (operation: Promise<unknown>): Promise<unknown> =>
  operation.catch((error: unknown) => (error instanceof CacheError ? error.code : error));

test('a reply that does not fit its command breaks the connection', async () => {
  const { cache } = await clientOf((_, nth) => `VA 2 O1\r\n4${nth}\r\n`);
  const down = once(cache, 'node-down');
  // A client that still read the stream would take the second line as the counter's reply.
  const outcomes = Promise.all([outcomeOf(cache.delete('k')), outcomeOf(cache.increment('n'))]);
  await down;
  expect(await outcomes).toEqual(['ERR_PROTOCOL', 'ERR_PROTOCOL']);
  await once(cache, 'node-up');
  expect(await cache.increment('n')).toBe(42n);
});

test('NS as the reply to a set is a protocol error', async () => {
  const { cache } = await clientOf(() => 'NS O1\r\n');
  expect(await outcomeOf(cache.set('k', 'v'))).toBe('ERR_PROTOCOL');
});

test('the client ignores unrequested flags in a reply', async () => {
  const { cache } = await clientOf((text) => {
    return text.startsWith('mg') ? 'VA 1 O1 f0 Z n9 Qnew\r\nv\r\n' : 'HD O2 Z n9 Qnew\r\n';
  });
  expect(await cache.get('k')).toBe('v');
  await cache.set('k', 'v');
});

test('an unknown reply fails the operation at once, before the deadline', async () => {
  const { cache, node } = await clientOf((text, nth) => {
    return nth === 1 ? 'XX O1\r\n' : text.replace(/mg k O(\d+) f v\r\n/, 'EN O$1\r\n');
  }, 3_600_000);
  expect(await outcomeOf(cache.get('k'))).toBe('ERR_PROTOCOL');
  await once(cache, 'node-up');
  expect(await cache.get('k')).toBeUndefined();
  expect(node.connections).toBe(2);
});

test('a node that refuses the probe stays down until a probe succeeds', async () => {
  let probes = 0;
  const replyTo = (text: string, nth: number): string => {
    if (nth === 1) return 'noise\r\n';
    if (text === 'mn\r\n') return 'MN\r\n';
    if (text !== 'version\r\n') return 'EN O1\r\n';
    return ++probes < 3 ? 'ERROR Too many open connections\r\n' : 'VERSION 1\r\n';
  };
  const { cache } = await clientOf(replyTo, 10_000, 'silent');
  expect(await outcomeOf(cache.get('a'))).toBe('ERR_NODE_DOWN');
  await once(cache, 'node-up');
  expect(probes).toBe(3);
  expect(await cache.get('a')).toBeUndefined();
});

test('both of two close calls resolve when pending operations settle', async () => {
  const { cache } = await clientOf(() => undefined, 100);
  const outcome = outcomeOf(cache.get('a'));
  await Promise.all([cache.close(), cache.close()]);
  expect(await outcome).toBe('ERR_DEADLINE');
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 3_600_001])(
  'the client rejects a deadline of %d, so every operation settles',
  async (deadlineMs) => {
    const { cache } = await clientOf(() => 'EN O1\r\n');
    expect(await outcomeOf(cache.get('a', { deadlineMs }))).toBe('ERR_ARGUMENT');
  },
);

describe('a clean close (FIN), as after an idle timeout', () => {
  const replyTo = (text: string): string => {
    return text
      .replaceAll(/mg \S+ O(\d+) f v\r\n/g, 'EN O$1\r\n')
      .replaceAll(/ms \S+ 1 O(\d+)\r\nv\r\n/g, 'HD O$1\r\n')
      .replaceAll(/get [^\r]*\r\n/g, 'END\r\n');
  };

  test('the client sends reads again; writes may have run and fail', async () => {
    const { cache, node } = await clientOf((text, nth) => {
      return nth === 1 ? RawNode.CLOSE : replyTo(text);
    });
    const downs: string[] = [];
    cache.on('node-down', (name) => downs.push(name));
    const outcomes = [cache.get('a'), cache.set('b', 'v'), cache.getMany(['a', 'b'])].map(
      outcomeOf,
    );
    expect(await Promise.all(outcomes)).toEqual([
      undefined,
      'ERR_REPLY_LOST',
      expect.objectContaining({ failed: new Map() }),
    ]);
    expect([node.connections, downs]).toEqual([2, []]);
  });

  test('the client sends a read again only once', async () => {
    const { cache, node } = await clientOf(() => RawNode.CLOSE);
    expect(await outcomeOf(cache.get('a'))).toBe('ERR_REPLY_LOST');
    expect(node.connections).toBe(2);
  });
});
