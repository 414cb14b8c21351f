/**
 * A thread that dies by a bug ends its node, because the thread may have held locks of the store
 * (test/threads/death.test.ts checks what other threads see until then).
 */
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { buildFastPath } from '../../scripts/fast-path/build.ts';
import { startSlabring } from '../support/node-process.ts';
import { Random, testSeed } from '../support/random.ts';
import type { TestServer } from '../support/server.ts';
import { printable, RawConnection } from '../support/wire.ts';
import { checkedValue, isChecked } from '../threads/checked-value.ts';

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const FAULT_PRELOAD = pathOf('../support/fault-preload.ts');
const CORRUPT_PRELOAD = pathOf('../support/corrupt-preload.ts');
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
/** Which write fails, and whether the node has the fast path, which makes most of its writes. */
const writeUpTo = (max: number): number => random.int(max / 4, max);
const CASES = [
  [writeUpTo(400), true],
  [writeUpTo(4000), true],
  [writeUpTo(40_000), true],
  [writeUpTo(4000), false],
] as const;

beforeAll(async () => void (await buildFastPath(undefined, { instrumented: true })));

test.each(CASES)(
  `a thread that dies at write %i ends its node, fast path %s, seed ${seed}`,
  async (write, isFast) => {
    const server = await startSlabring({
      nodeArgs: ['--import', FAULT_PRELOAD],
      args: ['-m', '2', '-t', '2', ...(isFast ? [] : ['-o', 'no_fast_path'])],
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
      expect(server.process.stdout).toContain(`fast path ${isFast ? 'memory32' : 'off'}`);
    } finally {
      await server.stop();
    }
  },
);

test.each([
  ['memory32', '64'],
  ['memory64', '2048'],
])('a trap in the WebAssembly of %s ends its node', async (kind, megabytes) => {
  const server = await startSlabring({
    nodeArgs: ['--import', CORRUPT_PRELOAD],
    args: ['-m', megabytes, '-t', '2'],
  });
  try {
    expect(server.process.stdout).toContain(`fast path ${kind}`);
    const connection = await RawConnection.connect(server.address);
    connection.send('get any-key\r\n');
    expect((await connection.readToEnd()).toString()).toBe('');
    connection.destroy();
    expect(await server.process.exited).toEqual({ code: BUG_EXIT_CODE, signal: null });
    expect(server.process.stderr).toContain(
      'The node ended by a bug: RuntimeError: memory access out of bounds',
    );
  } finally {
    await server.stop();
  }
});
