import { describe, expect, test } from 'vitest';
import {
  bytes,
  choice,
  count,
  flag,
  integer,
  list,
  number,
  octal,
  suboptions,
  text,
} from '../../../../src/base/options/kinds.ts';

const doc = 'Doc.';
const RANGE = { doc, default: 5, min: -2, max: 10 };
const KINDS = {
  integer: integer(RANGE),
  number: number({ ...RANGE, max: 10.5 }),
  octal: octal({ doc, default: 0o700, min: 0o10, max: 0o777 }),
  bytes: bytes({ doc, default: '64m', min: '1k', max: '1g' }),
  megabytes: bytes({ doc, default: '64m', min: '1m', max: '1g', bareUnit: 'megabytes' }),
  flag: flag({ doc }),
  count: count({ doc, max: 3 }),
  choice: choice({ doc, words: ['one', 'two'], default: 'one' }),
  list: list({ doc, placeholder: '<x>' }),
} as const;

describe('a kind of option', () => {
  test.each([
    ['integer', ['-2', '10', '+3', '007'], [-2, 10, 3, 7]],
    ['integer', ['-3', '11', '', ' 3', '1.0', '0x5', '1e1', '٣'], []],
    ['number', ['-2', '10.5', '.5', '3.', '+1'], [-2, 10.5, 0.5, 3, 1]],
    ['number', ['-2.1', '10.51', '', '.', '1e1', 'Infinity', 'NaN', '1,5'], []],
    ['octal', ['10', '777', '0700'], [8, 511, 448]],
    ['octal', ['7', '1000', '8', '-1', '', '0o700', '0000700'], []],
    ['bytes', ['1k', '1024', '1g', '1GB'], [1024, 1024, 2 ** 30, 2 ** 30]],
    ['bytes', ['1023', '1073741825', '', '1t'], []],
    ['megabytes', ['1', '64', '1024', '2048k'], [2 ** 20, 2 ** 26, 2 ** 30, 2 ** 21]],
    ['megabytes', ['0', '1025', '1k'], []],
    [
      'flag',
      ['on', 'TRUE', 'Yes', '1', 'off', 'no', '0'],
      [true, true, true, true, false, false, false],
    ],
    ['flag', ['', 'y', '2', 'on '], []],
    ['count', ['0', '3'], [0, 3]],
    ['count', ['4', '-1', '', 'v'], []],
    ['choice', ['one', 'two'], ['one', 'two']],
    ['choice', ['', 'three', 'One'], []],
    ['list', ['a', 'a,b', ' a , b '], [['a'], ['a', 'b'], ['a', 'b']]],
    ['list', ['', 'a,', ',a', 'a,,b'], []],
  ] as const)('%s parses %j as %j', (kind, texts, values) => {
    const expected = values.length === 0 ? texts.map(() => undefined) : values;
    expect(texts.map((given) => KINDS[kind].parse(given))).toEqual(expected);
  });
  test('a kind parses what it formats', () => {
    for (const [name, kind] of Object.entries(KINDS)) {
      const format = kind.format as (value: unknown) => string;
      if (name !== 'list') expect(kind.parse(format(kind.default)), name).toEqual(kind.default);
    }
    expect(KINDS.list.format(['a', 'b'])).toBe('a,b');
    expect(KINDS.octal.format(0o700)).toBe('700');
  });
  test('a kind says what it accepts, with its bounds', () => {
    const constraints = Object.entries(KINDS).map(([name, { constraint }]) => [name, constraint]);
    expect(Object.fromEntries(constraints)).toEqual({
      integer: 'a whole number from -2 to 10',
      number: 'a number from -2 to 10.5',
      octal: 'an octal number from 10 to 777',
      bytes: 'a size from 1k to 1g (suffix k, m or g; without a suffix: bytes)',
      megabytes: 'a size from 1m to 1g (suffix k, m or g; without a suffix: megabytes)',
      flag: 'on or off (also true, false, yes, no, 1, 0)',
      count: 'a whole number from 0 to 3',
      choice: 'one of one, two',
      list: 'a comma-separated list without empty entries',
    });
    expect(integer({ ...RANGE, constraint: 'even' }).constraint).toBe('even');
  });
  test('a kind combines several occurrences: the last, the sum or all', () => {
    expect(KINDS.integer.combine([1, 2, 3])).toBe(3);
    expect(KINDS.flag.combine([true, false])).toBe(false);
    expect([KINDS.count.combine([1, 1]), KINDS.count.combine([1, 1, 1, 1])]).toEqual([2, 3]);
    expect(KINDS.list.combine([['a'], ['b', 'c']])).toEqual(['a', 'b', 'c']);
    expect(text({ doc }).combine(['a', 'b'])).toBe('b');
  });
  test('a text option takes everything; its default is empty', () => {
    expect(text({ doc }).default).toBe('');
    expect(text({ doc, default: 'x' }).default).toBe('x');
    expect(text({ doc }).parse(' any\n')).toBe(' any\n');
  });
  test('suboptions are a list of another kind', () => {
    const option = suboptions({ doc, fulfilled: { modern: 'always' }, ineffective: {} });
    expect([option.kind, option.parse('a=1,b')]).toEqual(['suboptions', ['a=1', 'b']]);
    expect(option.parse('a,')).toEqual(['a']);
  });
});
