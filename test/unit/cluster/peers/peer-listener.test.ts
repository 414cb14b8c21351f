import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../../../src/base/index.ts';
import { PeerListener } from '../../../../src/cluster/peers/peer-listener.ts';
import {
  encodeChallenge,
  encodeSigned,
  KIND,
  PEER_STATUS,
  welcomeFields,
} from '../../../../src/protocol/peer.ts';
import type { PeerEnd } from '../../../support/peer-network.ts';
import { ADDRESS, HeldRequests, identityOf, Peers } from '../../../support/peers.ts';

/** Connects to the listener without a link; returns what the listener sends, and the connection. */
function stranger({ network }: Peers): { readonly received: Buffer[]; readonly end: PeerEnd } {
  const received: Buffer[] = [];
  const end = network.machine().connect(ADDRESS, {
    data: (bytes, length) => {
      received.push(Buffer.from(bytes.subarray(0, length)));
      return true;
    },
    end: () => {},
    drain: () => {},
    close: () => {},
  });
  network.run();
  return { received, end: end as PeerEnd };
}

const say = ({ network }: Peers, { end }: { readonly end: PeerEnd }, bytes: Buffer): void => {
  end.write(bytes, bytes.length);
  network.run();
};

describe('handshakes', () => {
  test.each([
    ['another secret', { identity: identityOf('a', { secret: Buffer.alloc(16, 1) }) }, 'secret'],
    ['another cluster', { identity: identityOf('a', { cluster: 'other' }) }, 'cluster'],
    ['another incarnation', { incarnation: 2 }, 'another incarnation'],
  ])('a peer with %s gets no connection', async (_what, options, reason) => {
    const peers = await Peers.start(options);
    const link = peers.link();
    peers.ping(link, 'a');
    peers.network.run();
    expect(link.isUp).toBe(false);
    expect(peers.settled.results).toEqual(['ERR_PEER_DOWN']);
    expect(peers.logged.join()).toContain(reason);
    expect(peers.listener.connections.size).toBe(0);
    link.close();
  });
  test('a listener with another name, and one that does not know the member, refuse', async () => {
    const service = new HeldRequests();
    const asked: unknown[] = [];
    service.accepts = (...args: unknown[]) => asked.push(args) > 1;
    const peers = await Peers.start({ service });
    const wrongName = peers.link({ name: 'c' });
    peers.network.run();
    expect(peers.logged.join()).toContain('it has another name');
    expect(asked).toEqual([]);
    wrongName.close();
    const link = peers.link();
    peers.network.run();
    expect(peers.logged.join()).toContain('this node is no member of its topology');
    expect(asked).toEqual([['a', 1]]);
    peers.network.advance(50);
    expect(link.isUp).toBe(true);
    const [connection] = peers.listener.connections;
    expect(connection).toMatchObject({ name: 'a', incarnation: 1, isOpen: true });
    link.close();
  });
  test('a recorded hello proves nothing on another connection', async () => {
    const service = new HeldRequests();
    const peers = await Peers.start({ service });
    const link = peers.link();
    const [end] = peers.network.ends;
    const said: Buffer[] = [];
    const write = end!.write.bind(end);
    end!.write = (bytes, length) => {
      said.push(Buffer.from(bytes.subarray(0, length)));
      return write(bytes, length);
    };
    peers.ping(link, 'a');
    peers.network.run();
    expect(service.held).toHaveLength(1);
    const thief = stranger(peers);
    say(peers, thief, Buffer.concat(said));
    expect(service.held).toHaveLength(1);
    expect(peers.listener.connections.size).toBe(1);
    expect(peers.logged).toEqual([
      'Closed the connection of a peer at address 2: it has another cluster secret.',
    ]);
  });
  test.each([
    ['sends its proof back', (hello: Buffer) => hello.subarray(-32)],
    ['has another secret', () => Buffer.alloc(32, 7)],
  ])('a link believes no listener that %s', async (_what, proofOf) => {
    const peers = await Peers.start();
    peers.network.listeners.set('false:1', (open) => {
      const data = (bytes: Buffer, length: number): boolean => {
        const proof = proofOf(Buffer.from(bytes.subarray(0, length)));
        const fields = welcomeFields({ incarnation: 1, name: 'b' });
        const welcome = encodeSigned(KIND.welcome, fields, proof);
        end.write(welcome, welcome.length);
        return true;
      };
      const end = open({ data, end: () => {}, drain: () => {}, close: () => {} });
      const challenge = encodeChallenge(Buffer.alloc(32, 1));
      end.write(challenge, challenge.length);
    });
    const link = peers.link({ peerAddress: 'false:1' });
    peers.network.run();
    expect(link.isUp).toBe(false);
    expect(peers.ups).toEqual(['ERR_PEER_DOWN']);
    expect(peers.logged[0]).toContain('it has another cluster secret');
    link.close();
  });
  test('a request before the handshake closes the connection', async () => {
    const service = new HeldRequests();
    const peers = await Peers.start({ service });
    const early = stranger(peers);
    say(peers, early, Buffer.concat([Buffer.from([0, 0, 0, 0, KIND.ping]), Buffer.alloc(15)]));
    expect(early.end.isClosed).toBe(true);
    expect(service.held).toEqual([]);
    expect(peers.logged).toHaveLength(1);
  });
  test('bytes of another protocol close the connection, with one line in the log', async () => {
    const peers = await Peers.start();
    for (const text of ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'version\r\n'.repeat(3)]) {
      const { end } = stranger(peers);
      say(peers, { end }, Buffer.from(text));
      expect(end.isClosed).toBe(true);
    }
    expect(peers.logged).toHaveLength(2);
    expect(peers.logged[0]).toMatch(/^Closed the connection of a peer at .*announces \d+ bytes/);
    expect(peers.listener.connections.size).toBe(0);
  });
  test('a peer that stays silent is closed after its time', async () => {
    const peers = await Peers.start({ listener: { handshakeMs: 700 } });
    const { end, received } = stranger(peers);
    expect(received).toHaveLength(1);
    peers.network.advance(699);
    expect(end.isClosed).toBe(false);
    peers.network.advance(1);
    expect(end.isClosed).toBe(true);
    expect(peers.logged[0]).toContain('within 700 ms');
  });
  test('silent peers push out the oldest of them, and a real peer still connects', async () => {
    const peers = await Peers.start({ listener: { handshakesMax: 3 } });
    const ends = Array.from({ length: 5 }, () => stranger(peers).end);
    expect(ends.map(({ isClosed }) => isClosed)).toEqual([true, true, false, false, false]);
    const link = peers.link();
    peers.network.run();
    expect(link.isUp).toBe(true);
    expect(peers.listener.connections.size).toBe(3);
    link.close();
  });
  test('a listener has a bound of connections', async () => {
    const peers = await Peers.start({ listener: { connectionsMax: 2 } });
    const links = [1, 2, 3].map(() => {
      const link = peers.link();
      peers.network.run();
      return link;
    });
    expect(links.map(({ isUp }) => isUp)).toEqual([true, true, false]);
    expect(peers.listener.connections.size).toBe(2);
    for (const link of links) link.close();
  });
});

describe('requests', () => {
  test('a reply that is too large becomes a failure', async () => {
    const service = new HeldRequests();
    const peers = await Peers.start({ service });
    const link = peers.link();
    peers.ping(link, 'a');
    peers.network.run();
    const [{ frame, from }] = service.held as [(typeof service.held)[number]];
    from.reply(frame.id, PEER_STATUS.ok, 1, Buffer.alloc(64 * 1024 * 1024 + 64 * 1024 + 1));
    peers.network.run();
    expect(peers.settled.results[0]).toMatch(/^3 The reply is too large/);
    link.close();
  });
  test('a service that replies twice is a bug', async () => {
    const service = new HeldRequests();
    const peers = await Peers.start({ service });
    const link = peers.link();
    peers.ping(link, 'a');
    peers.network.run();
    const [{ frame, from }] = service.held as [(typeof service.held)[number]];
    from.reply(frame.id, PEER_STATUS.ok, 1);
    expect(() => from.reply(frame.id, PEER_STATUS.ok, 1)).toThrow('replies once');
    link.close();
  });
  test('a peer that does not read its replies costs the bound of bytes', async () => {
    const bytesMax = 500_000;
    const big = Buffer.alloc(50_000, 'r');
    const service = new HeldRequests();
    service.request = (frame, from) => from.reply(frame.id, PEER_STATUS.ok, 1, big);
    const peers = await Peers.start({ service, listener: { bytesMax } });
    const link = peers.link();
    peers.network.run();
    peers.network.ends[0]!.isStuck = true;
    for (let sent = 0; sent < 500; sent++) peers.ping(link, 'x');
    peers.network.run();
    const [connection] = peers.listener.connections;
    expect(connection!.heldBytes).toBeLessThan(2 * bytesMax + 256 * 1024 + 2 * 65_536);
    expect(peers.settled.results).toEqual([]);
    peers.network.ends[0]!.unstick();
    peers.network.run();
    expect(peers.settled.results).toHaveLength(500);
    expect(new Set(peers.settled.results)).toEqual(new Set([`0 ${big}`]));
    link.close();
  });
  test('requests that wait for replies pause the connection at their bound', async () => {
    const service = new HeldRequests();
    const peers = await Peers.start({ service, listener: { framesMax: 10 } });
    const link = peers.link();
    for (let sent = 0; sent < 100; sent++) peers.ping(link, `${sent}`);
    peers.network.run();
    expect(service.held).toHaveLength(10);
    for (let served = 0; served < 100; served++) {
      const { frame, from } = service.held[served]!;
      from.reply(frame.id, PEER_STATUS.ok, 1, frame.copyPayload());
      peers.network.run();
      expect(service.held.length).toBeLessThanOrEqual(served + 11);
    }
    const expected = Array.from({ length: 100 }, (_, sent) => `0 ${sent}`);
    expect(peers.settled.results).toEqual(expected);
    link.close();
  });
  test('a peer that is no member any more is closed when the listener checks again', async () => {
    const service = new HeldRequests();
    const peers = await Peers.start({ service });
    const link = peers.link();
    stranger(peers);
    peers.listener.recheck();
    peers.network.run();
    expect(link.isUp).toBe(true);
    service.accepts = () => false;
    peers.listener.recheck();
    expect(service.ended).toHaveLength(1);
    expect(peers.listener.connections.size).toBe(1);
    expect(peers.logged[0]).toMatch(/the peer a at .*: it is no member/);
    link.close();
  });
  test('a closed listener closes its connections, and takes no new ones', async () => {
    const service = new HeldRequests();
    const peers = await Peers.start({ service });
    const link = peers.link();
    peers.ping(link, 'a');
    peers.network.run();
    peers.listener.close();
    peers.network.advance(100);
    expect(peers.settled.results).toEqual(['ERR_PEER_LOST']);
    expect(link.isUp).toBe(false);
    expect(service.ended).toHaveLength(1);
    service.held[0]!.from.reply(service.held[0]!.frame.id, PEER_STATUS.ok, 1);
    link.close();
  });
  test('a secret that is too short is refused', () => {
    const deps = { machine: undefined as never, log: silentLogger };
    const identity = identityOf('a', { secret: Buffer.alloc(15) });
    const start = () => new PeerListener(identity, new HeldRequests(), deps);
    expect(start).toThrow('has 15 bytes. Give it at least 16');
  });
});
