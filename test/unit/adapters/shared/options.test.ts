import { expect, test } from 'vitest';
import { withDefaults } from '../../../../src/adapters/shared/options.ts';

const CACHE = { delete: (): void => {} };
const DEFAULTS = { prefix: 'a:', delayMs: 5 };

test('an option that is not given, or undefined, has its default', () => {
  expect(withDefaults(CACHE, DEFAULTS, {})).toEqual(DEFAULTS);
  const options: Record<string, unknown> = { prefix: undefined, delayMs: 7 };
  expect(withDefaults(CACHE, DEFAULTS, options)).toEqual({ prefix: 'a:', delayMs: 7 });
});

test.each([
  [{ prefx: 'b' }, 'Unknown option "prefx": use one of prefix, delayMs.'],
  [{ prefix: 7 }, 'The option prefix is 7, not a string.'],
  [{ prefix: null }, 'The option prefix is null, not a string.'],
  [{ delayMs: '5' }, "The option delayMs is '5', not a number."],
  [null, 'The options are null, not an object: pass an object with prefix, delayMs.'],
  ['a:', "The options are 'a:', not an object: pass an object with prefix, delayMs."],
  [{ delayMs: Number.NaN }, 'The option delayMs is NaN, not a number.'],
])('the options %j are refused', (given, detail) => {
  const options = given as Record<string, unknown>;
  const failure = expect.objectContaining({ code: 'ERR_ARGUMENT' });
  expect(() => withDefaults(CACHE, DEFAULTS, options)).toThrow(failure);
  expect(() => withDefaults(CACHE, DEFAULTS, options)).toThrow(detail);
});

test.each([
  [undefined, 'The cache is undefined, not a client: pass what createClient returns.'],
  ['memcached://a', "The cache is 'memcached://a', not a client: pass what createClient returns."],
  [{ nodes: ['a'] }, /The cache is \{.*\}, not a client/],
])('%j is no cache', (cache, detail) => {
  const failure = expect.objectContaining({ code: 'ERR_ARGUMENT' });
  expect(() => withDefaults(cache, DEFAULTS, {})).toThrow(failure);
  expect(() => withDefaults(cache, DEFAULTS, {})).toThrow(detail);
});
