import { PAUSE } from '../../src/server/session.ts';
import { audit } from '../../src/store/index.ts';
import { Random } from '../support/random.ts';
import { Talker, testShare } from '../support/talker.ts';
import { cutRandomly, randomStream, SENTINEL_KEY } from './streams.ts';

/** Streams told to one store before it is looked over, and made anew. */
const STREAMS_PER_STORE = 200;
const REQUESTS_PER_TURN = 1_000_000;
/** Damage can make a flush of any packet, and that would take the sentinel with it. */
const FLUSH_ALLOWED = false;
const SET = `set ${SENTINEL_KEY} 5 0 4\r\nkeep\r\n`;
const HELD = `VALUE ${SENTINEL_KEY} 5 4\r\nkeep\r\nEND\r\n`;

/** A stream that broke something. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/**
 * Tells `streams` random streams to sessions on a store without sockets, each cut in two ways.
 * @throws {Broken} with what is wrong and the bytes, as hex, when the store is not sound afterwards,
 * the sentinel is gone, or the two ways got different replies.
 */
export function fuzzSessions(
  seed: number,
  streams: number,
  progress = (_done: number) => {},
): void {
  const random = new Random(seed);
  for (let done = 0; done < streams; done += STREAMS_PER_STORE) {
    const count = Math.min(STREAMS_PER_STORE, streams - done);
    fuzzStore(random, count, seed, done);
    progress(done + count);
  }
}

function fuzzStore(random: Random, streams: number, seed: number, before: number): void {
  const share = testShare({ memoryLimitBytes: 8 << 20 });
  const keeper = new Talker(share);
  keeper.say(SET);
  for (let nth = 0; nth < streams; nth++) {
    const { bytes } = randomStream(random);
    const pieces = cutRandomly(random, bytes);
    const say = (problem: string): never => {
      throw new Broken(
        `seed ${seed}, stream ${before + nth}: ${problem}\n${bytes.toString('hex')}`,
      );
    };
    const talker = new Talker(share, 0, REQUESTS_PER_TURN, FLUSH_ALLOWED);
    try {
      tell(talker, pieces);
    } catch (error) {
      say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    talker.session.abandon();
    if (keeper.say(`get ${SENTINEL_KEY}\r\n`) !== HELD) say('the sentinel is gone');
  }
  const problems = audit(keeper.store);
  if (problems.length > 0)
    throw new Broken(`seed ${seed}, by stream ${before + streams}: ${problems}`);
}

/** Feeds pieces as a connection would; a session must always get on or ask for more. */
function tell(talker: Talker, pieces: readonly Buffer[]): void {
  let carry = Buffer.alloc(0);
  for (const piece of pieces) {
    carry = Buffer.concat([carry, piece]);
    const { consumed, pause } = talker.feed(carry);
    if (pause === PAUSE.closing) return;
    if (consumed > carry.length) throw new Error(`took ${consumed} of ${carry.length} bytes`);
    carry = Buffer.from(carry.subarray(consumed));
  }
}
