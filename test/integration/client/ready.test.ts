/** The first operations of a client, while it connects. */
import { afterEach, describe, expect, test } from 'vitest';
import { type CacheClient, type ClientOptions, createClient } from '../../../src/client.ts';
import { ManualDiscovery } from '../../support/manual-discovery.ts';
import { freePort } from '../../support/ports.ts';
import { RawNode, type ReplyScript } from './raw-node.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function clientOf(
  nodes: ClientOptions['nodes'],
  options: Partial<ClientOptions> = {},
): CacheClient {
  // The default deadline of the client is a second; `SLOW` leaves it as it is.
  const deadline = 'connectTimeoutMs' in options ? {} : { deadlineMs: 20_000 };
  const cache = createClient({ nodes, ...deadline, ...options });
  cleanups.push(() => cache.close());
  return cache;
}

const answer: ReplyScript = (text) => {
  if (text === 'version\r\n') return 'VERSION 1.6.18\r\n';
  return text === 'mn\r\n' ? 'MN\r\n' : text.replace(/.*O(\d+).*\r\n/g, 'EN O$1\r\n');
};

async function start(reply: ReplyScript = answer, port = 0): Promise<RawNode> {
  const node = await RawNode.start(reply, 'silent', { host: '127.0.0.1', port });
  cleanups.push(() => node.stop());
  return node;
}

/** A node that answers nothing before `release`. */
async function startSlow() {
  const { promise, resolve: release } = Promise.withResolvers<void>();
  const node = await start(async (text, nth) => {
    await promise;
    return answer(text, nth);
  });
  return { name: `127.0.0.1:${node.port}`, release };
}

const nameOf = ({ port }: { readonly port: number }): string => `127.0.0.1:${port}`;
const codeOf = (operation: Promise<unknown>): Promise<unknown> =>
  operation.then(
    () => 'ok',
    (error: { code: string }) => error.code,
  );

describe('operations while a node connects slowly', () => {
  const SLOW = { connectTimeoutMs: 20_000 };
  /** Resolves when an operation with a deadline of its own has missed it. */
  const deadlinePasses = async (cache: CacheClient): Promise<void> => {
    expect(await codeOf(cache.get('own', { deadlineMs: 1100 }))).toBe('ERR_DEADLINE_UNSENT');
  };

  test.each<[string, (cache: CacheClient) => Promise<unknown>]>([
    ['get', (cache) => cache.get('k')],
    ['getMany', (cache) => cache.getMany(['k'])],
    ['getBytes', (cache) => cache.getBytes('k')],
    ['delete', (cache) => cache.delete('k')],
    ['version', (cache) => cache.version()],
    ['ready', (cache) => cache.ready()],
  ])('%s waits for the first connection as long as connectTimeoutMs allows', async (_, call) => {
    const { name, release } = await startSlow();
    const cache = clientOf([name], SLOW);
    const outcome = codeOf(call(cache));
    await deadlinePasses(cache);
    release();
    expect(await outcome).toBe('ok');
    expect(cache.nodes).toEqual([{ name, isUp: true, protocol: 'meta' }]);
  });

  test.each<Partial<ClientOptions>>([{ replicas: 2 }, { failover: 'next' }])(
    'operations wait with %j too',
    async (options) => {
      const nodes = [await startSlow(), await startSlow()];
      const cache = clientOf(
        nodes.map(({ name }) => name),
        { ...SLOW, ...options },
      );
      const reads = Promise.all(['a', 'b', 'c', 'd'].map((key) => codeOf(cache.get(key))));
      await deadlinePasses(cache);
      for (const { release } of nodes) release();
      expect(await reads).toEqual(['ok', 'ok', 'ok', 'ok']);
    },
  );

  test('operations wait also for the first topology', async () => {
    const { name, release } = await startSlow();
    const discovery = new ManualDiscovery();
    const cache = clientOf(discovery, SLOW);
    const reading = codeOf(cache.get('k'));
    expect(await codeOf(cache.get('own', { deadlineMs: 1100 }))).toBe('ERR_DISCOVERY');
    discovery.publish([name]);
    release();
    expect(await reading).toBe('ok');
  });

  test('after the first connection the deadline is the usual one', async () => {
    let isSilent = false;
    const node = await start((text, nth) => (isSilent ? undefined : answer(text, nth)));
    const cache = clientOf([nameOf(node)], SLOW);
    await cache.ready();
    isSilent = true;
    expect(await codeOf(cache.get('k'))).toBe('ERR_DEADLINE');
  });
});

test('a deadline that the caller chose holds also while a node connects', async () => {
  const { name } = await startSlow();
  const cache = clientOf([name], { deadlineMs: 20, connectTimeoutMs: 20_000 });
  expect(await codeOf(cache.get('k'))).toBe('ERR_DEADLINE_UNSENT');
});

describe('ready', () => {
  test('ready connects to every node', async () => {
    const nodes = await Promise.all([start(), start(), start()]);
    const cache = clientOf(nodes.map(nameOf));
    expect(cache.nodes.map(({ isUp }) => isUp)).toEqual([undefined, undefined, undefined]);
    await cache.ready();
    expect(nodes.map(({ connections }) => connections)).toEqual([1, 1, 1]);
    expect(cache.nodes.map(({ isUp }) => isUp)).toEqual([true, true, true]);
  });

  test('ready resolves when one node is up and the others are down', async () => {
    const node = await start();
    const cache = clientOf([nameOf(node), `127.0.0.1:${await freePort()}`]);
    await cache.ready();
    expect(cache.nodes.map(({ isUp }) => isUp)).toEqual([true, false]);
  });

  test('ready waits for the first node that comes up', async () => {
    const port = await freePort();
    const cache = clientOf([`127.0.0.1:${port}`]);
    const down = new Promise((resolve) => cache.once('node-down', resolve));
    const ready = cache.ready();
    await down;
    await start(answer, port);
    await ready;
    expect(cache.nodes[0]!.isUp).toBe(true);
  });

  test('ready waits for the first topology', async () => {
    const node = await start();
    const discovery = new ManualDiscovery();
    const cache = clientOf(discovery);
    expect(cache.nodes).toEqual([]);
    const ready = cache.ready();
    discovery.publish([nameOf(node)]);
    await ready;
    expect(cache.nodes).toHaveLength(1);
  });

  test('ready fails at its deadline when no node is up', async () => {
    const cache = clientOf([`127.0.0.1:${await freePort()}`]);
    const ready = cache.ready({ deadlineMs: 250 });
    await expect(ready).rejects.toMatchObject({ code: expect.stringMatching(/NODE_DOWN|UNSENT/) });
    expect(await codeOf(clientOf(new ManualDiscovery()).ready({ deadlineMs: 20 }))).toBe(
      'ERR_DISCOVERY',
    );
  });

  test('ready fails at once when waiting does not help', async () => {
    const node = await start(() => 'CLIENT_ERROR unauthenticated\r\n');
    expect(await codeOf(clientOf([nameOf(node)]).ready())).toBe('ERR_LOGIN');
    const cache = clientOf([`127.0.0.1:${await freePort()}`]);
    const signal = AbortSignal.timeout(150);
    expect(await codeOf(cache.ready({ signal }))).toMatch(/^ERR_ABORTED/);
    expect(await codeOf(cache.ready({ timeout: 5 } as object))).toBe('ERR_ARGUMENT');
    await cache.close();
    expect(await codeOf(cache.ready())).toBe('ERR_CLOSED');
  });
});

test('`await using` closes the client', async () => {
  const node = await start();
  let cache: CacheClient;
  {
    await using used = createClient({ nodes: [nameOf(node)], deadlineMs: 20_000 });
    await used.ready();
    cache = used;
  }
  expect(await codeOf(cache.get('k'))).toBe('ERR_CLOSED');
});
