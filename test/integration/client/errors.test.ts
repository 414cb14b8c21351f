import { hash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FAILURES } from '../../../src/client/index.ts';
import { SessionCache } from '../../../src/client/patterns/session-cache.ts';
import {
  type CacheClient,
  CacheError,
  type ClientOptions,
  createClient,
  type FailureCode,
} from '../../../src/client.ts';
import { TestCluster } from '../../support/cluster.ts';
import { ManualDiscovery } from '../../support/manual-discovery.ts';
import { startSlabring } from '../../support/node-process.ts';
import { freePort } from '../../support/ports.ts';
import { sendAndReadToEnd } from '../../support/wire.ts';
import { type HandshakeKind, RawNode, type ReplyScript } from './raw-node.ts';

const KEY = 'some-key';
const hashOf = (key: string): string => hash('sha256', key).slice(0, 12);

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function clientOf(nodes: ClientOptions['nodes'], options: Partial<ClientOptions> = {}) {
  const cache = createClient({ nodes, deadlineMs: 20_000, ...options });
  cleanups.push(() => cache.close());
  return cache;
}

/** A client of one RawNode with this reply script. */
async function clientOfRawNode(
  reply: ReplyScript,
  handshake: HandshakeKind = 'meta',
  options: Partial<ClientOptions> = {},
): Promise<CacheClient> {
  const node = await RawNode.start(reply, handshake);
  cleanups.push(() => node.stop());
  return clientOf([`127.0.0.1:${node.port}`], options);
}

/** A value of a custom serializer. */
const CUSTOM = `VA 1 f${0x04000000} O1\r\nx\r\n`;
const silent: ReplyScript = () => undefined;

/** An operation on KEY that fails with each code. */
const FAILING_OPERATIONS: Readonly<Record<FailureCode, () => Promise<unknown>>> = {
  ERR_KEY: async () => clientOf(['127.0.0.1']).get(`${KEY} `),
  ERR_ARGUMENT: async () => clientOf(['127.0.0.1']).set(KEY, 'v', { ttl: -1 }),
  ERR_NODE_DOWN: async () => clientOf([`127.0.0.1:${await freePort()}`]).get(KEY),
  ERR_LOGIN: async () => {
    return (await clientOfRawNode(() => 'CLIENT_ERROR unauthenticated\r\n', 'silent')).get(KEY);
  },
  ERR_UNSUPPORTED: async () => {
    return (await clientOfRawNode(silent, 'classic')).fetch(KEY, { leaseSeconds: 9 });
  },
  ERR_QUEUE_FULL: async () => {
    const cache = await clientOfRawNode(silent, 'meta', { maxPendingPerNode: 1, deadlineMs: 200 });
    cache.get('other').catch(() => {});
    return cache.get(KEY);
  },
  ERR_DEADLINE_UNSENT: async () => (await clientOfRawNode(silent, 'silent')).get(KEY, SOON),
  ERR_DEADLINE: async () => {
    const cache = await clientOfRawNode(silent);
    await cache.version();
    return cache.get(KEY, SOON);
  },
  ERR_ABORTED_UNSENT: async () => {
    return clientOf(['127.0.0.1']).get(KEY, { signal: AbortSignal.abort() });
  },
  ERR_ABORTED: async () => {
    const controller = new AbortController();
    const cache = await clientOfRawNode(() => {
      controller.abort();
      return 'EN O1\r\n';
    });
    return cache.get(KEY, { signal: controller.signal });
  },
  ERR_REPLY_LOST: async () => (await clientOfRawNode(() => RawNode.CLOSE)).set(KEY, 'v'),
  ERR_PROTOCOL: async () => (await clientOfRawNode(() => 'VA 2 O1\r\n41\r\n')).delete(KEY),
  ERR_REFUSED: async () => (await clientOfRawNode(() => 'SERVER_ERROR no\r\n')).get(KEY),
  ERR_VALUE: async () => (await clientOfRawNode(() => CUSTOM)).get(KEY),
  ERR_LOAD: async () => {
    const leaseHeld: ReplyScript = (text) => `VA 0 f0 c1 t9 s0 Z ${/O\d+/.exec(text)}\r\n\r\n`;
    const cache = await clientOfRawNode(leaseHeld);
    return cache.getOrSet(KEY, () => 'never', { waitMs: 1, onLeaseTimeout: 'fail' });
  },
  ERR_CONFLICT: async () => {
    const server = await startSlabring();
    cleanups.push(() => server.stop());
    const cache = clientOf([`127.0.0.1:${server.port}`]);
    const sessions = new SessionCache(cache, { prefix: '', onConflict: 'fail' });
    const visits = (count: number) => ({ cookie: {}, visits: count });
    await sessions.write(KEY, visits(1));
    const session = Object.assign({}, await sessions.read(KEY), visits(2));
    await cache.set(KEY, JSON.stringify(visits(3)));
    return sessions.write(KEY, session);
  },
  ERR_CLOSED: async () => {
    const cache = clientOf(['127.0.0.1']);
    await cache.close();
    return cache.get(KEY);
  },
  ERR_DISCOVERY: async () => clientOf(new ManualDiscovery()).get(KEY, SOON),
};
const SOON = { deadlineMs: 20 };

async function failureOf(operation: Promise<unknown>): Promise<CacheError> {
  const outcome = await operation.catch((error: unknown) => error);
  if (outcome instanceof CacheError) return outcome;
  throw new Error('the operation did not fail', { cause: outcome });
}

test.each(Object.keys(FAILURES) as FailureCode[])(
  'a failure with code %s has the documented fields',
  async (code) => {
    const { about, mayHaveRun, text } = FAILURES[code];
    const error = await failureOf(FAILING_OPERATIONS[code]());
    expect(error).toMatchObject({ code, mayHaveRun, message: expect.stringContaining(text) });
    if (about === 'key at node') expect(error.node).toMatch(/^127\.0\.0\.1:\d+$/);
    else expect(error.node).toBe(undefined);
    const hashed = code === 'ERR_KEY' ? `${KEY} ` : KEY;
    expect(error.keyHash).toBe(about === 'nothing' ? undefined : hashOf(hashed));
  },
);

test('a failure before the first topology names no node', async () => {
  const cache = clientOf(new ManualDiscovery(), { maxPendingPerNode: 1 });
  const controller = new AbortController();
  const waiting = failureOf(cache.get(KEY, { signal: controller.signal }));
  const failures = [await failureOf(cache.get(KEY))];
  controller.abort();
  failures.push(await waiting);
  const facts = failures.map(({ code, node, keyHash }) => [code, node, keyHash]);
  expect(facts).toEqual([
    ['ERR_QUEUE_FULL', undefined, hashOf(KEY)],
    ['ERR_ABORTED_UNSENT', undefined, hashOf(KEY)],
  ]);
});

test('a cancelled getOrSet names its key', async () => {
  const cache = await clientOfRawNode(silent, 'meta', { deadlineMs: 500 });
  const load = (): never => {
    throw new Error('loaded');
  };
  const aborted = { signal: AbortSignal.abort() };
  expect(await failureOf(cache.getOrSet(KEY, load, aborted))).toMatchObject({
    code: 'ERR_ABORTED_UNSENT',
    keyHash: hashOf(KEY),
  });
  const controller = new AbortController();
  const failure = failureOf(cache.getOrSet(KEY, load, { signal: controller.signal }));
  controller.abort();
  expect(await failure).toMatchObject({ code: 'ERR_ABORTED', keyHash: hashOf(KEY) });
});

test('each failure of getMany names its own key', async () => {
  const dead = `127.0.0.1:${await freePort()}`;
  const cache = clientOf([dead], { namespace: 'app:' });
  const { failed } = await cache.getMany(['a', 'b']);
  const facts = [...failed].map(([key, { node, keyHash }]) => [key, node, keyHash]);
  expect(facts).toEqual([
    ['a', dead, hashOf('app:a')],
    ['b', dead, hashOf('app:b')],
  ]);
});

describe('an unreadable value', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start(2);
  });
  afterAll(() => cluster?.stop());

  /** Invalid zstd frames; the client decompresses the long one in another thread. */
  const SHORT = Buffer.from('no frame');
  const LONG = Buffer.alloc(100_000, 'no frame');

  async function store(node: string, key: string, bytes: Buffer): Promise<void> {
    const head = Buffer.from(`set ${key} ${2 ** 31} 0 ${bytes.length}\r\n`);
    const request = Buffer.concat([head, bytes, Buffer.from('\r\n')]);
    const reply = await sendAndReadToEnd(cluster.node(node).server.address, request);
    expect(reply.toString()).toBe('STORED\r\n');
  }

  test.each<Partial<ClientOptions>>([
    {},
    { replicas: 2 },
    { failover: 'next' },
    { protocol: 'classic' },
    { protocol: 'binary' },
    { namespace: 'app:' },
  ])('an error names its node and its key with the options %j', async (options) => {
    const cache = cluster.client(options);
    const prefix = options.namespace ?? '';
    for (const [nth, bytes] of [SHORT, LONG].entries()) {
      const key = `bad${nth}`;
      const node = cache.nodeOf(key);
      await store(node, prefix + key, bytes);
      const reads = [cache.get(key), cache.gets(key), cache.getBytes(key)];
      const errors = await Promise.all(reads.map(failureOf));
      const { failed } = await cache.getMany([key, 'none']);
      for (const error of [...errors, failed.get(key)]) {
        expect(error).toMatchObject({ code: 'ERR_VALUE', node, keyHash: hashOf(prefix + key) });
      }
    }
  });
});
