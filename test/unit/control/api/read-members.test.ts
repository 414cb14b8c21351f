import { describe, expect, test } from 'vitest';
import { ApiError } from '../../../../src/control/api/errors.ts';
import {
  boolean,
  integer,
  list,
  map,
  oneOf,
  required,
  structure,
  text,
  time,
} from '../../../../src/control/api/fields.ts';
import { parseForm } from '../../../../src/control/api/query.ts';
import { readMembers } from '../../../../src/control/api/read-members.ts';

const FIELDS = {
  Id: required(text),
  Count: integer,
  Now: boolean,
  From: time,
  Mode: oneOf('single-az', 'cross-az'),
  Tags: list('Tag', structure({ Key: text, Value: text })),
  Names: list('Name', text),
  Pairs: map,
  Scale: structure({ Percentage: integer }),
};

const read = (form: string) => readMembers(parseForm(form), FIELDS);

const refusal = (form: string): string => {
  try {
    read(form);
  } catch (error) {
    if (error instanceof ApiError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'none';
};

describe('the members of a request', () => {
  test('scalars have the types of their fields', () => {
    const form = 'Id=a%20b+c&Count=-7&Now=True&From=2023-11-14T22%3A13%3A20.123Z&Mode=cross-az';
    expect(read(form)).toEqual({
      Id: 'a b c',
      Count: -7,
      Now: true,
      From: Date.UTC(2023, 10, 14, 22, 13, 20, 123),
      Mode: 'cross-az',
    });
  });

  test('pairs come only in JSON', () => {
    for (const form of ['Pairs=2026-11-29T08:00Z', 'Pairs.entry.1.key=x']) {
      expect(refusal(`Id=a&${form}`)).toBe(
        'InvalidParameterValue: Pairs can only be given in JSON.',
      );
    }
  });

  test('a time without a zone is in UTC', () => {
    const hour = 3_600_000;
    expect(read('Id=a&From=2026-11-29T08:00').From).toBe(Date.UTC(2026, 10, 29, 8));
    expect(read('Id=a&From=2026-11-29T08:00%2B01:00').From).toBe(Date.UTC(2026, 10, 29, 8) - hour);
  });

  test.each([
    ['Names.Name.1=x&Names.Name.2=y'],
    ['Names.Name.2=y&Names.Name.1=x'],
    ['Names.member.1=x&Names.member.2=y'],
    ['Names.1=x&Names.7=y'],
  ])('a list is in the order of its numbers: %s', (form) => {
    expect(read(`Id=a&${form}`).Names).toEqual(['x', 'y']);
  });

  test('an empty list is given, and a missing one is not', () => {
    expect(read('Id=a&Names=').Names).toEqual([]);
    expect(read('Id=a').Names).toBeUndefined();
  });

  test('structures are read in lists and alone', () => {
    const form = 'Tags.Tag.1.Key=team&Tags.Tag.1.Value=a%26b&Tags.Tag.2.Key=x&Scale.Percentage=50';
    expect(read(`Id=a&${form}`)).toMatchObject({
      Tags: [{ Key: 'team', Value: 'a&b' }, { Key: 'x' }],
      Scale: { Percentage: 50 },
    });
  });

  test('a member that no field has is ignored', () => {
    expect(read('Id=a&Other.member.1=x')).toEqual({ Id: 'a' });
  });

  test.each([
    ['', 'MissingParameter: The request must contain the parameter Id.'],
    ['Id=a&Count=1e3', 'InvalidParameterValue: '],
    ['Id=a&Count=', 'InvalidParameterValue: '],
    ['Id=a&Count=99999999999', 'InvalidParameterValue: '],
    ['Id=a&Now=yes', 'InvalidParameterValue: '],
    ['Id=a&From=1700000000', 'InvalidParameterValue: '],
    ['Id=a&From=2026-13-01T00:00Z', 'InvalidParameterValue: '],
    ['Id=a&Mode=both', "InvalidParameterValue: Value 'both' at Mode is not valid"],
    ['Id=a&Names.Name.0=x', 'InvalidParameterValue: Names is a list'],
    ['Id=a&Names.Name.x=x', 'InvalidParameterValue: Names is a list'],
    ['Id=a&Names.Name.1.y=x', 'MissingParameter: '],
    ['Id=a&Id=b', 'MalformedQueryString: The member Id is given twice.'],
    ['Id=%ZZ', 'MalformedQueryString: '],
    [`Id=a&${'x.'.repeat(20)}y=1`, 'MalformedQueryString: '],
    [`Id=a&${'x=1&'.repeat(2001)}`, 'MalformedQueryString: '],
    [`Id=a&${Array.from({ length: 501 }, (_, n) => `Names.Name.${n + 1}=x`).join('&')}`, 'Invalid'],
  ])('%.30s is refused', (form, message) => {
    expect(refusal(form)).toContain(message);
  });

  test('a message shows only the beginning of a long value', () => {
    expect(refusal(`Id=a&Count=${'9'.repeat(10_000)}`).length).toBeLessThan(300);
  });

  test('the names of properties of JavaScript are like others', () => {
    expect(read('Id=a&__proto__.x=1&constructor=2&Tags.Tag.1.Key=__proto__').Tags).toEqual([
      { Key: '__proto__' },
    ]);
  });

  test('every cut of a request is read or refused, and nothing else', () => {
    const form = 'Id=a%20b&Tags.Tag.1.Key=t%26&Tags.Tag.1.Value=v&Scale.Percentage=50&Now=true';
    for (let end = 0; end <= form.length; end++) {
      const outcome = refusal(form.slice(0, end));
      expect(outcome).toMatch(/^(?:none|MissingParameter|InvalidParameterValue|MalformedQuery)/);
    }
  });
});
