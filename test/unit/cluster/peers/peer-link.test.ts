import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../../../src/base/index.ts';
import { peerMachine } from '../../../../src/cluster/peers/machine.ts';
import { PeerLink } from '../../../../src/cluster/peers/peer-link.ts';
import { KIND, PEER_STATUS } from '../../../../src/protocol/peer.ts';
import { HeldRequests, identityOf, Peers } from '../../../support/peers.ts';
import { Random, testSeed } from '../../../support/random.ts';

describe('PeerLink', () => {
  test('an address that is none fails at once', () => {
    const target = { name: 'b', peerAddress: 'b', incarnation: 1 };
    const deps = { machine: peerMachine(), log: silentLogger };
    expect(() => new PeerLink(target, identityOf('a'), deps)).toThrow('is not host:port');
  });
  test('requests that are sent while the link connects get their replies', async () => {
    const peers = await Peers.start();
    const link = peers.link();
    for (const text of ['one', 'two', '']) peers.ping(link, text);
    expect(link.isUp).toBe(false);
    peers.network.run();
    expect(link.isUp).toBe(true);
    expect(peers.settled.results).toEqual(['0 one', '0 two', '0 ']);
    expect([link.waitingCount, link.backlogBytes]).toEqual([0, 0]);
  });
  test('the requests of one turn leave in one write, and so do their replies', async () => {
    const peers = await Peers.start();
    const link = peers.link();
    peers.network.run();
    const [end] = peers.network.ends;
    const before = [end!.writes, end!.other!.writes];
    for (let sent = 0; sent < 100; sent++) peers.ping(link, `${sent}`);
    peers.network.run();
    expect(peers.settled.results).toHaveLength(100);
    expect(end!.writes - before[0]!).toBe(1);
    expect(end!.other!.writes - before[1]!).toBeLessThanOrEqual(3);
  });
  test('long output of a turn leaves in writes of 256 KiB', async () => {
    const service = new HeldRequests();
    const peers = await Peers.start({ service });
    const link = peers.link();
    peers.network.run();
    const [end] = peers.network.ends;
    const before = end!.writes;
    for (let sent = 0; sent < 20; sent++) peers.forward(link, 10_000);
    expect(end!.writes).toBe(before);
    for (let sent = 0; sent < 10; sent++) peers.forward(link, 10_000);
    expect(end!.writes).toBe(before + 1);
    peers.network.run();
    expect(end!.writes).toBe(before + 2);
    expect(service.held.map(({ frame }) => frame.payloadBytes)).toEqual(Array(30).fill(10_000));
    link.close();
  });
  test('each reply settles its own request, in any order', async () => {
    const service = new HeldRequests();
    const peers = await Peers.start({ service });
    const link = peers.link();
    for (const text of ['a', 'b', 'c']) peers.ping(link, text);
    peers.network.run();
    for (const { frame, from } of service.held.toReversed()) {
      from.reply(frame.id, PEER_STATUS.newer, 4, frame.copyPayload());
    }
    peers.network.run();
    expect(peers.settled.results).toEqual(['2 c', '2 b', '2 a']);
  });
  test('a payload that throws sends nothing, and leaves the other requests alone', async () => {
    const peers = await Peers.start();
    const link = peers.link();
    peers.ping(link, 'a');
    const fail = () =>
      link.send(
        KIND.ping,
        1,
        (sink) => {
          sink.putText('half');
          throw new Error('no payload');
        },
        peers.settled.next(),
      );
    expect(fail).toThrow('no payload');
    peers.ping(link, 'b');
    peers.network.run();
    expect(peers.settled.results).toEqual(['0 a', '0 b']);
    expect(link.waitingCount).toBe(0);
  });
  test('a request without a reply times out, and its late reply settles nothing else', async () => {
    const service = new HeldRequests();
    const peers = await Peers.start({ service, link: { replyMs: 1000 } });
    const link = peers.link();
    peers.ping(link, 'slow');
    peers.network.advance(900);
    // Bytes of the peer show that the connection lives.
    peers.ping(link, 'quick');
    peers.network.run();
    service.held[1]!.from.reply(service.held[1]!.frame.id, PEER_STATUS.ok, 1);
    peers.network.advance(400);
    expect(peers.settled.results).toEqual(['0 ', 'ERR_PEER_TIMEOUT']);
    peers.ping(link, 'next');
    peers.network.run();
    service.held[0]!.from.reply(service.held[0]!.frame.id, PEER_STATUS.ok, 1);
    peers.network.run();
    expect(peers.settled.results).toHaveLength(2);
    expect(link.isUp).toBe(true);
    expect(link.waitingCount).toBe(1);
  });
  test('a link without requests plans no timer', async () => {
    const peers = await Peers.start();
    const link = peers.link();
    peers.ping(link, 'a');
    peers.network.advance(10_000);
    expect(peers.network.plannedCount).toBe(0);
    expect(link.isUp).toBe(true);
  });
});

describe('PeerLink without a peer', () => {
  test('requests fail with the attempt to connect, and later ones at once', async () => {
    const peers = await Peers.start();
    const link = peers.link({ peerAddress: 'nobody:1' });
    peers.ping(link, 'a');
    peers.network.run();
    peers.ping(link, 'b');
    expect(peers.settled.results).toEqual(['ERR_PEER_DOWN']);
    peers.network.run();
    expect(peers.settled.results).toEqual(['ERR_PEER_DOWN', 'ERR_PEER_DOWN']);
    expect(peers.ups).toEqual(['ERR_PEER_DOWN']);
    expect(peers.logged).toEqual([]);
    peers.network.advance(2000);
    expect(peers.logged).toEqual([
      'Cannot reach the peer b (nobody:1): connect ECONNREFUSED. The link keeps trying.',
    ]);
  });
  test('the delay between attempts doubles up to its bound, with one line in the log', async () => {
    const peers = await Peers.start({ link: { retryMs: 20, retryMsMax: 1000 } });
    peers.link({ peerAddress: 'nobody:1' });
    const times: number[] = [];
    for (let ms = 0; ms < 10_000; ms++) {
      if (peers.network.ends.length > times.length) times.push(ms);
      peers.network.advance(1);
    }
    const delays = times.slice(1).map((time, at) => time - times[at]!);
    for (const [at, delay] of delays.entries()) {
      const longest = Math.min(1000, 20 * 2 ** at);
      expect(delay, `attempt ${at}`).toBeGreaterThanOrEqual(longest / 2 - 2);
      expect(delay, `attempt ${at}`).toBeLessThanOrEqual(longest + 2);
    }
    expect(delays.length).toBeGreaterThan(10);
    expect(peers.logged).toHaveLength(1);
  });
  test('a peer that never completes the handshake fails the attempt', async () => {
    const peers = await Peers.start({ link: { connectMs: 500 } });
    peers.network.listeners.set('mute:1', (open) => {
      open({ data: () => true, end: () => {}, drain: () => {}, close: () => {} });
    });
    const link = peers.link({ peerAddress: 'mute:1' });
    peers.ping(link, 'a');
    peers.network.advance(499);
    expect(peers.settled.results).toEqual([]);
    peers.network.advance(1);
    expect(peers.settled.results).toEqual(['ERR_PEER_DOWN']);
    expect(peers.logged[0]).toContain('it has not completed the handshake within 500 ms');
    link.close();
  });
  test('a lost connection fails sent requests as lost, and unsent ones as down', async () => {
    const service = new HeldRequests();
    const peers = await Peers.start({ service });
    const link = peers.link();
    peers.ping(link, 'sent');
    peers.network.run();
    peers.network.ends[0]!.other!.destroy();
    peers.network.ends[0]!.isStuck = true;
    peers.ping(link, 'unsent');
    peers.network.ends[0]!.close(new Error('read ECONNRESET'));
    peers.network.ends[0]!.events!.close(new Error('read ECONNRESET'));
    expect(peers.settled.results).toEqual(['ERR_PEER_LOST', 'ERR_PEER_DOWN']);
    peers.network.advance(20);
    expect(link.isUp).toBe(true);
    expect(peers.ups).toEqual(['up', 'ERR_PEER_DOWN', 'up']);
    expect(service.held.map(({ frame }) => frame.payloadText())).toEqual(['sent']);
    expect(service.ended).toHaveLength(1);
  });
  test('a half-open connection is given up after the time for a reply', async () => {
    const peers = await Peers.start({ link: { replyMs: 1000 } });
    const link = peers.link();
    peers.network.run();
    peers.network.ends[0]!.isMute = true;
    peers.ping(link, 'into the void');
    peers.network.advance(1250);
    expect(peers.settled.results).toEqual(['ERR_PEER_TIMEOUT']);
    peers.ping(link, 'a');
    peers.network.advance(20);
    expect(peers.settled.results[1]).toBe('ERR_PEER_DOWN');
    expect(link.isUp).toBe(true);
    expect(peers.logged[0]).toContain('it has sent nothing for 1000 ms');
  });
  test('a closed link settles all requests, connects no more and plans nothing', async () => {
    const service = new HeldRequests();
    const peers = await Peers.start({ service });
    const link = peers.link();
    peers.ping(link, 'sent');
    peers.network.run();
    peers.ping(link, 'unsent');
    link.close('the node stops');
    link.close();
    peers.ping(link, 'late');
    peers.network.run();
    expect(peers.settled.results).toEqual(['ERR_PEER_LOST', 'ERR_PEER_CLOSED', 'ERR_PEER_CLOSED']);
    peers.network.advance(60_000);
    expect(peers.network.ends).toHaveLength(1);
    expect(peers.network.plannedCount).toBe(0);
  });
});

describe('PeerLink and a slow peer', () => {
  test('a full link refuses forwards and states, and keeps room for marks', async () => {
    const service = new HeldRequests();
    const peers = await Peers.start({ service, link: { framesMax: 10 } });
    const link = peers.link();
    for (let sent = 0; sent < 12; sent++) peers.forward(link, 1);
    peers.network.run();
    expect(peers.settled.results).toEqual(['ERR_PEER_FULL', 'ERR_PEER_FULL']);
    for (let sent = 0; sent < 1025; sent++) peers.ping(link, 'x');
    peers.network.run();
    expect(peers.settled.results).toHaveLength(3);
    expect(link.waitingCount).toBe(10 + 1024);
    service.held[0]!.from.reply(service.held[0]!.frame.id, PEER_STATUS.ok, 1);
    peers.network.run();
    expect(peers.settled.results.slice(3)).toEqual(['0 ']);
  });
  test('a peer that stops reading costs the link its bound of bytes and one frame', async () => {
    const bytesMax = 2_000_000;
    const peers = await Peers.start({ link: { bytesMax, replyMs: 1000 } });
    const link = peers.link();
    peers.network.run();
    peers.network.ends[0]!.other!.isStuck = true;
    for (let turn = 0; turn < 100; turn++) {
      for (let sent = 0; sent < 10; sent++) peers.forward(link, 100_000);
      peers.network.run();
      expect(link.backlogBytes).toBeLessThan(bytesMax + 101_000);
    }
    expect(peers.settled.results.length).toBeGreaterThan(970);
    expect(new Set(peers.settled.results)).toEqual(new Set(['ERR_PEER_FULL']));
    peers.network.advance(1250);
    expect(peers.settled.results).toHaveLength(1000);
    expect(link.backlogBytes).toBe(0);
  });
  test('a reply frees the room of its request', async () => {
    const peers = await Peers.start({ link: { bytesMax: 1000, framesMax: 2 } });
    const link = peers.link();
    for (let sent = 0; sent < 200; sent++) {
      peers.forward(link, 100);
      peers.network.run();
    }
    expect(new Set(peers.settled.results)).toEqual(new Set([`0 ${'x'.repeat(100)}`]));
    expect(peers.settled.results).toHaveLength(200);
    link.close();
  });
  test('a request that is too large for a frame fails alone', async () => {
    const peers = await Peers.start();
    const link = peers.link();
    peers.ping(link, 'a');
    peers.forward(link, 64 * 1024 * 1024 + 64 * 1024 + 1);
    peers.ping(link, 'b');
    peers.network.run();
    expect(peers.settled.results).toEqual(['ERR_PEER_TOO_LARGE', '0 a', '0 b']);
  });
  const seed = testSeed();
  test(`each request settles once, whatever happens to its connection (SEED=${seed})`, async () => {
    for (let round = 0; round < 30; round++) {
      const random = new Random(seed).fork(round);
      const limits = { framesMax: 50, bytesMax: 100_000, replyMs: 400 };
      const peers = await Peers.start({ seed: random.int(1, 1e9), link: limits });
      const link = peers.link();
      let sent = 0;
      for (let step = 0; step < 200; step++) {
        for (let more = random.int(0, 5); more > 0; more--, sent++) {
          if (random.oneIn(2)) peers.ping(link, `${sent}`);
          else peers.forward(link, random.int(1, 20_000));
        }
        disturb(random, peers);
        peers.network.advance(random.int(0, 50));
      }
      link.close();
      peers.network.run();
      expect(peers.settled.results.length, `round ${round}`).toBe(sent);
      expect(link.waitingCount).toBe(0);
    }
  });
});

function disturb(random: Random, { network }: Peers): void {
  const end = network.ends.at(-1)!;
  if (random.oneIn(20)) end.other?.destroy();
  if (random.oneIn(40)) end.isMute = true;
  if (random.oneIn(40) && end.other !== undefined) end.other.isMute = true;
  if (random.oneIn(20) && end.other !== undefined) end.other.isStuck = true;
  if (random.oneIn(5)) end.other?.unstick();
}
