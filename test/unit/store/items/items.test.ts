import { beforeEach, describe, expect, test } from 'vitest';
import { FLAG, itemBytes, pageOf, wordOf } from '../../../../src/store/memory/item-layout.ts';
import { StoreParts, type TestItem } from '../../../support/store-parts.ts';

const SHAPES: readonly (readonly [string, TestItem])[] = [
  ['plain', {}],
  ['with client flags', { clientFlags: 0xffff_ffff }],
  ['with a CAS id of its own', { ownCas: true }],
  ['with both', { clientFlags: 1, ownCas: true }],
  ['with the longest key', { key: 'k'.repeat(250), sizeClass: 20 }],
  ['with an empty value', { value: '' }],
];

describe.each(SHAPES)('an item %s', (_name, shape) => {
  let parts: StoreParts;
  let id = 0;
  const { key = 'key', value = 'value', clientFlags = 0, ownCas = false } = shape;
  beforeEach(() => {
    parts = new StoreParts();
    // The chunk had another item before.
    const before = parts.newItem(shape);
    parts.arena.words.fill(0xffff_ffff, wordOf(before), wordOf(before) + 8);
    parts.slabs.free(shape.sizeClass ?? 5, before);
    id = parts.newItem(shape);
    expect(id).toBe(before);
  });
  const facts = (): object => {
    const { items } = parts;
    return {
      key: parts.keyOf(id),
      value: parts.arena.bytes.toString(
        'latin1',
        items.valueAt(id),
        items.valueAt(id) + value.length,
      ),
      clientFlags: items.clientFlags(id),
      valueBytes: items.valueBytes(id),
      expiry: items.expiry(id),
      access: items.access(id),
      hits: items.hits(id),
      segment: items.segment(id),
      seq: [items.seqHigh(id), items.seqLow(id)],
      links: [items.bucketNext(id), items.lruPrev(id), items.lruNext(id)],
      fetched: items.hasFlag(id, FLAG.fetched),
    };
  };
  const fresh = {
    key,
    value,
    clientFlags,
    valueBytes: value.length,
    expiry: 0,
    access: 0,
    hits: 0,
    segment: 0,
    seq: [0, 0],
    links: [0, 0, 0],
    fetched: false,
  };

  test('an item starts with what was given, and everything else cleared', () => {
    expect(facts()).toEqual(fresh);
  });
  test('an item keeps each field apart from the others at its largest value', () => {
    const { items } = parts;
    items.setExpiry(id, 0xffff_ffff);
    items.setAccess(id, 0x0fff_ffff, 3);
    items.setSegment(id, 3);
    items.setSeq(id, 0x7fff, 0xffff_ffff);
    items.setBucketNext(id, 0xffff_ffff);
    items.setLruPrev(id, 0xffff_fffe);
    items.setLruNext(id, 0xffff_fffd);
    items.setFlags(id, FLAG.fetched);
    expect(facts()).toEqual({
      ...fresh,
      expiry: 0xffff_ffff,
      access: 0x0fff_ffff,
      hits: 3,
      segment: 3,
      seq: [0x7fff, 0xffff_ffff],
      links: [0xffff_ffff, 0xffff_fffe, 0xffff_fffd],
      fetched: true,
    });
    for (const set of [
      () => items.setExpiry(id, 0),
      () => items.setHits(id, 0),
      () => items.setAccess(id, 0, 0),
      () => items.setSegment(id, 0),
      () => items.setSeq(id, 0, 0),
      () => items.setBucketNext(id, 0),
      () => items.setLruPrev(id, 0),
      () => items.setLruNext(id, 0),
      () => items.clearFlags(id, FLAG.fetched),
    ]) {
      set();
    }
    expect(facts()).toEqual(fresh);
  });
  test('an item has the CAS id that a client chose, or its sequence number', () => {
    const { items } = parts;
    items.setSeq(id, 5, 0xffff_fff0);
    if (ownCas) items.setOwnCas(id, 0xffff_ffff, 0xffff_fffe);
    const expected = ownCas ? [0xffff_ffff, 0xffff_fffe] : [5, 0xffff_fff0];
    expect([items.casHigh(id), items.casLow(id)]).toEqual(expected);
    expect(facts()).toEqual({ ...fresh, seq: [5, 0xffff_fff0] });
  });
  test('an item is read in one pass as by its getters', () => {
    const { items } = parts;
    items.setSeq(id, 1, 2);
    items.setSegment(id, 2);
    if (ownCas) items.setOwnCas(id, 3, 4);
    const into = { clientFlags: 9, valueBytes: 9, segment: 9, casHigh: 9, casLow: 9, valueAt: 9 };
    const read = { ...into, isChained: true, sizeClass: 0 };
    items.read(id, read);
    expect(read).toEqual({
      clientFlags,
      valueBytes: value.length,
      segment: 2,
      casHigh: ownCas ? 3 : 1,
      casLow: ownCas ? 4 : 2,
      valueAt: items.valueAt(id),
      isChained: false,
      sizeClass: items.classOf(id),
    });
  });
  test('an item knows its key, and no other of any length', () => {
    const equals = (other: string): boolean =>
      parts.items.keyEquals(id, Buffer.from(`?${other}?`), 1, other.length);
    expect(equals(key)).toBe(true);
    for (let i = 0; i < key.length; i++) {
      expect(equals(`${key.slice(0, i)}X${key.slice(i + 1)}`), `byte ${i}`).toBe(false);
    }
    expect([equals(''), equals(key.slice(1)), equals(`${key}k`)]).toEqual([false, false, false]);
  });
  test('an item takes the bytes that its size says', () => {
    const bytes = itemBytes(key.length, clientFlags, value.length, ownCas);
    expect(parts.items.bytes(id)).toBe(bytes);
    expect(parts.items.valueAt(id) + value.length).toBe((id - 1) * 8 + bytes);
  });
  test('an item keeps its key and its list when a value is written over it', () => {
    const { items } = parts;
    items.setSegment(id, 2);
    items.setFlags(id, FLAG.fetched | FLAG.stale);
    items.overwriteHeader(id, FLAG.fetched, {
      placement: items.classOf(id),
      keyBytes: key.length,
      clientFlags: clientFlags === 0 ? 0 : 77,
      expiry: 60,
      valueBytes: 2,
      ownCas: false,
    });
    items.setValueBytes(id, 2);
    expect(facts()).toMatchObject({
      key,
      clientFlags: clientFlags === 0 ? 0 : 77,
      expiry: 60,
      valueBytes: 2,
      segment: 2,
      fetched: false,
    });
    expect(items.hasFlag(id, FLAG.stale)).toBe(true);
  });
});

describe('a hit', () => {
  test('a hit counts up to 3, and sets the second of the access', () => {
    const parts = new StoreParts();
    const id = parts.newItem();
    const seen = [10, 10, 11, 12, 12].map((now) => {
      parts.items.noteHit(id, now);
      return [parts.items.access(id), parts.items.hits(id)];
    });
    expect(seen).toEqual([
      [10, 1],
      [10, 2],
      [11, 3],
      [12, 3],
      [12, 3],
    ]);
    expect(parts.items.hasFlag(id, FLAG.fetched)).toBe(true);
  });
});

test('an item is in the page and the word that its id says', () => {
  expect([wordOf(1), pageOf(1)]).toEqual([0, 0]);
  expect([wordOf(2 ** 17), pageOf(2 ** 17)]).toEqual([2 ** 18 - 2, 0]);
  expect([wordOf(2 ** 17 + 1), pageOf(2 ** 17 + 1)]).toEqual([2 ** 18, 1]);
});
