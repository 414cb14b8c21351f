import { expect, test } from 'vitest';
import { keysIn } from '../../../../src/cli/process/screen.ts';

test.each([
  ['q', ['q']],
  ['gg', ['g', 'g']],
  ['\u0003', ['\u0003']],
  ['\u001b[A\u001b[15~', []],
  ['\u001b[Bq', ['q']],
  ['', []],
])('the input %j is the keys %j', (typed, keys) => {
  expect(keysIn(typed)).toEqual(keys);
});
