import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoMemcached } from '../support/memcached.ts';
import { RawConnection } from '../support/wire.ts';
import { ORACLE_VERSION, type Pair, startPair, stopPair } from './servers.ts';

/** An item in memcached has 48 bytes of header, 8 of CAS id, a NUL after its key, and a CRLF. */
const OVERHEAD_BYTES = 48 + 8 + 1 + 2;
const FLAGS_BYTES = 4;
const value = (length: number): string =>
  '0123456789abcdef'.repeat(length / 16 + 1).slice(0, length);

const storageRequest = (command: string, key: string, length: number, flags = 0): string =>
  `${command} ${key} ${flags} 0 ${length}\r\n${value(length)}\r\n`;

/** Steps that store values just below, at and above the limit, with every storage command. */
function limitSteps(itemBytesMax: number): readonly string[] {
  const keys = ['a', 'k'.repeat(250)];
  const steps: string[] = [];
  for (const key of keys) {
    const valueBytesMax = itemBytesMax - OVERHEAD_BYTES - key.length;
    for (const length of [valueBytesMax - 1, valueBytesMax, valueBytesMax + 1]) {
      steps.push(storageRequest('set', key, length), `get ${key}\r\n`);
      steps.push(storageRequest('set', key, length - FLAGS_BYTES, 7), `get ${key}\r\n`);
      steps.push(
        storageRequest('set', key, 5),
        storageRequest('replace', key, length),
        `get ${key}\r\n`,
      );
      steps.push(`ms ${key} ${length}\r\n` + `${value(length)}\r\n`);
      steps.push(`mg ${key} s v\r\n`);
      steps.push(storageRequest('set', key, length - 100), storageRequest('append', key, 100));
      steps.push(`mg ${key} s v\r\n`, storageRequest('prepend', key, 1), `mg ${key} s\r\n`);
    }
  }
  steps.push(storageRequest('set', 'a', itemBytesMax), 'get a\r\n');
  steps.push(
    storageRequest('set', 'n', itemBytesMax / 2),
    'incr n 1\r\n',
    'touch n 0\r\n',
    'gat 0 n\r\n',
  );
  steps.push('delete n\r\n', 'get n\r\n');
  return steps;
}

const SIZES = [
  { limit: '-I 1m', args: ['-I', '1m'], itemBytesMax: 2 ** 20 },
  { limit: '-I 8m -m 64', args: ['-I', '8m', '-m', '64'], itemBytesMax: 8 * 2 ** 20 },
] as const;

describe.skipIf(whyNoMemcached(ORACLE_VERSION) !== undefined)('as memcached, large values', () => {
  for (const { limit, args, itemBytesMax } of SIZES) {
    describe(limit, () => {
      let pair: Pair | undefined;
      beforeAll(async () => {
        pair = await startPair({ args });
      });
      afterAll(() => stopPair(pair));

      test('slabring stores, refuses and sends the same values', { timeout: 60_000 }, async () => {
        const ours = await RawConnection.connect(pair!.ours.address);
        const theirs = await RawConnection.connect(pair!.theirs.address);
        for (const step of limitSteps(itemBytesMax)) {
          const [our, their] = [await ours.exchange(step), await theirs.exchange(step)];
          const shown = (reply: Buffer): string => reply.subarray(0, 80).toString('latin1');
          expect(shown(our), step.slice(0, 60)).toBe(shown(their));
          expect(our.equals(their), step.slice(0, 60)).toBe(true);
        }
        ours.destroy();
        theirs.destroy();
      });
    });
  }
});
