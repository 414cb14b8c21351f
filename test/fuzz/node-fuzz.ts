import { Random } from '../support/random.ts';
import type { TestServer } from '../support/server.ts';
import { dialogue, RawConnection } from '../support/wire.ts';
import { Broken } from './session-fuzz.ts';
import { cutRandomly, randomStream, SENTINEL_KEY } from './streams.ts';

const SET = `set ${SENTINEL_KEY} 5 0 4\r\nkeep\r\n`;
const HELD = `VALUE ${SENTINEL_KEY} 5 4\r\nkeep\r\nEND\r\n`;

/**
 * Tells random streams to a node, each on a connection of its own that may go away in the middle.
 * @throws {Broken} when the node or the sentinel does not come through.
 */
export async function fuzzNode(
  server: TestServer,
  seed: number,
  streams: number,
  progress = (_done: number) => {},
): Promise<void> {
  const random = new Random(seed);
  await dialogue(server.address, SET);
  for (let nth = 0; nth < streams; nth++) {
    const { bytes } = randomStream(random);
    const leavesEarly = random.oneIn(4);
    const pieces = cutRandomly(random, bytes);
    const fails = (problem: string): never => {
      throw new Broken(`seed ${seed}, stream ${nth}: ${problem}\n${bytes.toString('hex')}`);
    };
    const connection = await RawConnection.connect(server.address).catch(() => fails('it is gone'));
    await connection.sendPieces(pieces).catch(() => {});
    if (!leavesEarly) await connection.finish().catch((error: unknown) => fails(String(error)));
    connection.destroy();
    const held = await dialogue(server.address, `get ${SENTINEL_KEY}\r\n`).catch(() =>
      fails('it is gone'),
    );
    if (held.toString('latin1') !== HELD) fails(`the sentinel is ${held.toString('latin1')}`);
    progress(nth + 1);
  }
}
