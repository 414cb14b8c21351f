/** Guards of a connection: the delete of a stale key that a node does not execute in time. */
import { describe, expect, test } from 'vitest';
import { DirectedCluster, keyPlacedAt } from '../../../support/simulation/directed.ts';

const [a, b] = ['127.0.0.1:1', '127.0.0.1:2'] as const;
const distribution = 'rendezvous';

describe('guards of a connection', () => {
  const nodes = [a, b];
  const key = keyPlacedAt(distribution, [{ nodes, owners: [a, b] }]);
  const deadlineMs = 1000;

  /** b has connected again and has received the delete of a stale key. */
  async function deleting(): Promise<DirectedCluster> {
    const cluster = new DirectedCluster(nodes, { distribution, replicas: 2, deadlineMs });
    await cluster.publish(...nodes);
    const stored = cluster.cache.set(key, 'v1');
    await cluster.serve(a);
    await shakeHands(cluster);
    await cluster.disconnect(b);
    await stored;
    cluster.node(b).isDisconnected = false;
    await cluster.advance(100);
    await shakeHands(cluster);
    expect(cluster.node(b).queue[0]?.text).toMatch(/^md /);
    return cluster;
  }

  /** b accepts the connection, and executes the handshake alone. */
  async function shakeHands(cluster: DirectedCluster): Promise<void> {
    cluster.connectionTo(b).accept();
    while (!/^m[ds] /.test(cluster.node(b).queue[0]?.text ?? '')) {
      await cluster.execute(b);
      await cluster.deliver(b);
    }
  }

  test('a node that does not delete a stale key by the deadline goes down', async () => {
    const cluster = await deleting();
    const down: string[] = [];
    cluster.cache.on('node-down', (name) => down.push(name));
    await cluster.advance(deadlineMs - 1);
    expect(down).toEqual([]);
    await cluster.advance(1);
    expect(down).toEqual([b]);
  });

  test('the client does not resend the delete of a stale key after its deadline', async () => {
    const cluster = await deleting();
    const down: string[] = [];
    cluster.cache.on('node-down', (name) => down.push(name));
    for (let closes = 1; closes < 4; closes++) {
      await cluster.advance(deadlineMs / 4);
      await cluster.closeCleanly(b);
      await shakeHands(cluster);
    }
    expect(down).toEqual([]);
    await cluster.advance(deadlineMs / 4);
    await cluster.closeCleanly(b);
    expect(down).toEqual([b]);
  });
});
