import { expect, test } from 'vitest';
import { failureMarker, unwrapMarker } from '../../../../src/client/patterns/load-markers.ts';

test.each([
  ['an error', new Error('no database'), 'no database'],
  ['a text', 'no database', 'no database'],
  ['an object without a text', Object.create(null), 'object'],
  ['an error whose message is no text', Object.assign(new Error(), { message: 5 }), '5'],
  ['a long text that ends within a character', `${'x'.repeat(199)}\u{1f600}`, '\ufffd'],
])('the marker of a failed load has the reason of %s, as text that has UTF-8', (_, thrown, end) => {
  const marker = failureMarker(thrown);
  expect(marker.isWellFormed()).toBe(true);
  expect(() => unwrapMarker(marker, 'k')).toThrow(expect.objectContaining({ code: 'ERR_LOAD' }));
  expect(marker.endsWith(end)).toBe(true);
});
