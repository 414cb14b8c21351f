import { describe, expect, test } from 'vitest';
import { mergeSessions, parseSession } from '../../../../src/client/patterns/session-merge.ts';

describe('mergeSessions', () => {
  test.each([
    // base, mine, theirs → merged, overwritten
    ['no change', { a: 1 }, { a: 1 }, { a: 1 }, { a: 1 }, []],
    ['a change of mine', { a: 1, b: 1 }, { a: 2, b: 1 }, { a: 1, b: 1 }, { a: 2, b: 1 }, []],
    ['changes of both', { a: 1, b: 1 }, { a: 2, b: 1 }, { a: 1, b: 2 }, { a: 2, b: 2 }, []],
    ['new properties of both', {}, { a: 1 }, { b: 1 }, { b: 1, a: 1 }, []],
    ['a removal of mine', { a: 1, b: 1 }, { b: 1 }, { a: 1, b: 2 }, { b: 2 }, []],
    ['a removal of theirs', { a: 1, b: 1 }, { a: 1, b: 2 }, { b: 1 }, { b: 2 }, []],
    ['the same change', { a: 1 }, { a: 2 }, { a: 2 }, { a: 2 }, []],
    ['the same property', { a: 1 }, { a: 2 }, { a: 3 }, { a: 2 }, ['a']],
    ['a removal and a change', { a: 1 }, {}, { a: 3 }, {}, ['a']],
    ['a change and a removal', { a: 1 }, { a: 2 }, {}, { a: 2 }, ['a']],
    [
      'nested values',
      { a: { b: [1] } },
      { a: { b: [2] } },
      { a: { b: [1] } },
      { a: { b: [2] } },
      [],
    ],
    ['cookies', { cookie: 1 }, { cookie: 2 }, { cookie: 3, a: 1 }, { cookie: 2, a: 1 }, []],
  ])('%s', (_, base, mine, theirs, merged, overwritten) => {
    const texts = [base, mine, theirs].map((each) => JSON.stringify(each));
    const result = mergeSessions(...(texts as [string, string, string]));
    expect([JSON.parse(result.text), result.overwritten]).toEqual([merged, overwritten]);
  });

  test('a property with the name of the prototype is a property', () => {
    const { text } = mergeSessions('{}', '{"__proto__":{"isAdmin":true}}', '{"a":1}');
    expect(text).toBe('{"a":1,"__proto__":{"isAdmin":true}}');
    expect('isAdmin' in parseSession(text)).toBe(false);
  });

  test.each(['', 'x', '5', 'null', '"text"', undefined, 7])('%j is no session', (stored) => {
    const failure = expect.objectContaining({ code: 'ERR_VALUE' });
    expect(() => parseSession(stored)).toThrow(failure);
  });
});
