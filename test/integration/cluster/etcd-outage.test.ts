import { describe, expect, test } from 'vitest';
import { type Logger, silentLogger } from '../../../src/base/index.ts';
import { Votes } from '../../../src/cluster/grants/votes.ts';
import {
  type ClusterState,
  clusterKeys,
  readClusterState,
} from '../../../src/cluster/membership/etcd/cluster-keys.ts';
import { Driver } from '../../../src/cluster/membership/etcd/driver.ts';
import { encodeTopology } from '../../../src/topology/index.ts';
import { whyNoEtcd } from '../../support/etcd.ts';
import { etcdClusterForEachTest, LEASE_MS } from '../../support/etcd-cluster.ts';
import { waitUntil } from '../../support/wait.ts';

const KEYS = clusterKeys('web');

describe.skipIf(whyNoEtcd() !== undefined)('the membership over failures of etcd', () => {
  const { etcd, client, start, startThree } = etcdClusterForEachTest();

  test('another node drives on when the driver ends', async () => {
    const nodes = await startThree();
    const driver = (await client().get(KEYS.driver))!.value;
    const [ended, other] = [
      nodes.find(({ name }) => name === driver)!,
      nodes.find(({ name }) => name !== driver)!,
    ];
    await ended.close();
    await waitUntil('the driver is down', () => other.states.includes(`${driver} down`));
    const next = (await client().get(KEYS.driver))!.value;
    expect(next).not.toBe(driver);
  });

  test('nodes go on while etcd is away, and register again', async () => {
    const [a, b] = await startThree();
    const { version } = a.topology!;
    await etcd().kill();
    await etcd().start();
    const keys = async () => (await client().range(`${KEYS.prefix}nodes/`, 10)).keys.length;
    await waitUntil('all are registered', async () => (await keys()) === 3);
    const d = await start('d', 14);
    await waitUntil('d serves', () => d.states.includes('d serving'));
    const down = [...a.member.adopted, ...b.member.adopted].filter(({ members }) =>
      members.some(({ state }) => state === 'down'),
    );
    expect(down).toEqual([]);
    expect(a.topology!.version).toBeGreaterThan(version);
    expect([a.renewal, b.renewal]).toEqual([undefined, undefined]);
    expect(a.member.reached.slice(0, 3)).toEqual([true, false, true]);
    const joined = [a, b].map(({ member }) => member.causes.find((each) => /d joins/.test(each)));
    expect(joined[0]).toMatch(/^[abc]: d joins/);
    expect(joined[1]).toBe(joined[0]);
  });

  test('a frozen etcd changes nothing, and leases that ran out are renewed', async () => {
    const [a] = await startThree();
    await etcd().freeze();
    const frozenMs = performance.now();
    try {
      await waitUntil('the leases have run out', () => performance.now() - frozenMs > LEASE_MS);
    } finally {
      etcd().thaw();
    }
    const d = await start('d', 14);
    await waitUntil('d serves', () => d.states.includes('d serving'));
    expect(a.renewal).toBeUndefined();
  });

  test('versions do not fall when the data of etcd is restored from a backup', async () => {
    const nodes = await startThree();
    const [a] = nodes;
    await etcd().kill();
    await etcd().backUp();
    await etcd().start();
    const d = await start('d', 14);
    await waitUntil('d serves', () => a.states.includes('d serving'));
    const before = a.topology!.version;
    await etcd().kill();
    await etcd().restore();
    await etcd().start();
    await start('e', 15);
    await waitUntil('e serves', () => a.states.includes('e serving'));
    for (const { member, renewal } of [...nodes, d]) {
      expect(renewal).toBeUndefined();
      const versions = member.adopted.map(({ version }) => version);
      const first = versions[0]!;
      expect(versions).toEqual(versions.map((_, nth) => first + nth));
      expect(versions.at(-1)).toBeGreaterThan(before);
    }
  });

  test('a node that missed a version begins again', async () => {
    const [a, , c] = await startThree();
    const { version, members } = a.topology!;
    const next = { ...a.topology!, version: version + 2, members };
    await client().put(KEYS.topology(next.version), encodeTopology(next));
    await waitUntil('both begin again', () => a.renewal !== undefined && c.renewal !== undefined);
    expect(a.renewal).toBe(`Etcd no longer has the topology ${version + 1}.`);
  });

  test('a driver that has lost its lock, or its topology, changes nothing', async () => {
    const [a] = await startThree();
    const { version } = a.topology!;
    const lease = await client().grantLease(60);
    const follower = await firstState();
    const locked = (created: number) => {
      const driver = { key: KEYS.driver, value: 'x', created, modified: created, lease };
      // A majority is registered, and c is not.
      const nodes = follower.nodes.filter(({ member }) => member.name !== 'c');
      return { ...follower, nodes, driver };
    };
    const warnings: string[] = [];
    const log = { ...silentLogger, warn: (_: object, text: string) => void warnings.push(text) };
    // Its member has heard that others follow a topology that etcd does not have.
    const waiting = driverWith(lease, { adoptedOf: () => version + 1, log });
    waiting.changed(locked(follower.driver!.created));
    await waiting.idle;
    expect((await client().get(KEYS.topology(version + 1)))?.value).toBeUndefined();
    await waitUntil('the driver says for whom it waits', () => warnings.length > 0);
    waiting.changed(locked(follower.driver!.created));
    await waiting.idle;
    waiting.close();
    expect(warnings).toEqual([expect.stringContaining('that a, b, c may follow')]);
    const driver = driverWith(lease);
    // It takes c for dead; another driver has the lock since then.
    driver.changed(locked(follower.driver!.created - 1));
    await driver.idle;
    expect((await client().get(KEYS.topology(version + 1)))?.value).toBeUndefined();
    driver.changed(locked(follower.driver!.created));
    await driver.idle;
    // A backup has been restored: etcd does not have the topology that the driver knows.
    const newest = { ...follower.newest!, version: version + 5 };
    driver.changed({ ...locked(follower.driver!.created), newest });
    await driver.idle;
    driver.close();
    expect((await client().get(KEYS.topology(version + 1)))?.value).toContain('down');
    expect(await client().get(KEYS.topology(version + 6))).toBeUndefined();
  });

  const driverWith = (
    lease: string,
    { adoptedOf = () => 0, log = silentLogger }: { adoptedOf?: () => number; log?: Logger } = {},
  ): Driver =>
    new Driver({
      client: client(),
      votes: new Votes({ readsCopies: false }),
      keys: KEYS,
      settings: { cluster: 'web', replicas: 2, replication: 'sync' },
      name: 'x',
      lease: () => lease,
      member: { hears: () => true, adoptedOf },
      settleMs: 0,
      log,
    });

  /** What etcd says of the cluster now. */
  async function firstState(): Promise<ClusterState> {
    const { keys } = await client().range(KEYS.prefix, 1000);
    return readClusterState(KEYS, new Map(keys.map((key) => [key.key, key])));
  }
});
