import { expect, test } from 'vitest';
import { SIZE_STEP_BYTES } from '../../../../src/store/memory/layout.ts';
import { SessionHarness, testShare } from '../../../support/session-harness.ts';

/** The item counts of `stats sizes`, by size. */
function sizesOf(harness: SessionHarness): Record<string, number> {
  const rows = [...harness.send('stats sizes\r\n').matchAll(/^STAT (\d+) (\d+)\r$/gm)];
  return Object.fromEntries(rows.map(([, bytes, items]) => [bytes, Number(items)]));
}

const set = (key: string, bytes: number): string =>
  `set ${key} 0 0 ${bytes}\r\n${'x'.repeat(bytes)}\r\n`;
/** The step of an item: header, a key of one byte, and the value. */
const step = (valueBytes: number): string =>
  String(Math.ceil((32 + 1 + valueBytes) / SIZE_STEP_BYTES) * SIZE_STEP_BYTES);

test('the size histogram is disabled by default', () => {
  const harness = new SessionHarness(testShare());
  harness.send(set('a', 10));
  expect(harness.send('stats sizes\r\n')).toBe('STAT sizes_status disabled\r\nEND\r\n');
});

test('the size histogram counts items stored since it was enabled, until they are gone', () => {
  const harness = new SessionHarness(testShare());
  harness.send(set('o', 10));
  expect(harness.send('stats sizes_enable\r\n')).toBe('STAT sizes_status enabled\r\nEND\r\n');
  expect(sizesOf(harness)).toEqual({});
  harness.send(set('a', 10) + set('b', 12) + set('c', 700_000));
  expect(sizesOf(harness)).toEqual({ [step(10)]: 2, [step(700_000)]: 1 });
  harness.send(`${set('a', 100)}delete c\r\n`);
  expect(sizesOf(harness)).toEqual({ [step(12)]: 1, [step(100)]: 1 });
  // The delete of the older item, which was not counted, changes no count.
  harness.send('delete o\r\n');
  expect(sizesOf(harness)).toEqual({ [step(12)]: 1, [step(100)]: 1 });
});

test('the size histogram counts an older number once after an incr', () => {
  const harness = new SessionHarness(testShare());
  harness.send('set n 0 0 2\r\n10\r\nstats sizes_enable\r\nincr n 1\r\nincr n 1\r\n');
  expect(sizesOf(harness)).toEqual({ [step(2)]: 1 });
  harness.send('delete n\r\n');
  expect(sizesOf(harness)).toEqual({});
});

test('the size histogram starts from zero after it was disabled', () => {
  const harness = new SessionHarness(testShare());
  harness.send(`stats sizes_enable\r\n${set('a', 10)}stats sizes_disable\r\n${set('b', 10)}`);
  expect(harness.send('stats sizes\r\n')).toBe('STAT sizes_status disabled\r\nEND\r\n');
  harness.send(`stats sizes_enable\r\n${set('c', 10)}delete a\r\ndelete b\r\n`);
  expect(sizesOf(harness)).toEqual({ [step(10)]: 1 });
});

test('-o track_sizes enables the size histogram from the start', () => {
  const harness = new SessionHarness(testShare({ tunables: { trackSizes: 1 } }));
  harness.send(set('a', 10));
  expect(sizesOf(harness)).toEqual({ [step(10)]: 1 });
});
