import { Random } from '../support/random.ts';
import type { TestServer } from '../support/server.ts';
import { RawConnection, sendAndReadToEnd } from '../support/wire.ts';
import { FuzzFailure } from './session-fuzz.ts';
import { cutRandomly, randomStream, SENTINEL_KEY } from './streams.ts';

const SET_SENTINEL = `set ${SENTINEL_KEY} 5 0 4\r\nkeep\r\n`;
const SENTINEL_HIT = `VALUE ${SENTINEL_KEY} 5 4\r\nkeep\r\nEND\r\n`;

/**
 * Sends random streams to a node, each on a connection of its own, which may close in the middle.
 * @throws {FuzzFailure} if the node refuses a connection, or the sentinel item has changed.
 */
export async function fuzzNode(
  server: TestServer,
  seed: number,
  streamCount: number,
  progress = (_done: number) => {},
): Promise<void> {
  const random = new Random(seed);
  await sendAndReadToEnd(server.address, SET_SENTINEL);
  for (let index = 0; index < streamCount; index++) {
    const { bytes } = randomStream(random);
    const closesEarly = random.oneIn(4);
    const pieces = cutRandomly(random, bytes);
    const fail = (problem: string): never => {
      throw new FuzzFailure(`seed ${seed}, stream ${index}: ${problem}\n${bytes.toString('hex')}`);
    };
    const connection = await RawConnection.connect(server.address).catch(() =>
      fail('the node refused a connection'),
    );
    await connection.sendPieces(pieces).catch(() => {});
    if (!closesEarly) await connection.finish().catch((error: unknown) => fail(String(error)));
    connection.destroy();
    const reply = await sendAndReadToEnd(server.address, `get ${SENTINEL_KEY}\r\n`).catch(() =>
      fail('the node refused a connection'),
    );
    if (reply.toString('latin1') !== SENTINEL_HIT)
      fail(`the reply to the get of the sentinel is ${reply.toString('latin1')}`);
    progress(index + 1);
  }
}
