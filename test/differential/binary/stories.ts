import { counting, OP, storing, u32 } from '../../support/binary-wire.ts';
import type { BinaryStep, Story } from './story.ts';

const story = (name: string, ...bursts: readonly (readonly BinaryStep[])[]): Story => ({
  name,
  bursts,
});
const set = (key: string, value: string, more: Partial<BinaryStep> = {}): BinaryStep => ({
  opcode: OP.set,
  key,
  extras: storing(),
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

const named = (table: Readonly<Record<string, number>>) => Object.entries(table);

export const STORIES: readonly Story[] = [
  ...named(RETRIEVALS).map(([name, opcode]) =>
    story(
      name,
      [set('x', 'hi', { extras: storing(5) })],
      [get('x', opcode), get('none', opcode), NOOP],
    ),
  ),
  ...named(TOUCHES).flatMap(([name, opcode]) => [
    story(
      name,
      [set('x', 'hi', { extras: storing(5) })],
      [{ opcode, key: 'x', extras: u32(100) }, { opcode, key: 'none', extras: u32(100) }, NOOP],
    ),
    story(
      `${name} for ever and at once`,
      [set('x', 'hi')],
      [{ opcode, key: 'x', extras: u32(0) }],
      [{ opcode, key: 'x', extras: u32(0xffff_ffff) }],
      [get('x')],
      [{ opcode, key: 'x', extras: u32(2_592_001) }],
      [get('x')],
    ),
  ]),
  ...named(STORES).flatMap(([name, opcode]) => [
    story(
      `${name} on nothing`,
      [{ opcode, key: 'x', extras: storing(7, 100), value: 'new' }, NOOP],
      [get('x')],
    ),
    story(
      `${name} on an item`,
      [set('x', 'old')],
      [{ opcode, key: 'x', extras: storing(7), value: 'new' }, NOOP],
      [get('x')],
    ),
    story(
      `${name} with a wrong CAS`,
      [set('x', 'old')],
      [{ opcode, key: 'x', extras: storing(), value: 'new', cas: 77n }, NOOP],
      [get('x')],
    ),
    story(
      `${name} with the right CAS`,
      [set('x', 'old', { opaque: 5 })],
      [{ opcode, key: 'x', extras: storing(), value: 'new', casOf: 5 }, NOOP],
      [get('x')],
    ),
    story(
      `${name} with a CAS on nothing`,
      [{ opcode, key: 'x', extras: storing(), value: 'new', cas: 7n }, NOOP],
      [get('x')],
    ),
    story(
      `${name} too large`,
      [set('x', 'old')],
      [{ opcode, key: 'x', extras: storing(), value: 'x'.repeat(1_048_577) }, NOOP],
      [get('x')],
    ),
    story(
      `${name} without a value`,
      [{ opcode, key: 'x', extras: storing(), value: '' }, NOOP],
      [get('x')],
    ),
    story(`${name} without extras`, [{ opcode, key: 'x', value: 'abc' }, NOOP]),
    story(`${name} without a key`, [{ opcode, extras: storing(), value: 'abc' }, NOOP]),
    story(`${name} with other extras`, [{ opcode, key: 'x', extras: u32(1), value: 'abc' }, NOOP]),
    story(
      `${name}, expired`,
      [{ opcode, key: 'x', extras: storing(0, 2_592_001), value: 'abc' }, NOOP],
      [get('x')],
    ),
  ]),
  ...named(JOINS).flatMap(([name, opcode]) => [
    story(`${name} on nothing`, [{ opcode, key: 'x', value: 'new' }, NOOP], [get('x')]),
    story(
      `${name} on an item`,
      [set('x', 'old', { extras: storing(9) })],
      [{ opcode, key: 'x', value: 'new' }, NOOP],
      [get('x')],
    ),
    story(
      `${name} with a wrong CAS`,
      [set('x', 'old')],
      [{ opcode, key: 'x', value: 'new', cas: 99n }, NOOP],
      [get('x')],
    ),
    story(
      `${name} with the right CAS`,
      [set('x', 'old', { opaque: 5 })],
      [{ opcode, key: 'x', value: 'new', casOf: 5 }, NOOP],
      [get('x')],
    ),
    story(`${name} with extras`, [{ opcode, key: 'x', extras: u32(0), value: 'new' }, NOOP]),
    story(
      `${name} too large`,
      [set('x', 'old')],
      [{ opcode, key: 'x', value: 'x'.repeat(1_048_577) }, NOOP],
      [get('x')],
    ),
    story(
      `${name} grows too large`,
      [set('x', 'o'.repeat(600_000))],
      [{ opcode, key: 'x', value: 'x'.repeat(600_000) }, NOOP],
    ),
  ]),
  ...named(COUNTS).flatMap(([name, opcode]) => [
    story(
      `${name} on nothing`,
      [{ opcode, key: 'n', extras: counting(1n, 10n, NEVER_CREATE) }, NOOP],
      [get('n')],
    ),
    story(
      `${name} creates`,
      [{ opcode, key: 'n', extras: counting(1n, 10n) }, NOOP],
      [get('n')],
      [{ opcode, key: 'n', extras: counting(3n, 10n) }, NOOP],
      [get('n')],
    ),
    story(
      `${name} of 10`,
      [set('n', '10')],
      [{ opcode, key: 'n', extras: counting(3n) }, NOOP],
      [get('n')],
      [{ opcode, key: 'n', extras: counting(100n) }, NOOP],
      [get('n')],
    ),
    story(
      `${name} at the end`,
      [set('n', '18446744073709551615')],
      [{ opcode, key: 'n', extras: counting(1n) }, NOOP],
      [get('n')],
    ),
    story(
      `${name} of no number`,
      [set('n', 'abc')],
      [{ opcode, key: 'n', extras: counting(1n) }, NOOP],
      [get('n')],
    ),
    story(`${name} of nothing`, [set('n', '')], [{ opcode, key: 'n', extras: counting(1n) }, NOOP]),
    story(
      `${name} with a wrong CAS`,
      [set('n', '10')],
      [{ opcode, key: 'n', extras: counting(1n), cas: 77n }, NOOP],
      [get('n')],
    ),
    story(
      `${name} with the right CAS`,
      [set('n', '10', { opaque: 5 })],
      [{ opcode, key: 'n', extras: counting(1n), casOf: 5 }, NOOP],
      [get('n')],
    ),
    story(`${name} without extras`, [{ opcode, key: 'n' }, NOOP]),
    story(`${name} with a value`, [{ opcode, key: 'n', extras: counting(1n), value: 'x' }, NOOP]),
  ]),
  ...named(DELETES).flatMap(([name, opcode]) => [
    story(name, [set('x', 'hi')], [{ opcode, key: 'x' }, { opcode, key: 'x' }, NOOP]),
    story(
      `${name} with a wrong CAS`,
      [set('x', 'hi')],
      [{ opcode, key: 'x', cas: 99n }, NOOP],
      [get('x')],
    ),
    story(
      `${name} with the right CAS`,
      [set('x', 'hi', { opaque: 5 })],
      [{ opcode, key: 'x', casOf: 5 }, NOOP],
      [get('x')],
    ),
    story(`${name} without a key`, [{ opcode }, NOOP]),
  ]),
  story('flush', [set('x', 'hi')], [{ opcode: OP.flush }, get('x'), NOOP]),
  story(
    'flush with extras',
    [set('x', 'hi')],
    [{ opcode: OP.flush, extras: u32(0) }, get('x'), NOOP],
  ),
  story('flushq', [set('x', 'hi')], [{ opcode: OP.flushq }, get('x'), NOOP]),
  story('flush with wrong extras', [{ opcode: OP.flush, extras: storing() }, NOOP]),
  story('flush with a key', [{ opcode: OP.flush, key: 'x' }, NOOP]),
  story('noop', [NOOP, { ...NOOP, opaque: 0xffff_ffff }]),
  story('noop with a body', [{ opcode: OP.noop, value: 'x' }, NOOP]),
  story('version', [{ opcode: OP.version }]),
  story('version with a key', [{ opcode: OP.version, key: 'x' }, NOOP]),
  story('quit', [set('x', 'hi'), { opcode: OP.quit }, get('x')]),
  story('quitq', [set('x', 'hi'), { opcode: OP.quitq }, get('x')]),
  story('quit with a key', [{ opcode: OP.quit, key: 'x' }, NOOP]),
  story('get without a key', [{ opcode: OP.get }, NOOP]),
  story('get with extras', [{ opcode: OP.get, key: 'x', extras: u32(0) }, NOOP]),
  story('get with a value', [{ opcode: OP.get, key: 'x', value: 'y' }, NOOP]),
  story('the longest key', [
    set(LONGEST_KEY, 'hi'),
    get(LONGEST_KEY, OP.getk),
    get(`${LONGEST_KEY}k`),
    NOOP,
  ]),
  story('keys of any bytes', [set('\0 \r\n\xff', 'hi'), get('\0 \r\n\xff', OP.getk)]),
  story(
    'datatype and vbucket are not looked at',
    [set('x', 'hi', { datatype: 1 })],
    [{ ...get('x'), vbucket: 7 }],
  ),
  ...[0x1f, 0x25, 0x30, 0x3c, 0x50, 0x70, 0x99, 0xff].map((opcode) =>
    story(`unknown opcode ${opcode}`, [{ opcode }, NOOP]),
  ),
  story('SASL where there is none: list', [{ opcode: OP.saslList }, NOOP]),
  story('SASL where there is none: auth', [
    { opcode: OP.saslAuth, key: 'PLAIN', value: '\0u\0p' },
    NOOP,
  ]),
  story('SASL where there is none: step', [
    { opcode: OP.saslStep, key: 'PLAIN', value: '\0u\0p' },
    NOOP,
  ]),
  story('SASL without a mechanism', [{ opcode: OP.saslAuth, value: '\0u\0p' }, NOOP]),
  ...[0x81, 0x00, 0x7f, 0xff].map((magic) =>
    story(`magic ${magic} on the way`, [NOOP, { ...NOOP, magic }, NOOP]),
  ),
  story('key longer than the body', [{ opcode: OP.get, key: 'abc', bodyBytes: 2 }, NOOP]),
  story('extras longer than the body', [
    { opcode: OP.get, extraBytes: 4, bodyBytes: 2, value: 'abcd' },
    NOOP,
  ]),
  story('stat of what there is not', [{ opcode: OP.stat, key: 'bogus' }, NOOP]),
  story('stat reset', [{ opcode: OP.stat, key: 'reset' }, NOOP]),
  story('stat with extras', [{ opcode: OP.stat, extras: u32(0) }, NOOP]),
  story('stat detail of nonsense', [{ opcode: OP.stat, key: 'detail bogus' }, NOOP]),
  story(
    'stat detail',
    [{ opcode: OP.stat, key: 'detail on' }, NOOP],
    [{ opcode: OP.stat, key: 'detail off' }, NOOP],
  ),
  story('stat sizes', [{ opcode: OP.stat, key: 'sizes' }, NOOP]),
  story('a pipeline', [
    set('a', '1', { opcode: OP.setq }),
    set('b', '2', { opcode: OP.setq }),
    ...['a', 'none', 'b', 'no'].map((key, i) => ({ ...get(key, OP.getkq), opaque: i })),
    NOOP,
  ]),
  story('half a packet', [NOOP, { opcode: OP.get, key: 'x', keyBytes: 10, bodyBytes: 10 }]),
];
