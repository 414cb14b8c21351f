/**
 * A thread that dies by a bug ends its node, because the thread may have held locks of the store
 * (test/threads/death.test.ts checks what other threads see until then).
 */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startSlabring } from '../support/node-process.ts';
import { Random, testSeed } from '../support/random.ts';
import type { TestServer } from '../support/server.ts';
import { printable, RawConnection } from '../support/wire.ts';
import { checkedValue, isChecked } from '../threads/checked-value.ts';

const PRELOAD = fileURLToPath(new URL('../support/fault-preload.ts', import.meta.url));
const CONNECTIONS = 6;
const KEYS = 800;
const BUG_EXIT_CODE = 70;
const seed = testSeed();

/** Sends random requests until the server ends; returns the invalid replies. */
async function sendUntilEnd(server: TestServer, random: Random): Promise<readonly string[]> {
  const invalid: string[] = [];
  const connection = await RawConnection.connect(server.address).catch(() => undefined);
  if (connection === undefined) return invalid;
  try {
    for (;;) {
      const key = `key-${random.int(0, KEYS - 1)}`;
      const value = checkedValue(key, random.int(0, 99), random.int(0, random.pick([90, 9000])));
      const exptime = random.pick([0, 0, 1]);
      const reply = await connection.exchange(
        random.pick([
          `get ${key}\r\n`,
          `get ${key}\r\n`,
          `set ${key} 0 ${exptime} ${value.length}\r\n${value}\r\n`,
          `delete ${key}\r\n`,
        ]),
      );
      if (!isValidReply(key, reply.toString('latin1'))) invalid.push(`${key}: ${printable(reply)}`);
    }
  } catch {
    return invalid; // The server has ended.
  } finally {
    connection.destroy();
  }
}

function isValidReply(key: string, reply: string): boolean {
  if (/^(END|STORED|DELETED|NOT_FOUND)\r\n$/.test(reply)) return true;
  const [, length, value] = /^VALUE \S+ 0 (\d+)\r\n(.*)\r\nEND\r\n$/s.exec(reply) ?? [];
  return value !== undefined && Number(length) === value.length && isChecked(key, value);
}

const random = new Random(seed);
const WRITES = [400, 4000, 40_000].map((max) => random.int(max / 4, max));

test.each(WRITES)(`a thread that dies at write %i ends its node, seed ${seed}`, async (write) => {
  const server = await startSlabring({
    nodeArgs: ['--import', PRELOAD],
    args: ['-m', '2', '-t', '2'],
    env: { SLABRING_FAULT_WRITE: String(write) },
  });
  try {
    const runs = Array.from({ length: CONNECTIONS }, (_, i) =>
      sendUntilEnd(server, random.fork(i)),
    );
    expect((await Promise.all(runs)).flat()).toEqual([]);
    expect(await server.process.exited).toEqual({ code: BUG_EXIT_CODE, signal: null });
    expect(server.process.stderr).toContain('The node ended by a bug: ');
    expect(server.process.stderr).toContain(`a fault was injected at write ${write}`);
  } finally {
    await server.stop();
  }
});
