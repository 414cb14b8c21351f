import { describe, expect, test } from 'vitest';
import { choice, flag, integer } from '../../../../src/base/index.ts';
import { CacheError } from '../../../../src/client/base/errors.ts';
import { callOptions } from '../../../../src/client/option-tables/call-options.ts';
import { clientOptions } from '../../../../src/client/option-tables/client-options.ts';
import { OPTION_GROUPS } from '../../../../src/client/option-tables/groups.ts';
import {
  object,
  required,
  switchable,
  value,
  wordOrObject,
} from '../../../../src/client/option-tables/kinds.ts';
import {
  type OptionGroup,
  optionGroup,
} from '../../../../src/client/option-tables/option-group.ts';
import { checkOptions, valuesOf } from '../../../../src/client/option-tables/resolve.ts';

const inner = optionGroup({
  typeName: 'Inner',
  doc: 'Inner options.',
  options: {
    level: integer({ default: 3, min: 1, max: 19, unit: 'steps', doc: 'Level.' }),
    secret: required(
      value<string>({
        type: 'string',
        constraint: 'a short text',
        isSecret: true,
        accepts: (given) => typeof given === 'string' && given.length < 9,
        doc: 'Secret.',
      }),
    ),
  },
});
const outer = optionGroup({
  typeName: 'Outer',
  doc: 'Outer options.',
  options: {
    mode: choice({ words: ['a', 'b'], default: 'a', doc: 'Mode.' }),
    quick: flag({ doc: 'Quick.' }),
    limit: integer({ min: 1, max: 9, doc: 'Limit.' }),
    inner: object({ group: inner, doc: 'Inner.' }),
    part: switchable({ group: inner, doc: 'Part.' }),
    either: wordOrObject({ words: ['none'], default: 'none', group: inner, doc: 'Either.' }),
  },
});

/** The detail of the message of the failure, or the values. */
function outcomeOf(given: unknown): unknown {
  try {
    return valuesOf(outer, given as object);
  } catch (error) {
    if (!(error instanceof CacheError)) throw error;
    expect(error).toMatchObject({ code: 'ERR_ARGUMENT', mayHaveRun: false });
    return error.message.replace('An argument or option is invalid. ', '');
  }
}

describe('valuesOf', () => {
  const unset = { limit: undefined, inner: undefined, part: undefined, either: 'none' };
  test('valuesOf fills in the defaults of options that are not set or undefined', () => {
    expect(outcomeOf({})).toEqual({ mode: 'a', quick: false, ...unset });
    expect(outcomeOf({ mode: undefined, quick: true })).toEqual({
      mode: 'a',
      quick: true,
      ...unset,
    });
  });

  test('valuesOf fills in the defaults of an object within the options', () => {
    const object = { secret: 'x' };
    const values = outcomeOf({ inner: object, part: object, either: object });
    const filled = { level: 3, secret: 'x' };
    expect(values).toMatchObject({ inner: filled, part: filled, either: filled });
    expect(object).toEqual({ secret: 'x' });
  });

  test('valuesOf takes false in the place of an object as not set', () => {
    expect(outcomeOf({ part: false })).toMatchObject({ part: undefined });
  });

  test('valuesOf reads inherited options, as a plain read of the property does', () => {
    expect(outcomeOf(Object.create({ limit: 5 }))).toMatchObject({ limit: 5 });
    expect(outcomeOf(Object.create({ limits: 5 }))).toMatch(/no option "limits"/);
    expect(outcomeOf(Object.create(null))).toMatchObject({ mode: 'a' });
  });

  const names = 'mode, quick, limit, inner, part, either';
  test.each<[unknown, string]>([
    [{ limits: 5 }, `There is no option "limits"; the options are ${names}.`],
    [{ limits: undefined }, `There is no option "limits"; the options are ${names}.`],
    [{ toString: 5 }, `There is no option "toString"; the options are ${names}.`],
    [JSON.parse('{"__proto__": 5}'), `There is no option "__proto__"; the options are ${names}.`],
    [{ constructor: 5 }, `There is no option "constructor"; the options are ${names}.`],
    [{ limit: 10 }, 'limit is 10, not a whole number from 1 to 9.'],
    [{ limit: 1.5 }, 'limit is 1.5, not a whole number from 1 to 9.'],
    [{ limit: '5' }, 'limit is "5", not a whole number from 1 to 9.'],
    [{ limit: null }, 'limit is null, not a whole number from 1 to 9.'],
    [{ limit: 5n }, 'limit is 5, not a whole number from 1 to 9.'],
    [{ limit: Number.NaN }, 'limit is NaN, not a whole number from 1 to 9.'],
    [{ mode: 'c' }, 'mode is "c", not one of a, b.'],
    [{ mode: ['a'] }, 'mode is an array, not one of a, b.'],
    [{ mode: 'x'.repeat(1e6) }, `mode is "${'x'.repeat(60)}", not one of a, b.`],
    [{ mode: Symbol('a') }, 'mode is Symbol(a), not one of a, b.'],
    [{ quick: 1 }, 'quick is 1, not true or false.'],
    [{ inner: 5 }, 'inner is 5, not { level, secret }.'],
    [{ inner: [] }, 'inner is an array, not { level, secret }.'],
    [{ inner: {} }, 'inner.secret is undefined, not a short text.'],
    [{ part: true }, 'part.secret is undefined, not a short text.'],
    [{ part: 'yes' }, 'part is "yes", not true, false or { level, secret }.'],
    [{ either: 'some' }, 'either is "some", not none or { level, secret }.'],
    [{ either: { level: 0 } }, 'either.level is 0, not a whole number of steps from 1 to 19.'],
    [
      { either: { secret: 'x', levels: 1 } },
      'There is no option "either.levels"; the options are level, secret.',
    ],
    [{ inner: { secret: 'password!' } }, 'inner.secret is a hidden value, not a short text.'],
    [5, `The options are 5, not an object: pass an object with ${names}.`],
    [null, `The options are null, not an object: pass an object with ${names}.`],
    [[], `The options are an array, not an object: pass an object with ${names}.`],
    [() => 5, `The options are a function, not an object: pass an object with ${names}.`],
  ])('valuesOf refuses %o', (given, message) => {
    expect(outcomeOf(given)).toBe(message);
  });
});

describe('checkOptions', () => {
  test('checkOptions accepts options that are not given', () => {
    expect(() => checkOptions(callOptions, undefined)).not.toThrow();
    expect(() => checkOptions(callOptions, { signal: undefined })).not.toThrow();
  });
  test('checkOptions names the option that a number in the place of the options may mean', () => {
    const check = () => checkOptions(callOptions, 60 as never);
    expect(check).toThrow('The options are 60, not an object: pass { deadlineMs: 60 }.');
  });
});

describe('the table', () => {
  const groups: readonly OptionGroup[] = Object.values(OPTION_GROUPS).flat();
  const all = groups.flatMap((group) =>
    [...group.byName].map(([name, option]) => ({ path: `${group.typeName}.${name}`, option })),
  );
  test('the table has defaults that the options themselves accept', () => {
    const wrong = all.filter(({ option }) => {
      return option.default !== undefined && !option.accepts(option.default);
    });
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
  test('the table describes each option in sentences', () => {
    const wrong = all.filter(({ option }) => !/^[A-Z`].*\.$/.test(option.doc));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
  test('the table has no option that accepts every type', () => {
    const samples = [5, 'x', true, null, {}, [], () => {}, Symbol('x'), 5n, Number.NaN];
    const wrong = all.filter(({ option }) => samples.every((sample) => option.accepts(sample)));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
  test('an error shows no secret of a client', () => {
    const secret = 'hunter2\r\n';
    const create = () =>
      valuesOf(clientOptions, { nodes: [], login: { username: 'a', password: secret } });
    expect(create).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });
});
