import { beforeEach, describe, expect, test } from 'vitest';
import { FLAG, NO_ITEM, SEGMENT } from '../../../../src/store/memory/item-layout.ts';
import { audit } from '../../../support/audit.ts';
import { CommandHarness } from '../../../support/command-harness.ts';

const VALUE = 'value';

describe('the linker', () => {
  let node: CommandHarness;
  beforeEach(() => {
    node = new CommandHarness();
  });
  /** Links a new item with a key under its stripe, in place of the item that the key has. */
  const link = (key: string, expiry = 0, sizeClass = 5): number => {
    const { slabs, chains, items, arena, linker, stripes, classLocks } = node.parts;
    classLocks.lock(sizeClass);
    const id = slabs.alloc(sizeClass);
    chains.claim(id);
    classLocks.unlock(sizeClass);
    items.format(id, {
      placement: sizeClass,
      keyBytes: key.length,
      clientFlags: 0,
      expiry,
      valueBytes: VALUE.length,
      ownCas: false,
    });
    arena.bytes.write(key + VALUE, items.keyAt(id), 'latin1');
    const hash = node.hashOf(key);
    stripes.lock(hash);
    linker.link(hash, node.idOf(key), id);
    stripes.unlock(hash);
    return id;
  };
  const unlink = (key: string): void => {
    const hash = node.hashOf(key);
    node.parts.stripes.lock(hash);
    node.parts.linker.unlink(hash, node.idOf(key));
    node.parts.stripes.unlock(hash);
  };
  const hint = (sizeClass: number): number => node.parts.arena.classes[sizeClass * 32 + 20]!;

  test('the linker makes an item findable and listed, with a sequence number of its own', () => {
    const [a, b] = [link('a'), link('b')];
    const { items, lru } = node.parts;
    expect([node.idOf('a'), node.idOf('b'), lru.classCount(5)]).toEqual([a, b, 2]);
    expect([items.hasFlag(a, FLAG.linked), items.seqLow(b) - items.seqLow(a)]).toEqual([true, 1]);
    expect(node.run('get a b')).toBe('VALUE a 0 5\r\nvalue\r\nVALUE b 0 5\r\nvalue\r\nEND\r\n');
    expect(audit(node.parts)).toEqual([]);
  });
  test('frees what it unlinks', () => {
    link('a');
    link('b');
    unlink('a');
    expect([node.idOf('a'), node.idOf('b') !== NO_ITEM]).toEqual([NO_ITEM, true]);
    expect(node.parts.lru.classCount(5)).toBe(1);
    expect(audit(node.parts)).toEqual([]);
  });
  test('the linker replaces an item of the same class, and keeps its hits and queue', () => {
    const old = link('a');
    const { items, lru, classLocks } = node.parts;
    items.setHits(old, 2);
    classLocks.lock(5);
    lru.moveToHead(5, old, SEGMENT.warm);
    classLocks.unlock(5);
    const fresh = link('a');
    expect([node.idOf('a'), items.hits(fresh)]).toEqual([fresh, 2]);
    expect(items.segment(fresh)).toBe(SEGMENT.warm);
    expect(node.parts.lru.classCount(5)).toBe(1);
    expect(audit(node.parts)).toEqual([]);
  });
  test('the linker replaces an item of another class, and gives its chunk back there', () => {
    link('a');
    const fresh = link('a', 0, 8);
    expect([node.idOf('a'), node.parts.lru.classCount(5), node.parts.lru.classCount(8)]).toEqual([
      fresh,
      0,
      1,
    ]);
    expect(audit(node.parts)).toEqual([]);
  });
  test('the linker tells the crawler when the first item of the class expires', () => {
    link('never');
    expect(hint(5)).toBe(0);
    link('late', 500);
    link('soon', 400);
    link('later', 600);
    expect([hint(5), hint(6)]).toEqual([400, 0]);
  });
});
