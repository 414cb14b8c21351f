import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type CacheClient,
  CacheError,
  type ClientOptions,
  createClient,
} from '../../../src/client.ts';
import { SERVERS } from '../../support/both-servers.ts';
import { Authority, type Identity } from '../../support/certificates.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { startSlabring } from '../../support/node-process.ts';
import { createSaslUser, type SaslUser, saslMissing } from '../../support/sasl.ts';
import type { TestServer } from '../../support/server.ts';
import { RawNode } from './raw-node.ts';

const USER = { username: 'bob', password: 'builder' };
const WRONG = { username: 'bob', password: 'wrong' };

const openResources: { close?(): Promise<void>; stop?(): Promise<unknown> }[] = [];
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let users: string;
let sasl: SaslUser;

beforeAll(async () => {
  folder = await temporaryFolder();
  users = join(folder.path, 'users');
  await writeFile(users, `${USER.username}:${USER.password}\n`);
  sasl = await createSaslUser({ username: USER.username, password: USER.password });
});
afterEach(async () => {
  for (const each of openResources.splice(0).reverse()) await (each.close?.() ?? each.stop?.());
});
afterAll(async () => {
  await sasl.remove();
  await folder.remove();
});

function client(port: number, options: Omit<ClientOptions, 'nodes'> = {}): CacheClient {
  const cache = createClient({ nodes: [`127.0.0.1:${port}`], deadlineMs: 10_000, ...options });
  openResources.push(cache);
  return cache;
}

async function stopAtEnd<T extends { stop(): Promise<unknown> }>(starting: Promise<T>): Promise<T> {
  const server = await starting;
  openResources.push(server);
  return server;
}

const outcomeOf = (operation: Promise<unknown>): Promise<unknown> =>
  operation.catch((error: unknown) => (error instanceof CacheError ? error.code : error));

async function expectToWork(cache: CacheClient): Promise<void> {
  const large = 'x'.repeat(300_000);
  await cache.set('text', 'grüße');
  await cache.set('large', large);
  const { values } = await cache.getMany(['text', 'none', 'large']);
  expect(values.get('text')).toBe('grüße');
  expect(values.get('large')).toBe(large);
  expect(values.size).toBe(2);
  expect(await cache.add('text', 'x')).toBe('not-stored');
  expect(await cache.delete('text')).toBe(true);
  expect(await cache.increment('count')).toBeUndefined();
  expect([...(await cache.version()).values()]).toEqual(['1.6.18']);
}

describe.each(SERVERS)('$name', ({ name, start, skip }) => {
  describe.skipIf(skip)('every protocol', () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.stop());

    test.each(['auto', 'meta', 'classic', 'binary'] as const)(
      'every operation works with %s',
      async (protocol) => {
        const cache = client(server.port, { protocol });
        await expectToWork(cache);
        const found = await cache.gets('large');
        expect(await cache.cas('large', 'new', found!.cas)).toBe('stored');
        expect(await cache.cas('large', 'new', found!.cas)).toBe('exists');
        expect(await cache.cas('absent', 'new', 1n)).toBe('not-found');
        expect(await cache.replace('absent', 'new')).toBe('not-stored');
        expect(await cache.append('absent', 'new')).toBe('not-stored');
        expect(await cache.prepend('large', 'a ')).toBe('stored');
        expect(await cache.get('large')).toBe('a new');
        expect(await cache.touch('large', 100)).toBe(true);
        expect(await cache.touch('absent', 100)).toBe(false);
        await cache.set('n', 10);
        expect(await cache.decrement('n', 2)).toBe(8n);
        expect(await cache.get('n')).toBe(8);
        expect((await cache.stats()).values().next().value?.get('version')).toBe('1.6.18');
        await cache.flush();
        expect(await cache.get('large')).toBeUndefined();
        const lease = await outcomeOf(cache.fetch('k', { leaseSeconds: 10 }));
        const isMeta = protocol === 'auto' || protocol === 'meta';
        expect(lease).toEqual(
          isMeta ? expect.objectContaining({ wonLease: true }) : 'ERR_UNSUPPORTED',
        );
      },
    );

    test('the client does not send a login to a node that does not require it', async () => {
      const cache = client(server.port, { login: USER });
      await cache.set('a', 'x');
      expect(await cache.get('auth')).toBeUndefined();
    });

    test('several connections return the right values', async () => {
      const cache = client(server.port, { connectionsPerNode: 4 });
      const keys = Array.from({ length: 500 }, (_, i) => `several-${i}`);
      await Promise.all(keys.map((key) => cache.set(key, key)));
      expect(await Promise.all(keys.map((key) => cache.get(key)))).toEqual(keys);
      const stats = await cache.stats();
      expect(Number([...stats.values()][0]?.get('total_connections'))).toBeGreaterThan(3);
    });
  });

  describe.skipIf(skip)('the ASCII login', () => {
    test('the client logs in to a node that requires it', async () => {
      const server = await stopAtEnd(start({ args: ['-Y', users] }));
      await expectToWork(client(server.port, { login: USER }));
      await expectToWork(client(server.port, { login: USER, protocol: 'classic' }));
      expect(await outcomeOf(client(server.port, { login: WRONG }).get('a'))).toBe('ERR_LOGIN');
      const without = client(server.port);
      expect(await outcomeOf(without.get('a'))).toBe('ERR_LOGIN');
      expect(await outcomeOf(without.get('a'))).toBe('ERR_LOGIN');
    });
  });

  const noSasl = name === 'memcached' && saslMissing() !== undefined;
  describe.skipIf(skip || noSasl)('SASL PLAIN', () => {
    test('the client detects it or uses it with protocol binary', async () => {
      const env = name === 'memcached' ? sasl.memcachedEnv : sasl.slabringEnv;
      const server = await stopAtEnd(start({ args: ['-S'], env }));
      await expectToWork(client(server.port, { login: USER }));
      await expectToWork(client(server.port, { login: USER, protocol: 'binary' }));
      const wrong = client(server.port, { login: WRONG, protocol: 'binary' });
      expect(await outcomeOf(wrong.get('a'))).toBe('ERR_LOGIN');
    });
  });
});

describe('TLS', () => {
  let authority: Authority;
  let identity: Identity;
  let tls: { identity: Identity; ca: Buffer };
  beforeAll(async () => {
    authority = await Authority.create(folder.path);
    identity = await authority.issue('node');
    tls = { identity, ca: await readFile(authority.ca) };
  });

  test('TLS works with a private CA, by address and by name, also with many values', async () => {
    const server = await stopAtEnd(startSlabring({ tls }));
    await expectToWork(client(server.port, { tls: { ca: tls.ca } }));
    const named = client(server.port, { tls: { ca: tls.ca, servername: 'localhost' } });
    await expectToWork(named);
    const keys = Array.from({ length: 2000 }, (_, i) => `many-${i}`);
    await Promise.all(keys.map((key) => named.set(key, key.repeat(20))));
    const { values } = await named.getMany(keys);
    for (const key of keys) expect(values.get(key)).toBe(key.repeat(20));
    // Many replies in a few TLS records.
    expect((await named.stats('settings')).values().next().value?.get('maxbytes')).toBe('67108864');
    await expectToWork(client(server.port, { tls: { ca: tls.ca }, protocol: 'binary' }));
  });

  describe('over fragmented TLS records', () => {
    let server: TestServer;
    let proxy: FaultProxy;
    beforeAll(async () => {
      server = await startSlabring({ tls });
      proxy = await FaultProxy.start(server);
    });
    afterAll(async () => {
      await proxy?.stop();
      await server?.stop();
    });

    test.each(['meta', 'classic', 'binary'] as const)(
      '%s: operations and statistics complete, also byte by byte',
      async (protocol) => {
        for (const kind of ['none', 'trickle'] as const) {
          proxy.setFault({ kind });
          const cache = client(proxy.port, { tls: { ca: tls.ca }, protocol, deadlineMs: 60_000 });
          if (kind === 'none') await expectToWork(cache);
          await cache.set('item', 'x');
          // Many replies in one record, records in pieces, and several requests at once.
          const topics = [undefined, 'settings', 'items', 'slabs', undefined];
          const all = await Promise.all(topics.map((topic) => cache.stats(topic)));
          const shown = all.map((stats) => [...stats.values()][0]!);
          expect(shown[0]?.get('version')).toBe('1.6.18');
          expect(shown[1]?.get('ssl_enabled')).toBe('yes');
          for (const each of shown) expect(each.size).toBeGreaterThan(5);
          expect(await cache.get('item')).toBe('x');
          await cache.flush();
        }
      },
    );
  });

  test('the client rejects a node with an untrusted certificate or another name', async () => {
    const server = await stopAtEnd(startSlabring({ tls }));
    for (const options of [{ tls: true }, { tls: { ca: tls.ca, servername: 'other.example' } }]) {
      const error: unknown = await client(server.port, options)
        .get('a')
        .catch((why) => why);
      expect(error).toMatchObject({ code: 'ERR_NODE_DOWN', cause: expect.any(Error) });
    }
  });

  test('the client sends the client certificate to a node that requires one', async () => {
    const own = await authority.issue('client');
    const verify = `ssl_ca_cert=${authority.ca},ssl_verify_mode=2`;
    const server = await stopAtEnd(startSlabring({ tls, args: ['-o', verify] }));
    const { ca } = tls;
    const [cert, key] = await Promise.all([readFile(own.cert), readFile(own.key)]);
    await expectToWork(client(server.port, { tls: { ca, cert, key } }));
    const without = await outcomeOf(client(server.port, { tls: { ca } }).get('a'));
    expect(['ERR_NODE_DOWN', 'ERR_REPLY_LOST']).toContain(without);
  });
});

describe('protocol detection', () => {
  const classic = (text: string): string | undefined =>
    text === 'get a\r\n' ? 'END\r\n' : undefined;

  test('the client speaks classic text with a memcached older than 1.6.10', async () => {
    const node = await stopAtEnd(RawNode.start(classic, 'classic'));
    expect(await client(node.port).get('a')).toBeUndefined();
  });

  test('the client speaks classic text with a node that does not know `mn`', async () => {
    const replyTo = (text: string) => (text === 'mn\r\n' ? 'ERROR\r\n' : classic(text));
    const node = await stopAtEnd(
      RawNode.start(
        (text) => (text === 'version\r\n' ? 'VERSION proxy\r\n' : replyTo(text)),
        'silent',
      ),
    );
    expect(await client(node.port).get('a')).toBeUndefined();
    expect(await outcomeOf(client(node.port, { protocol: 'meta' }).get('a'))).toBe('ERR_NODE_DOWN');
  });

  test('the client speaks classic text if a proxy closes on an unknown command', async () => {
    const node = await stopAtEnd(
      RawNode.start((text) => {
        if (text === 'version\r\n') return 'VERSION 1.6.18\r\n';
        return text === 'mn\r\n' ? RawNode.CLOSE : classic(text);
      }, 'silent'),
    );
    expect(await client(node.port).get('a')).toBeUndefined();
    expect(node.connections).toBe(2);
  });
});

test('the client resolves a name at every connect: nodes may change addresses', async () => {
  const replyTo = (value: string) => (text: string) => {
    return text.replaceAll(/mg \S+ O(\d+) f v\r\n/g, `VA 1 O$1 f0\r\n${value}\r\n`);
  };
  const first = await stopAtEnd(RawNode.start(replyTo('1')));
  const elsewhere = { host: '127.0.0.2', port: first.port };
  await stopAtEnd(RawNode.start(replyTo('2'), 'meta', elsewhere));
  let lookupCount = 0;
  const lookup: LookupFunction = (_, options, found) => {
    const address = lookupCount++ === 0 ? '127.0.0.1' : '127.0.0.2';
    if (options.all === true) found(null, [{ address, family: 4 }]);
    else found(null, address, 4);
  };
  const nodes = [`cache.example:${first.port}`];
  const cache = createClient({ nodes, deadlineMs: 10_000, lookup });
  openResources.push(cache);
  expect(await cache.get('a')).toBe('1');
  first.resetAll();
  await once(cache, 'node-down');
  await once(cache, 'node-up');
  expect(await cache.get('a')).toBe('2');
  expect(lookupCount).toBe(2);
});

test('a name that does not resolve is a node down, and the client resolves it again', async () => {
  const node = await stopAtEnd(
    RawNode.start((text) => text.replace(/.*O(\d+).*\r\n/, 'EN O$1\r\n')),
  );
  let lookupCount = 0;
  const lookup: LookupFunction = (_, options, found) => {
    if (++lookupCount < 3)
      found(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []);
    else if (options.all === true) found(null, [{ address: '127.0.0.1', family: 4 }]);
    else found(null, '127.0.0.1', 4);
  };
  const nodes = [`cache.example:${node.port}`];
  const cache = createClient({ nodes, deadlineMs: 10_000, lookup });
  openResources.push(cache);
  const up = once(cache, 'node-up');
  const error: unknown = await cache.get('a').catch((why: unknown) => why);
  expect(error).toMatchObject({ code: 'ERR_NODE_DOWN', cause: { code: 'ENOTFOUND' } });
  await up;
  expect(await cache.get('a')).toBeUndefined();
});

test('the client connects to a unix socket', async () => {
  const unixSocket = join(folder.path, 'node.sock');
  await stopAtEnd(startSlabring({ unixSocket }));
  const cache = createClient({ nodes: [unixSocket], deadlineMs: 10_000 });
  openResources.push(cache);
  await expectToWork(cache);
  expect(cache.nodeOf('a')).toBe(unixSocket);
});

describe('cancelling an operation', () => {
  test('a cancelled operation is not sent or its reply is dropped; others go on', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const requests: string[] = [];
    const node = await stopAtEnd(
      RawNode.start(async (text) => {
        requests.push(text);
        await held;
        return text.replaceAll(/mg (\S+) O(\d+) f v\r\n/g, 'VA 1 O$2 f0\r\n$1\r\n');
      }),
    );
    const cache = client(node.port);
    const controller = new AbortController();
    const early = outcomeOf(cache.get('x', { signal: AbortSignal.abort('before') }));
    const [cancelled, other] = [cache.get('a', { signal: controller.signal }), cache.get('b')];
    const end = cancelled.catch((error: unknown) => error);
    await expect.poll(() => requests.length).toBe(1);
    controller.abort(new Error('enough'));
    expect(await end).toMatchObject({ code: 'ERR_ABORTED', cause: { message: 'enough' } });
    release();
    expect(await other).toBe('b');
    expect(await early).toBe('ERR_ABORTED_UNSENT');
    expect(requests).toEqual(['mg a O1 f v\r\nmg b O2 f v\r\n']);
    expect(await cache.get('c')).toBe('c');
  });

  test('a short deadline of one call does not affect the others', async () => {
    const replies: (() => void)[] = [];
    const node = await stopAtEnd(
      RawNode.start(async (text) => {
        if (text.includes('slow')) await new Promise<void>((resolve) => replies.push(resolve));
        return text.replaceAll(/mg (\S+) O(\d+) f v\r\n/g, 'VA 1 O$2 f0\r\nv\r\n');
      }),
    );
    const cache = client(node.port);
    // The connection exists: the request below is sent before its deadline.
    expect(await cache.get('first')).toBe('v');
    expect(await outcomeOf(cache.get('slow', { deadlineMs: 20 }))).toBe('ERR_DEADLINE');
    await expect.poll(() => replies.length).toBe(1);
    const next = cache.get('quick');
    for (const reply of replies) reply();
    expect(await next).toBe('v');
    expect(node.connections).toBe(1);
  });
});

test('a long deadline holds although later operations reach theirs', async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const node = await stopAtEnd(
    RawNode.start(async (text) => {
      await held;
      return text.replaceAll(/mg (\S+) O(\d+) f v\r\n/g, 'VA 1 O$2 f0\r\n$1\r\n');
    }),
  );
  const cache = client(node.port, { deadlineMs: 50 });
  const slow = cache.get('a', { deadlineMs: 10_000 });
  expect(await outcomeOf(cache.get('b'))).toBe('ERR_DEADLINE');
  expect(await outcomeOf(cache.get('c'))).toBe('ERR_DEADLINE');
  release();
  expect(await slow).toBe('a');
  expect(await cache.get('d', { deadlineMs: 10_000 })).toBe('d');
  expect(node.connections).toBe(1);
});

test('the client limits the bytes of waiting values', async () => {
  const node = await stopAtEnd(RawNode.start(() => undefined, 'silent'));
  const cache = client(node.port, { maxPendingBytesPerNode: 1000, deadlineMs: 200 });
  const ends = await Promise.all(
    ['x'.repeat(5000), 'y', 'z'.repeat(10)].map((value, i) => outcomeOf(cache.set(`k${i}`, value))),
  );
  expect(ends.slice(1)).toEqual(['ERR_QUEUE_FULL', 'ERR_QUEUE_FULL']);
  expect(ends[0]).not.toBe('ERR_QUEUE_FULL');
});
