import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../../src/base/index.ts';
import type { PeerService } from '../../../../src/cluster/peers/peer-connection.ts';
import {
  beginFrame,
  endFrame,
  ForwardView,
  type KeyState,
  KIND,
  PEER_STATUS,
  PING_BYTES_MAX,
  readFlush,
  StatesReader,
} from '../../../../src/protocol/peer.ts';
import { Peers } from '../../../support/peers.ts';
import { Random, testSeed } from '../../../support/random.ts';

/** Reads the payload of each request, as a node does, and replies. */
class Reading implements PeerService {
  readonly #forward = new ForwardView();
  readonly #states = new StatesReader();

  accepts(): boolean {
    return true;
  }

  readonly request: PeerService['request'] = (frame, from) => {
    if (frame.kind === KIND.forward) this.#forward.read(frame);
    if (frame.kind === KIND.flush) readFlush(frame);
    if (frame.kind === KIND.states) {
      this.#states.open(frame);
      while (this.#states.next({} as KeyState));
    }
    from.reply(
      frame.id,
      PEER_STATUS.ok,
      1,
      frame.kind === KIND.ping ? frame.copyPayload() : undefined,
    );
  };
}

function randomFrames(random: Random): Buffer {
  const sink = new ByteSink(64);
  for (let count = random.int(1, 10); count > 0; count--) {
    const kind = random.pick([KIND.forward, KIND.states, KIND.mark, KIND.flush, KIND.ping]);
    const at = beginFrame(sink, kind, 0, random.int(0, 100), 1);
    const payload = random.bytes(random.int(0, 200));
    sink.ensure(payload.length);
    sink.putRange(payload, 0, payload.length);
    endFrame(sink, at);
  }
  const bytes = sink.bytes.subarray(0, sink.at);
  if (random.oneIn(3)) bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
  return bytes;
}

describe('PeerConnection', () => {
  const seed = testSeed();
  test(`a peer that sends garbage loses only its own connection (SEED=${seed})`, async () => {
    for (let round = 0; round < 100; round++) {
      const random = new Random(seed).fork(round);
      const peers = await Peers.start({ service: new Reading(), seed: random.int(1, 1e9) });
      const [good, bad] = [peers.link(), peers.link()];
      peers.network.run();
      expect([good.isUp, bad.isUp]).toEqual([true, true]);
      const bytes = randomFrames(random);
      peers.network.ends[1]!.write(bytes, bytes.length);
      peers.ping(good, 'good');
      peers.network.run();
      expect(peers.settled.results, `round ${round}`).toEqual(['0 good']);
      expect(peers.logged.length, `round ${round}`).toBeLessThanOrEqual(2);
      for (const link of [good, bad]) link.close();
    }
  });
  test.each([
    ['listener', KIND.reply],
    ['listener', 99],
    ['link', KIND.ping],
  ])('a %s closes a connection that brings a frame of another kind', async (who, kind) => {
    const peers = await Peers.start();
    const link = peers.link();
    peers.network.run();
    const sink = new ByteSink(64);
    endFrame(sink, beginFrame(sink, kind, 0, 1, 1));
    const [near] = peers.network.ends;
    (who === 'link' ? near!.other! : near!).write(sink.bytes, sink.at);
    peers.network.run();
    expect(link.isUp).toBe(false);
    expect(peers.listener.connections.size).toBe(0);
    expect(peers.logged[0]).toContain(`it has sent a frame of kind ${kind}`);
    link.close();
  });
  test('a ping has a bound', async () => {
    const peers = await Peers.start();
    const link = peers.link();
    peers.ping(link, 'x'.repeat(PING_BYTES_MAX));
    peers.network.run();
    peers.ping(link, 'x'.repeat(PING_BYTES_MAX + 1));
    peers.network.run();
    expect(peers.settled.results.map((result) => result.slice(0, 13))).toEqual([
      '0 xxxxxxxxxxx',
      'ERR_PEER_LOST',
    ]);
    expect(peers.logged[0]).toContain(`it has sent a ping of ${PING_BYTES_MAX + 1} bytes`);
    link.close();
  });
});
