import { describe, expect, test } from 'vitest';
import type { Field, Fields } from '../../../../src/control/api/fields.ts';
import { FOREIGN_OPERATIONS } from '../../../../src/control/api/model/replication.ts';
import { OPERATIONS } from '../../../../src/control/api/operations.ts';
import { parseForm } from '../../../../src/control/api/query.ts';
import { readMembers } from '../../../../src/control/api/read-members.ts';
import { replyXml } from '../../../../src/control/api/xml.ts';
import { HANDLERS } from '../../../../src/control/service/handlers.ts';

const isOperation = (name: string): boolean => Object.hasOwn(OPERATIONS, name);
const tables: readonly [string, { readonly input: Fields; readonly output: Fields | undefined }][] =
  Object.entries(OPERATIONS);

/** A value of each field, two of each list. */
function sampleOf(field: Field): unknown {
  switch (field.kind) {
    case 'text':
      return field.values?.at(-1) ?? 'a b&c';
    case 'integer':
      return 7;
    case 'decimal':
      return 1.5;
    case 'boolean':
      return true;
    case 'time':
      return 1_700_000_000_123;
    case 'map':
      return [['a', 'b&c']];
    case 'list':
      return [sampleOf(field.of), sampleOf(field.of)];
    case 'structure':
      return membersOf(field.fields);
  }
}

const membersOf = (fields: Fields): object =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, sampleOf(field)]));

/** The form of members, as the model of AWS has it. */
function formOf(value: unknown, field: Field, path: string): readonly string[] {
  switch (field.kind) {
    case 'list':
      return (value as readonly unknown[]).flatMap((each, nth) =>
        formOf(each, field.of, `${path}.${field.element}.${nth + 1}`),
      );
    case 'structure':
      return pairsOf(value as object, field.fields, `${path}.`);
    default: {
      const text = field.kind === 'time' ? new Date(value as number).toISOString() : String(value);
      return [`${path}=${encodeURIComponent(text)}`];
    }
  }
}

const pairsOf = (members: object, fields: Fields, path = ''): readonly string[] =>
  Object.entries(members).flatMap(([name, value]) => formOf(value, fields[name]!, path + name));

describe('the table of operations', () => {
  test('the table has all 75 operations of the API, with those of Redis alone', () => {
    expect(Object.keys(OPERATIONS).length + Object.keys(FOREIGN_OPERATIONS).length).toBe(75);
    expect(Object.keys(FOREIGN_OPERATIONS).filter(isOperation)).toEqual([]);
    expect(isOperation('constructor')).toBe(false);
  });

  test('each handler is one of the table', () => {
    expect(Object.keys(HANDLERS).filter((name) => !isOperation(name))).toEqual([]);
  });

  test.each(tables)('%s: a form of all members is read as they are', (_name, { input }) => {
    const members = membersOf(input);
    expect(readMembers(parseForm(pairsOf(members, input).join('&')), input)).toEqual(members);
  });

  test.each(tables)('%s: a reply of all members has each of them', (name, { output }) => {
    const facts = { namespace: 'urn:x', requestId: 'id' };
    const xml = replyXml(name, output, output && membersOf(output), facts);
    for (const member of Object.keys(output ?? {})) expect(xml).toContain(`<${member}>`);
    const open = [...xml.matchAll(/<([A-Za-z0-9]+)[ >]/g)].length;
    expect([...xml.matchAll(/<\/[A-Za-z0-9]+>/g)]).toHaveLength(open);
  });

  test.each(tables)('%s: a missing member is named', (_name, { input }) => {
    const needed = Object.entries(input).find(([, field]) => field.isRequired === true);
    const read = () => readMembers(parseForm('Action=x'), input);
    if (needed === undefined) expect(read()).toEqual({});
    else expect(read).toThrow(needed[0]);
  });
});
