import { expect, test } from 'vitest';
import { withDefaults } from '../../../../src/adapters/shared/options.ts';

const DEFAULTS = { prefix: 'a:', delayMs: 5 };

test('an option that is not given, or undefined, has its default', () => {
  expect(withDefaults(DEFAULTS, {})).toEqual(DEFAULTS);
  const options: Record<string, unknown> = { prefix: undefined, delayMs: 7 };
  expect(withDefaults(DEFAULTS, options)).toEqual({ prefix: 'a:', delayMs: 7 });
});

test.each([
  [{ prefx: 'b' }, 'Unknown option "prefx": use one of prefix, delayMs.'],
  [{ prefix: 7 }, 'The option prefix is 7, not a string.'],
  [{ prefix: null }, 'The option prefix is null, not a string.'],
  [{ delayMs: '5' }, 'The option delayMs is "5", not a number.'],
  [{ delayMs: Number.NaN }, 'The option delayMs is null, not a number.'],
])('the options %j are refused', (options: Record<string, unknown>, detail) => {
  const failure = expect.objectContaining({ code: 'ERR_ARGUMENT' });
  expect(() => withDefaults(DEFAULTS, options)).toThrow(failure);
  expect(() => withDefaults(DEFAULTS, options)).toThrow(detail);
});
