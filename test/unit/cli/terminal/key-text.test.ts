import { describe, expect, test } from 'vitest';
import { keyOfShown, shownKey } from '../../../../src/cli/terminal/key-text.ts';
import { Random, testSeed } from '../../../support/random.ts';

const seed = testSeed();
const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

describe('a shown key', () => {
  test.each([
    ['user:1/a?b=c', 'user:1/a?b=c'],
    ['50%', '50%25'],
    ['a b\n\u001b[2J', 'a%20b%0A%1B[2J'],
    [latin1('größe:東京'), 'größe:東京'],
    [latin1('a\u202eb'), 'a%E2%80%AEb'],
    [latin1('a\u009bb'), 'a%C2%9Bb'],
    ['\u00ff\0x', '%FF%00x'],
    [latin1('\ufffd'), '%EF%BF%BD'],
  ])('the key %j is shown as %s', (key, shown) => {
    expect(shownKey(key)).toBe(shown);
    expect(keyOfShown(shown).toString('latin1')).toBe(key);
  });
  test(`every key has one form, of one word, that names it (SEED=${seed})`, () => {
    const random = new Random(seed);
    for (let round = 0; round < 2000; round++) {
      const key = random.bytes(random.int(1, 20)).toString('latin1');
      const shown = shownKey(key);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for them.
      expect(shown).not.toMatch(/[\u0000-\u0020\u007f-\u009f]/);
      expect(keyOfShown(shown).toString('latin1')).toBe(key);
    }
  });
});
