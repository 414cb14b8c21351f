/** `slabring serve --join etcd://…`: nodes of many machines, each a process of its own. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MembersReply } from '../../src/cluster/index.ts';
import { EtcdServer, whyNoEtcd } from '../support/etcd.ts';
import { startVerb } from '../support/node-process.ts';
import { freePort } from '../support/ports.ts';
import type { OwnedProcess } from '../support/server.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

/** What one node tells its clients: the version, and the ports of the nodes. */
type Published = readonly [version: number, ports: string];

describe.skipIf(whyNoEtcd() !== undefined)('nodes that join a cluster in etcd', () => {
  let etcd: EtcdServer;
  let ports: readonly [number, number, number];
  const nodes = new Map<number, OwnedProcess>();

  beforeAll(async () => {
    etcd = await EtcdServer.start();
    ports = [await freePort(), await freePort(), await freePort()];
    for (const port of ports) start(port);
    await allPublish(ports);
  }, 120_000);
  afterAll(async () => {
    for (const node of nodes.values()) await node.stop();
    await etcd?.dispose();
  });

  function start(port: number): void {
    const listen = ['-l', '127.0.0.1', '-p', `${port}`, '-m', '16', '-t', '1'];
    const join = ['--join', `etcd://${etcd.address}`, '--cluster', 'web'];
    const name = ['--node-name', `n${port}`, '--replicas', '2', '-v'];
    nodes.set(port, startVerb(['serve', ...listen, ...join, ...name]));
  }

  const published = async (port: number): Promise<Published> => {
    const reply = await exchangeOnce({ host: '127.0.0.1', port }, 'config get cluster\r\n');
    const [, version, list = ''] = reply.split(/\r?\n/);
    return [
      Number(version),
      list
        .split(' ')
        .map((node) => node.split('|')[2])
        .sort()
        .join(),
    ];
  };

  /** Waits until these nodes publish each other under one version, and returns it. */
  const allPublish = (of: readonly number[]): Promise<number> =>
    waitUntil(
      `the nodes ${of} publish each other`,
      async () => {
        const all = await Promise.all(of.map((port) => published(port).catch(() => undefined)));
        const expected = [...of].sort().join();
        const [version] = all[0] ?? [];
        const areEqual = all.every((each) => each?.[0] === version && each?.[1] === expected);
        return areEqual ? version : undefined;
      },
      60_000,
    );

  test('a node that is killed leaves the ring, and its next process returns to it', async () => {
    const [first, second, third] = ports;
    const before = await allPublish(ports);
    const killed = nodes.get(third)!;
    killed.child.kill('SIGKILL');
    await killed.exited;
    const without = await allPublish([first, second]);
    start(third);
    const again = await allPublish(ports);
    expect([without > before, again > without]).toEqual([true, true]);
  });

  test('a node that thaws after its lease has run out begins again by itself', async () => {
    const [first, second, third] = ports;
    const frozen = nodes.get(first)!;
    frozen.child.kill('SIGSTOP');
    try {
      await allPublish([second, third]);
    } finally {
      frozen.child.kill('SIGCONT');
    }
    await allPublish(ports);
    expect(frozen.stderr).toContain('The node starts again, without its items.');
    expect(frozen.child.exitCode).toBeNull();
  });

  test('nodes serve while etcd is away, and a node that stops leaves the ring later', async () => {
    const [first, second, third] = ports;
    await allPublish(ports);
    await etcd.kill();
    const stopped = nodes.get(second)!;
    expect((await stopped.stop()).code).toBe(0);
    const reply = await exchangeOnce({ host: '127.0.0.1', port: first }, 'version\r\n');
    expect(reply).toContain('VERSION');
    await etcd.start();
    await allPublish([first, third]);
    start(second);
    await allPublish(ports);
  });

  test('slabring nodes lists the members, and removes one', async () => {
    const at = ['--cluster', `etcd://${etcd.address}`];
    const list = async () => {
      const { out } = await startVerb(['nodes', 'list', '--json', ...at]).result();
      return JSON.parse(out) as MembersReply;
    };
    const [first, second, third] = ports;
    await allPublish(ports);
    const { cluster, replicas, members, changes } = await list();
    expect([cluster, replicas]).toEqual(['web', 2]);
    expect(members.map(({ state }) => state)).toEqual(['serving', 'serving', 'serving']);
    expect(members.map(({ memoryLimitBytes }) => memoryLimitBytes)).toEqual(Array(3).fill(2 ** 24));
    expect(changes.map(({ reason }) => reason)).toContain(`n${first} has all its items`);
    const name = `n${third}`;
    const dryRun = await startVerb(['nodes', 'remove', name, '--dry-run', ...at]).result();
    expect([dryRun.code, dryRun.out]).toEqual([0, expect.stringContaining('Nothing has changed')]);
    const removed = await startVerb(['nodes', 'remove', name, ...at]).result();
    expect([removed.code, removed.out]).toEqual([0, expect.stringContaining(`${name} (`)]);
    await allPublish([first, second]);
    const again = await startVerb(['nodes', 'remove', `n${second}`, ...at]).result();
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('add a node first')]);
  });

  test('a node that cannot join says what is missing', async () => {
    const join = ['serve', '-p', `${await freePort()}`, '--join', `etcd://${etcd.address}`];
    const noName = await startVerb(join).result();
    expect([noName.code, noName.err]).toEqual([2, expect.stringContaining('add --cluster')]);
    const wrong = await startVerb([
      ...join.slice(0, -1),
      'etcd:/host',
      '--cluster',
      'web',
    ]).result();
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('etcd://host:2379')]);
  });
});
