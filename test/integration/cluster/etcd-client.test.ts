import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EtcdClient } from '../../../src/cluster/membership/etcd/etcd-client.ts';
import { PrefixFollower } from '../../../src/cluster/membership/etcd/prefix-follower.ts';
import { Authority } from '../../support/certificates.ts';
import { EtcdServer, whyNoEtcd } from '../../support/etcd.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { freePort } from '../../support/ports.ts';
import { waitUntil } from '../../support/wait.ts';

const missing = whyNoEtcd() !== undefined;
const cleanups: (() => unknown)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

function clientOf(options: ConstructorParameters<typeof EtcdClient>[0]): EtcdClient {
  const client = new EtcdClient({ attemptMs: 500, ...options });
  cleanups.push(() => client.close());
  return client;
}

/** Follows a prefix; `values` shows its keys at the last change. */
function follow(client: EtcdClient, prefix: string) {
  const seen = { values: {} as Record<string, string>, changes: 0, losses: [] as string[] };
  const follower = new PrefixFollower(client, prefix, {
    changed: (state) => {
      seen.changes += 1;
      seen.values = Object.fromEntries([...state.values()].map(({ key, value }) => [key, value]));
    },
    lost: ({ message }) => seen.losses.push(message),
  });
  cleanups.push(() => follower.stop());
  const shows = (values: Readonly<Record<string, string>>): Promise<unknown> =>
    waitUntil(
      `the follower shows ${JSON.stringify(values)}`,
      () => JSON.stringify(seen.values) === JSON.stringify(values),
    );
  return { seen, shows, follower };
}

describe.skipIf(missing)('one etcd', () => {
  let etcd: EtcdServer;
  let client: EtcdClient;
  beforeAll(async () => {
    etcd = await EtcdServer.start();
    cleanups.push(() => etcd.dispose());
    client = clientOf({ endpoints: [etcd.address] });
  });

  test('the client reads the keys of a prefix only', async () => {
    await client.put('/read/a', '1');
    await client.put('/read/b', 'ä€');
    await client.put('/reae', '3');
    const { keys, hasMore } = await client.range('/read/', 10);
    expect(keys.map(({ key, value }) => [key, value])).toEqual([
      ['/read/a', '1'],
      ['/read/b', 'ä€'],
    ]);
    expect(hasMore).toBe(false);
    expect((await client.range('/read/', 1)).hasMore).toBe(true);
    await client.remove('/read/a');
    expect((await client.range('/read/', 10)).keys).toHaveLength(1);
  });

  test('one of two transactions with the same comparison is made', async () => {
    const create = { key: '/race', target: 'created', revision: 0 } as const;
    const tries = ['a', 'b', 'c'].map((value) =>
      client.transact([create], [{ put: '/race', value }]),
    );
    const made = (await Promise.all(tries)).filter(({ succeeded }) => succeeded);
    expect(made).toHaveLength(1);
    const modified = made[0]!.revision;
    const change = { key: '/race', target: 'modified', revision: modified } as const;
    const first = await client.transact([change], [{ put: '/race', value: 'd' }]);
    const second = await client.transact([change], [{ put: '/race', value: 'e' }]);
    expect([first.succeeded, second.succeeded]).toEqual([true, false]);
  });

  test('the keys of a lease end with it', async () => {
    const [kept, lost] = [await client.grantLease(1), await client.grantLease(1)];
    await client.put('/lease/kept', '1', kept);
    await client.put('/lease/lost', '1', lost);
    const { shows } = follow(client, '/lease/');
    await waitUntil('the lease ends', async () => {
      expect(await client.keepLeaseAlive(kept)).toBe(true);
      return (await client.range('/lease/', 10)).keys.length === 1;
    });
    await shows({ '/lease/kept': '1' });
    expect(await client.keepLeaseAlive(lost)).toBe(false);
    await expect(client.put('/lease/late', '1', lost)).rejects.toThrow('lease not found');
    await client.revokeLease(kept);
    await client.revokeLease(kept);
    await shows({});
  });

  test('a follower sees changes over a compaction and a restart of etcd', async () => {
    const { seen, shows } = follow(client, '/follow/');
    await client.put('/follow/a', '1');
    await shows({ '/follow/a': '1' });
    await client.put('/follow/a', '2');
    await client.put('/follow/b', '3');
    const { revision } = await client.range('/follow/', 1);
    await etcd.control('compact', String(revision));
    await shows({ '/follow/a': '2', '/follow/b': '3' });
    await etcd.kill();
    await waitUntil('the follower notices', () => seen.losses.length > 0);
    expect(seen.losses[0]).toContain(etcd.address);
    await etcd.start();
    await client.remove('/follow/a');
    await shows({ '/follow/b': '3' });
  });

  test('a follower of a compacted revision reads the keys again', async () => {
    await client.put('/compacted', '1');
    await client.put('/compacted', '2');
    const { revision } = await client.range('/compacted', 1);
    await etcd.control('compact', String(revision));
    const watch = client.watch('/compacted', 1, new AbortController().signal);
    const messages = [(await watch.next()).value, (await watch.next()).value];
    expect(messages).toContainEqual({
      kind: 'canceled',
      reason: `its revisions below ${revision} are compacted`,
    });
    await watch.return(undefined as never);
  });

  test('a follower sees that a restored backup has fewer keys', async () => {
    const { shows } = follow(client, '/restored/');
    await client.put('/restored/a', 'old');
    await etcd.kill();
    await etcd.backUp();
    await etcd.start();
    await client.put('/restored/a', 'new');
    await client.put('/restored/b', 'new');
    await shows({ '/restored/a': 'new', '/restored/b': 'new' });
    await etcd.kill();
    await etcd.restore();
    await etcd.start();
    await shows({ '/restored/a': 'old' });
    await client.put('/restored/c', 'newer');
    await shows({ '/restored/a': 'old', '/restored/c': 'newer' });
  });

  test('a frozen etcd fails requests in bounded time, and ends watches', async () => {
    const { seen, shows } = follow(client, '/frozen/');
    await client.put('/frozen/a', '1');
    await shows({ '/frozen/a': '1' });
    await etcd.freeze();
    try {
      await expect(client.range('/frozen/', 1)).rejects.toMatchObject({
        code: 'ERR_ETCD_DOWN',
        message: expect.stringContaining('no reply in 500 ms'),
      });
      await waitUntil('the follower notices', () => seen.losses.length > 0);
    } finally {
      etcd.thaw();
    }
    await client.put('/frozen/a', '2');
    await shows({ '/frozen/a': '2' });
  });

  test('a follower stops while etcd is frozen', async () => {
    const { follower, shows } = follow(client, '/stopped/');
    await client.put('/stopped/a', '1');
    await shows({ '/stopped/a': '1' });
    await etcd.freeze();
    try {
      await follower.stop();
    } finally {
      etcd.thaw();
    }
  });

  test('requests go to the next endpoint when one refuses connections', async () => {
    const dead = `127.0.0.1:${await freePort()}`;
    const both = clientOf({ endpoints: [dead, etcd.address] });
    const { shows } = follow(both, '/failover/');
    await both.put('/failover/a', '1');
    await shows({ '/failover/a': '1' });
    const none = clientOf({ endpoints: [dead] });
    await expect(none.put('/failover/b', '1')).rejects.toMatchObject({
      code: 'ERR_ETCD_DOWN',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

describe.skipIf(missing)('an etcd with users', () => {
  test('the client logs in, and again when its token is no longer known', async () => {
    const etcd = await EtcdServer.start();
    cleanups.push(() => etcd.dispose());
    await etcd.control('user', 'add', 'root:secret');
    await etcd.control('user', 'grant-role', 'root', 'root');
    await etcd.control('auth', 'enable');
    const login = { username: 'root', password: 'secret' };
    const client = clientOf({ endpoints: [etcd.address], login });
    const { shows } = follow(client, '/users/');
    await client.put('/users/a', '1');
    await shows({ '/users/a': '1' });
    // Tokens live in the memory of etcd.
    await etcd.kill();
    await etcd.start();
    await waitUntil('a request succeeds', () =>
      client.put('/users/a', '2').then(
        () => true,
        () => false,
      ),
    );
    await shows({ '/users/a': '2' });
    const noUser = clientOf({ endpoints: [etcd.address] });
    const wrong = clientOf({ endpoints: [etcd.address], login: { ...login, password: 'no' } });
    for (const refused of [noUser, wrong]) {
      await expect(refused.put('/users/b', '1')).rejects.toMatchObject({ code: 'ERR_ETCD_LOGIN' });
    }
  });
});

describe.skipIf(missing)('an etcd with TLS', () => {
  test('the client checks the certificate of etcd, and shows its own', async () => {
    const folder = await temporaryFolder();
    cleanups.push(() => folder.remove());
    const authority = await Authority.create(folder.path);
    const [server, own] = [await authority.issue('etcd'), await authority.issue('node')];
    const etcd = await EtcdServer.start({ ca: authority.ca, ...server });
    cleanups.push(() => etcd.dispose());
    const ca = await readFile(authority.ca);
    const [cert, key] = [await readFile(own.cert), await readFile(own.key)];
    const client = clientOf({ endpoints: [etcd.address], tls: { ca, cert, key } });
    const { shows } = follow(client, '/tls/');
    await client.put('/tls/a', '1');
    await shows({ '/tls/a': '1' });
    const noCertificate = clientOf({ endpoints: [etcd.address], tls: { ca } });
    const otherAuthority = clientOf({ endpoints: [etcd.address], tls: { cert, key } });
    for (const refused of [noCertificate, otherAuthority]) {
      await expect(refused.put('/tls/b', '1')).rejects.toMatchObject({ code: 'ERR_ETCD_DOWN' });
    }
  });
});
