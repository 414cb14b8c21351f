import { counterExtras, OP, storeExtras, uint32Extras } from '../../support/binary-wire.ts';
import type { BinaryStep, Scenario } from './scenario.ts';

const scenario = (name: string, ...bursts: readonly (readonly BinaryStep[])[]): Scenario => ({
  name,
  bursts,
});
const set = (key: string, value: string, more: Partial<BinaryStep> = {}): BinaryStep => ({
  opcode: OP.set,
  key,
  extras: storeExtras(),
  value,
  ...more,
});
const get = (key: string, opcode: number = OP.get): BinaryStep => ({ opcode, key });
const NOOP: BinaryStep = { opcode: OP.noop, opaque: 1 };
const LONGEST_KEY = 'k'.repeat(250);
const NEVER_CREATE = 0xffff_ffff;

const RETRIEVALS = { get: OP.get, getq: OP.getq, getk: OP.getk, getkq: OP.getkq };
const TOUCHES = { touch: OP.touch, gat: OP.gat, gatq: OP.gatq, gatk: OP.gatk, gatkq: OP.gatkq };
const STORES = {
  set: OP.set,
  setq: OP.setq,
  add: OP.add,
  addq: OP.addq,
  replace: OP.replace,
  replaceq: OP.replaceq,
};
const JOINS = {
  append: OP.append,
  appendq: OP.appendq,
  prepend: OP.prepend,
  prependq: OP.prependq,
};
const COUNTS = { incr: OP.incr, incrq: OP.incrq, decr: OP.decr, decrq: OP.decrq };
const DELETES = { delete: OP.delete, deleteq: OP.deleteq };

const entriesOf = (table: Readonly<Record<string, number>>) => Object.entries(table);

export const SCENARIOS: readonly Scenario[] = [
  ...entriesOf(RETRIEVALS).map(([name, opcode]) =>
    scenario(
      name,
      [set('x', 'hi', { extras: storeExtras(5) })],
      [get('x', opcode), get('none', opcode), NOOP],
    ),
  ),
  ...entriesOf(TOUCHES).flatMap(([name, opcode]) => [
    scenario(
      name,
      [set('x', 'hi', { extras: storeExtras(5) })],
      [
        { opcode, key: 'x', extras: uint32Extras(100) },
        { opcode, key: 'none', extras: uint32Extras(100) },
        NOOP,
      ],
    ),
    scenario(
      `${name} with expiry never and at once`,
      [set('x', 'hi')],
      [{ opcode, key: 'x', extras: uint32Extras(0) }],
      [{ opcode, key: 'x', extras: uint32Extras(0xffff_ffff) }],
      [get('x')],
      [{ opcode, key: 'x', extras: uint32Extras(2_592_001) }],
      [get('x')],
    ),
  ]),
  ...entriesOf(STORES).flatMap(([name, opcode]) => [
    scenario(
      `${name} on nothing`,
      [{ opcode, key: 'x', extras: storeExtras(7, 100), value: 'new' }, NOOP],
      [get('x')],
    ),
    scenario(
      `${name} on an item`,
      [set('x', 'old')],
      [{ opcode, key: 'x', extras: storeExtras(7), value: 'new' }, NOOP],
      [get('x')],
    ),
    scenario(
      `${name} with a wrong CAS`,
      [set('x', 'old')],
      [{ opcode, key: 'x', extras: storeExtras(), value: 'new', cas: 77n }, NOOP],
      [get('x')],
    ),
    scenario(
      `${name} with the right CAS`,
      [set('x', 'old', { opaque: 5 })],
      [{ opcode, key: 'x', extras: storeExtras(), value: 'new', casOf: 5 }, NOOP],
      [get('x')],
    ),
    scenario(
      `${name} with a CAS on nothing`,
      [{ opcode, key: 'x', extras: storeExtras(), value: 'new', cas: 7n }, NOOP],
      [get('x')],
    ),
    scenario(
      `${name} too large`,
      [set('x', 'old')],
      [{ opcode, key: 'x', extras: storeExtras(), value: 'x'.repeat(1_048_577) }, NOOP],
      [get('x')],
    ),
    scenario(
      `${name} without a value`,
      [{ opcode, key: 'x', extras: storeExtras(), value: '' }, NOOP],
      [get('x')],
    ),
    scenario(`${name} without extras`, [{ opcode, key: 'x', value: 'abc' }, NOOP]),
    scenario(`${name} without a key`, [{ opcode, extras: storeExtras(), value: 'abc' }, NOOP]),
    scenario(`${name} with other extras`, [
      { opcode, key: 'x', extras: uint32Extras(1), value: 'abc' },
      NOOP,
    ]),
    scenario(
      `${name}, expired`,
      [{ opcode, key: 'x', extras: storeExtras(0, 2_592_001), value: 'abc' }, NOOP],
      [get('x')],
    ),
  ]),
  ...entriesOf(JOINS).flatMap(([name, opcode]) => [
    scenario(`${name} on nothing`, [{ opcode, key: 'x', value: 'new' }, NOOP], [get('x')]),
    scenario(
      `${name} on an item`,
      [set('x', 'old', { extras: storeExtras(9) })],
      [{ opcode, key: 'x', value: 'new' }, NOOP],
      [get('x')],
    ),
    scenario(
      `${name} with a wrong CAS`,
      [set('x', 'old')],
      [{ opcode, key: 'x', value: 'new', cas: 99n }, NOOP],
      [get('x')],
    ),
    scenario(
      `${name} with the right CAS`,
      [set('x', 'old', { opaque: 5 })],
      [{ opcode, key: 'x', value: 'new', casOf: 5 }, NOOP],
      [get('x')],
    ),
    scenario(`${name} with extras`, [
      { opcode, key: 'x', extras: uint32Extras(0), value: 'new' },
      NOOP,
    ]),
    scenario(
      `${name} too large`,
      [set('x', 'old')],
      [{ opcode, key: 'x', value: 'x'.repeat(1_048_577) }, NOOP],
      [get('x')],
    ),
    scenario(
      `${name} grows too large`,
      [set('x', 'o'.repeat(600_000))],
      [{ opcode, key: 'x', value: 'x'.repeat(600_000) }, NOOP],
    ),
  ]),
  ...entriesOf(COUNTS).flatMap(([name, opcode]) => [
    scenario(
      `${name} on nothing`,
      [{ opcode, key: 'n', extras: counterExtras(1n, 10n, NEVER_CREATE) }, NOOP],
      [get('n')],
    ),
    scenario(
      `${name} creates`,
      [{ opcode, key: 'n', extras: counterExtras(1n, 10n) }, NOOP],
      [get('n')],
      [{ opcode, key: 'n', extras: counterExtras(3n, 10n) }, NOOP],
      [get('n')],
    ),
    scenario(
      `${name} of 10`,
      [set('n', '10')],
      [{ opcode, key: 'n', extras: counterExtras(3n) }, NOOP],
      [get('n')],
      [{ opcode, key: 'n', extras: counterExtras(100n) }, NOOP],
      [get('n')],
    ),
    scenario(
      `${name} of the largest number`,
      [set('n', '18446744073709551615')],
      [{ opcode, key: 'n', extras: counterExtras(1n) }, NOOP],
      [get('n')],
    ),
    scenario(
      `${name} of a value that is not a number`,
      [set('n', 'abc')],
      [{ opcode, key: 'n', extras: counterExtras(1n) }, NOOP],
      [get('n')],
    ),
    scenario(
      `${name} of an empty value`,
      [set('n', '')],
      [{ opcode, key: 'n', extras: counterExtras(1n) }, NOOP],
    ),
    scenario(
      `${name} with a wrong CAS`,
      [set('n', '10')],
      [{ opcode, key: 'n', extras: counterExtras(1n), cas: 77n }, NOOP],
      [get('n')],
    ),
    scenario(
      `${name} with the right CAS`,
      [set('n', '10', { opaque: 5 })],
      [{ opcode, key: 'n', extras: counterExtras(1n), casOf: 5 }, NOOP],
      [get('n')],
    ),
    scenario(`${name} without extras`, [{ opcode, key: 'n' }, NOOP]),
    scenario(`${name} with a value`, [
      { opcode, key: 'n', extras: counterExtras(1n), value: 'x' },
      NOOP,
    ]),
  ]),
  ...entriesOf(DELETES).flatMap(([name, opcode]) => [
    scenario(name, [set('x', 'hi')], [{ opcode, key: 'x' }, { opcode, key: 'x' }, NOOP]),
    scenario(
      `${name} with a wrong CAS`,
      [set('x', 'hi')],
      [{ opcode, key: 'x', cas: 99n }, NOOP],
      [get('x')],
    ),
    scenario(
      `${name} with the right CAS`,
      [set('x', 'hi', { opaque: 5 })],
      [{ opcode, key: 'x', casOf: 5 }, NOOP],
      [get('x')],
    ),
    scenario(`${name} without a key`, [{ opcode }, NOOP]),
  ]),
  scenario('flush', [set('x', 'hi')], [{ opcode: OP.flush }, get('x'), NOOP]),
  scenario(
    'flush with extras',
    [set('x', 'hi')],
    [{ opcode: OP.flush, extras: uint32Extras(0) }, get('x'), NOOP],
  ),
  scenario('flushq', [set('x', 'hi')], [{ opcode: OP.flushq }, get('x'), NOOP]),
  scenario('flush with wrong extras', [{ opcode: OP.flush, extras: storeExtras() }, NOOP]),
  scenario('flush with a key', [{ opcode: OP.flush, key: 'x' }, NOOP]),
  scenario('noop', [NOOP, { ...NOOP, opaque: 0xffff_ffff }]),
  scenario('noop with a body', [{ opcode: OP.noop, value: 'x' }, NOOP]),
  scenario('version', [{ opcode: OP.version }]),
  scenario('version with a key', [{ opcode: OP.version, key: 'x' }, NOOP]),
  scenario('quit', [set('x', 'hi'), { opcode: OP.quit }, get('x')]),
  scenario('quitq', [set('x', 'hi'), { opcode: OP.quitq }, get('x')]),
  scenario('quit with a key', [{ opcode: OP.quit, key: 'x' }, NOOP]),
  scenario('get without a key', [{ opcode: OP.get }, NOOP]),
  scenario('get with extras', [{ opcode: OP.get, key: 'x', extras: uint32Extras(0) }, NOOP]),
  scenario('get with a value', [{ opcode: OP.get, key: 'x', value: 'y' }, NOOP]),
  scenario('the longest key', [
    set(LONGEST_KEY, 'hi'),
    get(LONGEST_KEY, OP.getk),
    get(`${LONGEST_KEY}k`),
    NOOP,
  ]),
  scenario('keys with any bytes', [set('\0 \r\n\xff', 'hi'), get('\0 \r\n\xff', OP.getk)]),
  scenario(
    'the node ignores datatype and vbucket',
    [set('x', 'hi', { datatype: 1 })],
    [{ ...get('x'), vbucket: 7 }],
  ),
  ...[0x1f, 0x25, 0x30, 0x3c, 0x50, 0x70, 0x99, 0xff].map((opcode) =>
    scenario(`unknown opcode ${opcode}`, [{ opcode }, NOOP]),
  ),
  scenario('SASL on a node without users: list', [{ opcode: OP.saslList }, NOOP]),
  scenario('SASL on a node without users: auth', [
    { opcode: OP.saslAuth, key: 'PLAIN', value: '\0u\0p' },
    NOOP,
  ]),
  scenario('SASL on a node without users: step', [
    { opcode: OP.saslStep, key: 'PLAIN', value: '\0u\0p' },
    NOOP,
  ]),
  scenario('SASL without a mechanism', [{ opcode: OP.saslAuth, value: '\0u\0p' }, NOOP]),
  ...[0x81, 0x00, 0x7f, 0xff].map((magic) =>
    scenario(`magic ${magic} between two packets`, [NOOP, { ...NOOP, magic }, NOOP]),
  ),
  scenario('key longer than the body', [{ opcode: OP.get, key: 'abc', bodyBytes: 2 }, NOOP]),
  scenario('extras longer than the body', [
    { opcode: OP.get, extraBytes: 4, bodyBytes: 2, value: 'abcd' },
    NOOP,
  ]),
  scenario('stat of an unknown topic', [{ opcode: OP.stat, key: 'bogus' }, NOOP]),
  scenario('stat reset', [{ opcode: OP.stat, key: 'reset' }, NOOP]),
  scenario('stat with extras', [{ opcode: OP.stat, extras: uint32Extras(0) }, NOOP]),
  scenario('stat detail with an unknown action', [{ opcode: OP.stat, key: 'detail bogus' }, NOOP]),
  scenario(
    'stat detail',
    [{ opcode: OP.stat, key: 'detail on' }, NOOP],
    [{ opcode: OP.stat, key: 'detail off' }, NOOP],
  ),
  scenario('stat sizes', [{ opcode: OP.stat, key: 'sizes' }, NOOP]),
  scenario('a pipeline', [
    set('a', '1', { opcode: OP.setq }),
    set('b', '2', { opcode: OP.setq }),
    ...['a', 'none', 'b', 'no'].map((key, i) => ({ ...get(key, OP.getkq), opaque: i })),
    NOOP,
  ]),
  scenario('half a packet', [NOOP, { opcode: OP.get, key: 'x', keyBytes: 10, bodyBytes: 10 }]),
];
