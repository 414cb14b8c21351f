import { describe, expect, test } from 'vitest';
import { clusterKeys } from '../../../src/cluster/membership/etcd/cluster-keys.ts';
import { decodeTopology, memberOf } from '../../../src/topology/index.ts';
import { whyNoEtcd } from '../../support/etcd.ts';
import { etcdClusterForEachTest } from '../../support/etcd-cluster.ts';
import { waitUntil } from '../../support/wait.ts';

const KEYS = clusterKeys('web');

describe.skipIf(whyNoEtcd() !== undefined)('the membership of nodes in etcd', () => {
  const { client, start, startThree } = etcdClusterForEachTest();

  test('nodes that register at the same time begin a cluster with one secret', async () => {
    const [a, b, c] = await startThree();
    expect(new Set([a.secret, b.secret, c.secret]).size).toBe(1);
    expect(a.secret).toMatch(/^[0-9a-f]{64}$/);
    expect(a.topology).toMatchObject({ cluster: 'web', replicas: 2, replication: 'sync' });
    expect(memberOf(a.topology!, 'b')).toMatchObject({
      address: '127.0.0.1:12',
      peerAddress: '127.0.0.1:12',
      incarnation: b.incarnation,
    });
  });

  test('a node that registers later joins, and serves when all are ready', async () => {
    const a = await start('a', 11);
    await a.sees('a serving');
    a.member.lags = true;
    const b = await start('b', 12);
    await b.sees('a serving, b joining');
    a.member.lags = false;
    a.member.adopted.length = 0;
    const now = decodeTopology((await client().get(KEYS.topology(2)))!.value);
    a.member.adopt(now);
    await b.sees('a serving, b serving');
    const versions = b.member.adopted.map(({ version }) => version);
    expect(versions).toEqual([2, 3]);
  });

  test('a node whose process ends is down, and a new process of it is filled', async () => {
    const [a, b, c] = await startThree();
    await c.close();
    await a.sees(a.states.replace('c serving', 'c down'));
    const again = await start('c', 13);
    await waitUntil('c serves', () => again.states.includes('c serving'));
    await b.sees(again.states);
    expect(memberOf(again.topology!, 'c')!.incarnation).toBe(again.incarnation);
    // A node that registers late joins the two that have begun: a change before these.
    const reasons = b.member.causes.map((cause) => cause.split(': ')[1]);
    const ended = reasons.indexOf('c has ended');
    expect(reasons.slice(ended)).toEqual([
      'c has ended',
      'c has restarted and gets its items',
      'c has all its items',
    ]);
    const states = b.member.adopted.slice(ended).map((each) => memberOf(each, 'c')!.state);
    expect(states).toEqual(['down', 'filling', 'serving']);
  });

  test('a member that the others cannot reach is down, and begins again', async () => {
    const [a, b, c] = await startThree();
    for (const { member } of [a, b]) {
      member.unreachable = ['c'];
      member.tell();
    }
    await waitUntil('c is down', () => a.states.includes('c down'));
    await waitUntil('c begins again', () => c.renewal !== undefined);
    expect(c.renewal).toContain('The cluster went on without c');
  });

  test('a driver that is cut off from the others takes none of them down', async () => {
    const all = await startThree();
    const driverName = async () => (await client().get(KEYS.driver))?.value;
    const first = await driverName();
    const cutOff = all.find(({ name }) => name === first)!;
    const others = all.filter((node) => node !== cutOff);
    const { member } = cutOff;
    for (const other of others) other.member.unheard = [cutOff.name];
    member.unheard = others.map(({ name }) => name);
    member.unreachable = member.unheard;
    member.tell();
    await waitUntil('another node drives', async () => (await driverName()) !== first);
    for (const { member } of others) {
      member.unreachable = [cutOff.name];
      member.tell();
    }
    await waitUntil('the one that is cut off begins again', () => cutOff.renewal !== undefined);
    expect(others.map(({ renewal }) => renewal)).toEqual([undefined, undefined]);
    expect(others[0]!.states).toContain(`${cutOff.name} down`);
  });

  test('a node that comes back at another address leaves, and joins again', async () => {
    const [a, , c] = await startThree();
    await c.close();
    await waitUntil('c is down', () => a.states.includes('c down'));
    const moved = await start('c', 23);
    await waitUntil('c serves', () => moved.states.includes('c serving'));
    expect(memberOf(moved.topology!, 'c')!.address).toBe('127.0.0.1:23');
    const version = moved.topology!.version;
    await waitUntil('a follows', () => a.topology!.version === version);
    const states = a.member.adopted.map((topology) => memberOf(topology, 'c')?.state);
    expect(states.slice(-5)).toEqual(['down', 'gone', undefined, 'joining', 'serving']);
  });

  test('members learn that a process has ended in order, and its key is removed', async () => {
    const [a, , c] = await startThree();
    await c.close();
    await waitUntil('a knows that c has ended', () => a.ended.includes(c.incarnation));
    await waitUntil('c is down', () => a.states.includes('c down'));
    await waitUntil('its key is removed', async () => {
      return (await client().get(KEYS.node('c'))) === undefined;
    });
  });

  test('a name that another process has is not taken', async () => {
    const a = await start('a', 11);
    await a.sees('a serving');
    const other = await start('a', 11);
    const b = await start('b', 12);
    await b.sees('a serving, b serving');
    expect(memberOf(b.topology!, 'a')!.incarnation).toBe(a.incarnation);
    expect(other.topology).toBeUndefined();
    await a.close();
    await waitUntil('the other process is a', () => other.states === 'a serving, b serving');
  });
});
