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
