import { PAUSE } from '../../src/server/session/states.ts';
import { audit } from '../support/audit.ts';
import { Random } from '../support/random.ts';
import { fastStore, SessionHarness, testShare } from '../support/session-harness.ts';
import { cutRandomly, randomStream, SENTINEL_KEY } from './streams.ts';

/** The number of streams before the store is audited and replaced. */
const STREAMS_PER_STORE = 200;
/** Two of three stores use the fast path. */
const MEMORIES = [{}, fastStore('memory32'), fastStore('memory64')];
/** A mutation can turn any packet into a flush, which would delete the sentinel. */
const FLUSH_ALLOWED = false;
const SET_SENTINEL = `set ${SENTINEL_KEY} 5 0 4\r\nkeep\r\n`;
const SENTINEL_HIT = `VALUE ${SENTINEL_KEY} 5 4\r\nkeep\r\nEND\r\n`;

/** A stream made the node or the store fail. */
export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure';
}

/**
 * Sends random streams, in random pieces, to sessions on a store without sockets.
 * @throws {FuzzFailure} with the problem and the bytes of the stream, as hex, if a session throws
 * or the sentinel item is missing; with the findings of the audit, if it fails.
 */
export function fuzzSessions(
  seed: number,
  streamCount: number,
  progress = (_done: number) => {},
): void {
  const random = new Random(seed);
  for (let done = 0; done < streamCount; done += STREAMS_PER_STORE) {
    const count = Math.min(STREAMS_PER_STORE, streamCount - done);
    fuzzStore(random, count, seed, done);
    progress(done + count);
  }
}

function fuzzStore(random: Random, streamCount: number, seed: number, firstStream: number): void {
  const share = testShare({ memoryLimitBytes: 8 << 20, ...random.pick(MEMORIES) });
  const sentinelHarness = new SessionHarness(share);
  sentinelHarness.send(SET_SENTINEL);
  for (let index = 0; index < streamCount; index++) {
    const { bytes } = randomStream(random);
    const pieces = cutRandomly(random, bytes);
    const fail = (problem: string): never => {
      throw new FuzzFailure(
        `seed ${seed}, stream ${firstStream + index}: ${problem}\n${bytes.toString('hex')}`,
      );
    };
    const harness = new SessionHarness(share, 0, { flushAllowed: FLUSH_ALLOWED });
    try {
      feed(harness, pieces);
    } catch (error) {
      fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    harness.session.abandon();
    if (sentinelHarness.send(`get ${SENTINEL_KEY}\r\n`) !== SENTINEL_HIT)
      fail('the sentinel is missing');
  }
  const problems = audit(sentinelHarness.parts);
  if (problems.length > 0)
    throw new FuzzFailure(`seed ${seed}, at stream ${firstStream + streamCount}: ${problems}`);
}

/** Feeds pieces as a connection does; a session must consume no more bytes than it got. */
function feed(harness: SessionHarness, pieces: readonly Buffer[]): void {
  let carry = Buffer.alloc(0);
  for (const piece of pieces) {
    carry = Buffer.concat([carry, piece]);
    const { consumedBytes, pause } = harness.feed(carry);
    if (pause === PAUSE.close) return;
    if (consumedBytes > carry.length)
      throw new Error(`the session consumed ${consumedBytes} of ${carry.length} bytes`);
    carry = Buffer.from(carry.subarray(consumedBytes));
  }
}
