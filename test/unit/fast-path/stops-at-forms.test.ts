import { describe, test } from 'vitest';
import { MEMCACHED_OVERHEAD_BYTES } from '../../../src/store/items/placer.ts';
import { OP, type PacketParts, packet, storeExtras } from '../../support/binary-wire.ts';
import {
  checkStop,
  checkUsual,
  type Input,
  MS_A,
  SET_A,
  type Stop,
  set,
} from '../../support/fast-stop.ts';
import { Twins } from '../../support/fast-twins.ts';

const ALL_LETTERS = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const LEGACY_KEY = 'AmazonElastiCache:cluster';

/** An unusual request, and one that differs in the unusual part only. */
type Form = readonly [title: string, unusual: Input, usual?: Input];

const CLASSIC_FORMS: readonly Form[] = [
  ['a blank before the command', ' get a\r\n'],
  ['another command', 'gat 0 a\r\n'],
  ['a command in upper case', 'GET a\r\n'],
  ['two blanks before the key', 'get  a\r\n'],
  ['two blanks between keys', 'get a  b\r\n', 'get a b\r\n'],
  ['a blank after the key', 'get a \r\n'],
  ['a tab after the key', 'get a\tb\r\n'],
  ['a CR inside the line', 'get a\rb\r\n'],
  ['a control character in the key', 'get a\u0001b\r\n', 'get a\u007fb\r\n'],
  ['a NUL in the key', 'get a\0b\r\n'],
  ['a get without a key', 'get \r\n'],
  ['a key of 251 bytes', `get ${'k'.repeat(251)}\r\n`, `get ${'k'.repeat(250)}\r\n`],
  ['a get of 501 keys', `get${' a'.repeat(501)}\r\n`, `get${' a'.repeat(500)}\r\n`],
  ['the old key of the cluster', `get ${LEGACY_KEY}\r\n`, `get ${LEGACY_KEY}2\r\n`],
  ['the old key of the cluster as the last', `gets a ${LEGACY_KEY}\r\n`],
  ['another command of two letters', 'me a\r\n'],
];

const STORAGE_FORMS: readonly Form[] = [
  ['client flags of 33 bits', SET_A.replace('0', '4294967296'), SET_A.replace('0', '0000000000')],
  ['client flags of eleven digits', SET_A.replace('0', '00000000000')],
  ['negative client flags', SET_A.replace('0', '-1')],
  ['client flags that are no number', SET_A.replace('0', '1x')],
  ['a negative exptime', SET_A.replace('0 20', '-1 20')],
  ['an exptime of 32 bits', set('a', 20, 2 ** 31), set('a', 20, 2 ** 31 - 1)],
  ['an exptime that is no number', SET_A.replace('0 20', '0x 20')],
  ['a Unix time in the past', set('a', 20, 2_592_001), set('a', 20, 2_592_000)],
  ['a Unix time that is now', set('a', 20, 1_700_000_000), set('a', 20, 1_700_000_001)],
  ['a length that is no number', SET_A.replace('20', '2x')],
  ['a negative length', SET_A.replace('20', '-1')],
  ['a length beyond 32 bits', SET_A.replace('20', '4294967316')],
  ['a value that is longer than its length', SET_A.replace('20', '19')],
  [
    'another word than noreply',
    SET_A.replace('20', '20 NOREPLY'),
    SET_A.replace('20', '20 noreply'),
  ],
  ['a word after noreply', SET_A.replace('20', '20 noreply 1')],
  ['a longer word than noreply', SET_A.replace('20', '20 noreply0')],
  ['a set with a key of 251 bytes', set('k'.repeat(251), 20)],
  ['a set without a key', SET_A.replace('a', '')],
  ['ms with a length that is no number', MS_A.replace('20', 'S20'), MS_A],
  ['ms with a value that is longer than its length', MS_A.replace('20', '19'), MS_A],
  ['ms without a length', 'ms a\r\n', MS_A],
  ['delete with a number', 'delete a 0\r\n', 'delete a\r\n'],
  ['touch without an exptime', 'touch a\r\n', 'touch a 0\r\n'],
  ['touch with a negative exptime', 'touch a -1\r\n', 'touch a 0\r\n'],
  ['touch with an exptime of 32 bits', 'touch a 2147483648\r\n', 'touch a 2147483647\r\n'],
];

const META_FORMS: readonly Form[] = [
  ['a key of 251 bytes', `mg ${'k'.repeat(251)}\r\n`, `mg ${'k'.repeat(250)}\r\n`],
  ['no key', 'mg \r\n'],
  ['two blanks', 'mg a  v\r\n'],
  ['a blank at the end', 'mg a v \r\n'],
  ['a tab before a flag', 'mg a\tv\r\n'],
  ['mn with a blank', 'mn \r\n'],
  ['a flag that is there twice', 'mg a v s v\r\n', 'mg a v s c\r\n'],
  ['an opaque of 33 bytes', `mg a O${'o'.repeat(32)}\r\n`, `mg a O${'o'.repeat(31)}\r\n`],
];

const lettersExcept = (usual: string): readonly string[] =>
  ALL_LETTERS.filter((letter) => !usual.includes(letter));

/** The flags that are unusual in each command, and the command with the usual ones. */
const UNUSUAL_FLAGS: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'mg a v f c s t k h l O1 T30 q\r\n',
    'mg a FLAG\r\n',
    [
      ...lettersExcept('cfhklqstvO'),
      ...['c1', 'v1', 'q1', 'k1', 's1', 't1', 'f1', 'h1', 'l1', 'N5', 'R5', 'E5', 'M', 'MS'],
      ...['T-1', 'Tx', 'T2147483648', 'F5', '\u0001', '5', '{', '@', '['],
    ],
  ],
  [
    MS_A.replace('20', '20 c k s O1 q T2147483647 F0 MS'),
    MS_A.replace('20', '20 FLAG'),
    [
      ...lettersExcept('ckqsO'),
      ...['c1', 'C5', 'E5', 'F-1', 'F4294967296', 'FX', 'ME', 'MA', 'MR', 'Ms', 'MSS', 'S20'],
      ...['T-1', 'T2147483648', 'T', 'F', '\u0001', '5', '{'],
    ],
  ],
  [
    'md a q k O1\r\n',
    'md a FLAG\r\n',
    [...lettersExcept('kqO'), 'c1', 'C5', 'T30', 'E5', 'F5', 'MS', '\u0001', '5', '{'],
  ],
];
const FLAG_FORMS: readonly Form[] = UNUSUAL_FLAGS.flatMap(([usual, unusual, flags]) =>
  flags.map((flag): Form => {
    const command = unusual.slice(0, 2);
    return [
      `${command} with the flag ${JSON.stringify(flag)}`,
      unusual.replace('FLAG', flag),
      usual,
    ];
  }),
);

/** Fields of a packet that is a get of the key `a` otherwise. */
const BINARY_FORMS: readonly (readonly [string, Partial<PacketParts>])[] = [
  ['another magic byte', { magic: 0x81 }],
  ['another opcode', { opcode: OP.delete }],
  ['a get with extras', { extras: Buffer.alloc(4) }],
  ['a get with a value', { value: 'x' }],
  ['a get with extras that are no part of the body', { extraBytes: 4 }],
  ['a get without a key', { key: '' }],
  ['a get with a key of 251 bytes', { key: 'k'.repeat(251) }],
  ['a get of the old key of the cluster', { key: LEGACY_KEY }],
  ['a key that is longer than the body', { keyBytes: 2 }],
  ['a body beyond the input', { bodyBytes: 0xffff_ffff }],
  ['a noop with a key', { opcode: OP.noop }],
  ['a noop with a value', { opcode: OP.noop, key: '', value: 'a' }],
  ['a noop with extras', { opcode: OP.noop, key: '', extras: Buffer.alloc(1) }],
  ['a set with a CAS id', { opcode: OP.set, extras: storeExtras(), cas: 7n }],
  ['a set with extras of 4 bytes', { opcode: OP.set, extras: Buffer.alloc(4) }],
  [
    'a set with extras of 8 bytes that says 4',
    { opcode: OP.set, extras: storeExtras(), extraBytes: 4, value: 'v' },
  ],
  [
    'a set with a body beyond the input',
    { opcode: OP.set, extras: storeExtras(), bodyBytes: 0xffff_ffff },
  ],
  ['a set without a key', { opcode: OP.set, key: '', extras: storeExtras() }],
  [
    'a set that ends in its key',
    { opcode: OP.set, key: 'abc', extras: storeExtras(), bodyBytes: 9 },
  ],
  ['a set with an exptime of 32 bits', { opcode: OP.set, extras: storeExtras(0, 2 ** 31) }],
  [
    'a set with a key of 251 bytes',
    { opcode: OP.set, key: 'k'.repeat(251), extras: storeExtras() },
  ],
];

const stops = (forms: readonly Form[], usualRequest: Input): readonly Stop[] =>
  forms.map(([title, unusual, request = usualRequest]) => ({
    title,
    given: SET_A,
    request,
    unusual,
  }));

let twins = new Twins({ kind: 'memory32' });

/** All share two stores, which are replaced when they may differ. */
function check(stop: Stop): void {
  try {
    checkUsual(twins, stop);
    checkStop(twins, stop);
  } catch (error) {
    twins = new Twins({ kind: 'memory32' });
    throw error;
  }
}

describe('the form of a request', () => {
  test.each([
    ...stops(CLASSIC_FORMS, 'get a\r\n'),
    ...stops(STORAGE_FORMS, SET_A),
    ...stops(META_FORMS, 'mg a v\r\n'),
    ...stops(FLAG_FORMS, 'mg a v\r\n'),
  ])('the fast path leaves to JavaScript: $title', (stop) => check(stop));

  test.each([
    ...['-1', '1x', '99999999999', '4294967296'].map((flags) => SET_A.replace('0', flags)),
    ...['F-1', 'F1x', 'F', 'F4294967296'].map((flag) => MS_A.replace('20', `20 ${flag}`)),
  ])('the fast path leaves to JavaScript, over an item with client flags: %j', (unusual) => {
    check({
      title: '',
      given: SET_A.replace('0', '5'),
      request: MS_A.replace('20', '20 F6'),
      unusual,
    });
  });

  test.each(BINARY_FORMS)('the fast path leaves a packet to JavaScript: %s', (title, fields) => {
    check({
      title,
      // Also the class of the shortest items has memory.
      given: SET_A + set('b', 1),
      request: packet({ opcode: OP.get, key: 'a' }),
      unusual: packet({ opcode: OP.get, key: 'a', ...fields }),
    });
  });
  test('the fast path leaves to JavaScript: a get with more words than mg may have', () => {
    const flags = ['v', 'f', 'c', 's', 't', 'k', 'h', 'l', 'q', 'O1', 'T30'];
    check({
      title: '',
      given: SET_A,
      request: `mg a ${flags.join(' ')}\r\n`,
      unusual: `mg a ${[...flags, ...'DEJMNRSC'].join(' ')}\r\n`,
    });
  });
});

describe('the size of an item', () => {
  test.each([
    [
      'an item that is larger than -I',
      1024,
      1024 - MEMCACHED_OVERHEAD_BYTES - 1,
      1024 - MEMCACHED_OVERHEAD_BYTES,
    ],
    ['an item of more than 4096 bytes', 1 << 20, 4096 - 32 - 1, 4096 - 32],
  ])('the fast path leaves to JavaScript: %s', (title, maxItemSizeBytes, usual, unusual) => {
    const stop = {
      title,
      given: set('a', usual),
      request: set('a', usual),
      unusual: set('a', unusual),
    };
    const own = new Twins({ kind: 'memory32', store: { maxItemSizeBytes } });
    checkUsual(own, stop);
    checkStop(own, stop);
  });
});
