/** The requests of other nodes that the fast path answers, and those behind them. */
import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../../src/base/index.ts';
import { DIALECT } from '../../../../src/protocol/index.ts';
import { type ClusterSeat, PLACE } from '../../../../src/server/session/cluster-seat.ts';
import { createSessionContext } from '../../../../src/server/session/context.ts';
import { FastServing } from '../../../../src/server/session/fast-serving.ts';
import { PeerSession } from '../../../../src/server/session/peer-session.ts';
import { openStore } from '../../../../src/store/index.ts';
import { markCopies } from '../../../support/copy-node.ts';
import {
  fastStore,
  TEST_CONTROL,
  testShare,
  threadParts,
} from '../../../support/session-harness.ts';

const LOG = { watchedStreams: 0, cfd: 0, publish: () => {} };
const RULES = {
  flushAllowed: true,
  dumpingAllowed: true,
  watchingAllowed: false,
  requestsPerTurn: 1,
};

/** A node that answers for the keys without an `x`. Keys with a `c` are copies there. */
class PeerNode {
  /** The keys that the session has asked the place of. */
  readonly located: string[] = [];
  fast: ClusterSeat['fast'] = 'hits';
  readonly #store: ReturnType<typeof openStore>;
  readonly #session: PeerSession;

  constructor() {
    const share = testShare(fastStore('memory32'));
    const { fastPath, outputBuffers } = threadParts(share, 0)!;
    this.#store = openStore(share, 0);
    const node = this;
    const seat: ClusterSeat = {
      hasChanges: false,
      version: 1,
      get fast() {
        return node.fast;
      },
      locate: (bytes, start, end) => {
        const key = bytes.toString('latin1', start, end);
        this.located.push(key);
        return key.includes('x') ? 1 : PLACE.here;
      },
      settled: () => Promise.resolve(),
      forward: () => {},
      holdsCopy: () => false,
      changing: () => {},
      read: () => {},
      changed: () => {},
      changedFast: () => {},
      seal: () => false,
      mayAnswer: () => true,
      flushAll: () => {},
    };
    const own = new ByteSink(64);
    const context = createSessionContext(this.#store, TEST_CONTROL, RULES, own, LOG);
    const sink = new ByteSink(outputBuffers[0]);
    const serving = new FastServing(fastPath!, sink, LOG, TEST_CONTROL, 0, seat);
    this.#session = new PeerSession(context, seat, serving);
    for (const key of ['a', 'b', 'c', 'ax']) this.answer(`set ${key} 0 0 1\r\n${key[0]}\r\n`);
    markCopies(this.#store, (key) => key.includes('c'));
    this.located.length = 0;
  }

  /** The replies to the first requests. */
  first(...requests: readonly string[]): readonly string[] {
    const bytes = Buffer.from(requests.join(''));
    const session = this.#session;
    const range = [0, bytes.length, requests.length] as const;
    const count = session.answerFirst(DIALECT.classic, 'readwrite', bytes, ...range);
    return Array.from({ length: count }, (_, nth) => {
      const start = nth === 0 ? 0 : session.firstReplyEnd(nth - 1);
      return session.firstReplies.toString('latin1', start, session.firstReplyEnd(nth));
    });
  }

  answer(request: string): string {
    return this.#session.answer(DIALECT.classic, 'readwrite', Buffer.from(request)).toString();
  }

  get gets(): number {
    return this.#store.view.counter('get_cmds');
  }
}

const hit = (key: string): string => `VALUE ${key} 0 1\r\n${key}\r\n`;

describe('the fast path of peers', () => {
  test('requests whose keys have items here are answered, up to one for another key', () => {
    const node = new PeerNode();
    const replies = node.first('get a\r\n', 'get a b\r\n', 'set b 0 0 1\r\nb\r\n', 'get miss\r\n');
    expect(replies).toEqual([`${hit('a')}END\r\n`, `${hit('a')}${hit('b')}END\r\n`, 'STORED\r\n']);
    expect(node.located).toEqual([]);
    expect(node.answer('get miss\r\n')).toBe('END\r\n');
    expect(node.located).toEqual(['miss']);
  });

  test('a get goes on where the fast path has stopped, and counts each key once', () => {
    const node = new PeerNode();
    const before = node.gets;
    expect(node.first('get a b\r\n', 'get a c b miss\r\n')).toEqual([
      `${hit('a')}${hit('b')}END\r\n`,
    ]);
    expect(node.answer('get a c b miss\r\n')).toBe(`${hit('a')}${hit('c')}${hit('b')}END\r\n`);
    expect(node.located).toEqual(['c', 'b', 'miss']);
    expect(node.gets - before).toBe(6);
    expect(node.answer('get a\r\n')).toBe(`${hit('a')}END\r\n`);
  });

  test('a get with a later key of another node is refused, and leaves nothing behind', () => {
    const node = new PeerNode();
    expect(node.first('get a miss x\r\n')).toEqual([]);
    expect(node.answer('get a miss x\r\n')).toBe('notMine');
    expect(node.answer('get b a\r\n')).toBe(`${hit('b')}${hit('a')}END\r\n`);
  });

  test('a node that leaves nothing to the fast path answers nothing by it', () => {
    const node = new PeerNode();
    node.fast = 'off';
    expect(node.first('get a\r\n')).toEqual([]);
    node.fast = 'readHits';
    expect(node.first('get a\r\n', 'set a 0 0 1\r\na\r\n')).toEqual([`${hit('a')}END\r\n`]);
  });
});
