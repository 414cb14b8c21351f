import { expect, test } from 'vitest';
import { SIZE_STEP_BYTES } from '../../../src/store/layout.ts';
import { Talker, testShare } from '../../support/talker.ts';

/** What `stats sizes` shows, by size. */
function sizesOf(talker: Talker): Record<string, number> {
  const rows = [...talker.say('stats sizes\r\n').matchAll(/^STAT (\d+) (\d+)\r$/gm)];
  return Object.fromEntries(rows.map(([, bytes, items]) => [bytes, Number(items)]));
}

const set = (key: string, bytes: number): string =>
  `set ${key} 0 0 ${bytes}\r\n${'x'.repeat(bytes)}\r\n`;
/** Header and key come on top of a value. */
const step = (valueBytes: number): string =>
  String(Math.ceil((32 + 1 + valueBytes) / SIZE_STEP_BYTES) * SIZE_STEP_BYTES);

test('nothing is counted unless it is wanted', () => {
  const talker = new Talker(testShare());
  talker.say(set('a', 10));
  expect(talker.say('stats sizes\r\n')).toBe('STAT sizes_status disabled\r\nEND\r\n');
});

test('items count by their size from when it is wanted, and until they are gone', () => {
  const talker = new Talker(testShare());
  talker.say(set('o', 10));
  expect(talker.say('stats sizes_enable\r\n')).toBe('STAT sizes_status enabled\r\nEND\r\n');
  expect(sizesOf(talker)).toEqual({});
  talker.say(set('a', 10) + set('b', 12) + set('c', 700_000));
  expect(sizesOf(talker)).toEqual({ [step(10)]: 2, [step(700_000)]: 1 });
  talker.say(`${set('a', 100)}delete c\r\n`);
  expect(sizesOf(talker)).toEqual({ [step(12)]: 1, [step(100)]: 1 });
  // The older item does not take away what it never added.
  talker.say('delete o\r\n');
  expect(sizesOf(talker)).toEqual({ [step(12)]: 1, [step(100)]: 1 });
});

test('a counter that counts on counts by size, too, and once', () => {
  const talker = new Talker(testShare());
  talker.say('set n 0 0 2\r\n10\r\nstats sizes_enable\r\nincr n 1\r\nincr n 1\r\n');
  expect(sizesOf(talker)).toEqual({ [step(2)]: 1 });
  talker.say('delete n\r\n');
  expect(sizesOf(talker)).toEqual({});
});

test('counting can stop, and begins anew', () => {
  const talker = new Talker(testShare());
  talker.say(`stats sizes_enable\r\n${set('a', 10)}stats sizes_disable\r\n${set('b', 10)}`);
  expect(talker.say('stats sizes\r\n')).toBe('STAT sizes_status disabled\r\nEND\r\n');
  talker.say(`stats sizes_enable\r\n${set('c', 10)}delete a\r\ndelete b\r\n`);
  expect(sizesOf(talker)).toEqual({ [step(10)]: 1 });
});

test('-o track_sizes counts from the start', () => {
  const talker = new Talker(testShare({ tunables: { trackSizes: 1 } }));
  talker.say(set('a', 10));
  expect(sizesOf(talker)).toEqual({ [step(10)]: 1 });
});
