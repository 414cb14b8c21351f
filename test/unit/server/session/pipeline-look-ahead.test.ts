import { expect, test } from 'vitest';
import { PipelineLookAhead } from '../../../../src/server/session/pipeline-look-ahead.ts';
import { LOOK_AHEAD_KEYS_MAX } from '../../../../src/store/index.ts';
import { LookAhead } from '../../../../src/store/items/look-ahead.ts';

/** The keys that are hashed while a session serves the lines, for each line at which it asks. */
function keysByLine(lines: readonly string[]): readonly (readonly string[])[] {
  let keys: string[] = [];
  const index = {
    hashOf(bytes: Buffer, start: number, end: number): number {
      keys.push(bytes.toString('latin1', start, end));
      return 0;
    },
    headOf: () => 0,
  };
  const arena = { words: new Uint32Array(64) };
  const pipeline = new PipelineLookAhead(new LookAhead({ arena, index }));
  const input = Buffer.from(`??${lines.join('')}`, 'latin1');
  pipeline.begin(2);
  let at = 2;
  return lines.map((line) => {
    keys = [];
    pipeline.load(input, at, input.length);
    at += line.length;
    return keys;
  });
}

test('a pipeline of gets has each key looked up once ahead, at its first request', () => {
  const lines = ['get a\r\n', 'mg b v\r\n', 'get c\r\n'];
  expect(keysByLine(lines)).toEqual([['a', 'b', 'c'], [], []]);
});
test('a look-ahead stops at another request, and goes on after it', () => {
  const lines = ['get a\r\n', 'get b\r\n', 'delete x\r\n', 'get c\r\n', 'get d\r\n'];
  expect(keysByLine(lines)).toEqual([['a', 'b'], [], [], ['c', 'd'], []]);
});
test('a single request has no look-ahead', () => {
  expect(keysByLine(['get a\r\n'])).toEqual([[]]);
});
test('a long pipeline has one look-ahead for each 32 requests', () => {
  const lines = Array.from({ length: 70 }, (_, i) => `get key-${i}\r\n`);
  const counts = keysByLine(lines).map((keys) => keys.length);
  expect(counts.filter((count) => count > 0)).toEqual([LOOK_AHEAD_KEYS_MAX, 32, 6]);
  expect([0, 32, 64].map((line) => counts[line])).toEqual([LOOK_AHEAD_KEYS_MAX, 32, 6]);
});
