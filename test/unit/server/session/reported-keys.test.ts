/** What a session tells the seat of its cluster: which keys it changes, and which it has read. */
import { describe, expect, test } from 'vitest';
import { PLACE } from '../../../../src/server/session/cluster-seat.ts';
import { ClusterConnection } from '../../../support/cluster-connection.ts';
import { ManualSeat } from '../../../support/manual-seat.ts';

/** A client of a node: keys with an `x` are at member 1. */
function connect() {
  const seat = new ManualSeat();
  seat.placeOf = (key) => (key.includes('x') ? 1 : PLACE.here);
  const cluster = new ClusterConnection(seat, 1);
  const ask = async (text: string): Promise<void> => {
    cluster.send(text);
    await cluster.settle();
  };
  return { seat, cluster, ask };
}

describe('the keys that a session reports', () => {
  test('a key is reported before it changes, and each key here that a reply is about', async () => {
    const { seat, cluster, ask } = connect();
    await ask('set a 0 0 1\r\n1\r\nget a b\r\n');
    expect(seat.told.splice(0)).toEqual(['changing a', 'read a', 'read b']);
    await ask('mg a v\r\nme a\r\ngat 0 a b\r\n');
    expect(seat.told.splice(0)).toEqual(['read a', 'read a', 'changing a', 'changing b']);
    await ask('mg c v N30\r\nmg c v N30\r\n');
    expect(seat.told.splice(0)).toEqual(['changing c', 'changing c', 'read c']);
    await ask('get a x b\r\n');
    while (cluster.execute(1));
    expect(seat.told.splice(0)).toEqual(['read a', 'read b']);
  });
  test('a value that arrives in parts is reported before it is stored', async () => {
    const { seat, ask } = connect();
    await ask('set a 0 0 4\r\nab');
    seat.told = [];
    await ask('cd\r\n');
    expect(seat.told).toEqual(['changing a']);
  });
});

describe('copies of keys of other members', () => {
  const copied = async () => {
    const test = connect();
    await test.ask('set a 0 0 1\r\n2\r\n');
    // What the cluster has sent to this node.
    test.seat.placeOf = () => PLACE.here;
    await test.ask('set x 0 0 1\r\n1\r\n');
    test.seat.placeOf = (key) => (key.includes('x') ? 1 : PLACE.here);
    test.seat.copyOf = (key) => key.includes('x');
    test.cluster.received = '';
    return test;
  };
  test('a get is answered by a copy, and a miss goes to the primary', async () => {
    const { seat, cluster, ask } = await copied();
    await ask('get x\r\nget a x\r\nmg x v k\r\n');
    const [first, second] = ['VALUE x 0 1\r\n1\r\nEND\r\n', 'VALUE a 0 1\r\n2\r\n'];
    expect(cluster.received).toBe(`${first}${second}${first}VA 1 kx\r\n1\r\n`);
    expect(seat.forwarded).toEqual([]);
    await ask('get xx\r\n');
    expect(seat.forwarded).toHaveLength(1);
  });
  test.each(['gets x', 'gat 0 x', 'mg x c', 'mg x v N30', 'mg x v T30', 'mg x v R30', 'mg x t'])(
    'the primary answers %s',
    async (request) => {
      const { seat, cluster, ask } = await copied();
      await ask(`${request}\r\n`);
      expect(cluster.received).toBe('');
      expect(seat.forwarded).toHaveLength(1);
    },
  );
  test('the primary grants the lease of a stale item', async () => {
    const { seat, ask } = await copied();
    seat.placeOf = () => PLACE.here;
    await ask('md x I T30\r\n');
    seat.placeOf = (key) => (key.includes('x') ? 1 : PLACE.here);
    await ask('mg x v\r\n');
    expect(seat.forwarded).toHaveLength(1);
  });
});
