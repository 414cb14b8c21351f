import { describe, expect, test } from 'vitest';
import { ADDRESS, Peers } from '../../../support/peers.ts';

describe('PeerLink and a peer that ends', () => {
  test('the end of a peer is in the log only if the link does not come back', async () => {
    const peers = await Peers.start();
    const link = peers.link();
    peers.ping(link, 'a');
    peers.network.run();
    const listener = peers.network.listeners.get(ADDRESS)!;
    peers.network.listeners.delete(ADDRESS);
    peers.network.ends[0]!.other!.destroy();
    peers.network.advance(500);
    expect([link.isUp, peers.logged]).toEqual([false, []]);
    peers.network.listeners.set(ADDRESS, listener);
    peers.network.advance(1000);
    peers.ping(link, 'b');
    peers.network.run();
    expect([link.isUp, peers.logged]).toEqual([true, []]);
    peers.network.listeners.delete(ADDRESS);
    peers.network.ends.at(-1)!.other!.destroy();
    peers.network.advance(500);
    expect(peers.logged).toEqual([]);
    peers.network.advance(5000);
    expect(peers.logged).toHaveLength(1);
    link.close();
  });
});
