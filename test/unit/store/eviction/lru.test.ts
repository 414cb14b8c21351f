import { expect, test } from 'vitest';
import { NO_ITEM } from '../../../../src/store/memory/item-layout.ts';
import { TOTAL } from '../../../../src/store/memory/layout.ts';
import { Random, testSeed } from '../../../support/random.ts';
import { StoreParts } from '../../../support/store-parts.ts';

const CLASS = 5;
const SEGMENTS = [0, 1, 2, 3];

/** The items of a list from its head; it checks that the links agree in both directions. */
function listed(parts: StoreParts, segment: number): readonly number[] {
  const found: number[] = [];
  let before = NO_ITEM;
  for (let id = parts.lru.head(CLASS, segment); id !== NO_ITEM; id = parts.items.lruNext(id)) {
    expect(parts.items.lruPrev(id)).toBe(before);
    found.push(id);
    before = id;
  }
  expect(parts.lru.tail(CLASS, segment)).toBe(before);
  expect(parts.lru.count(CLASS, segment)).toBe(found.length);
  return found;
}

const seed = testSeed();
test(`the lists agree with arrays, seed ${seed}`, () => {
  const random = new Random(seed);
  const parts = new StoreParts();
  const model: number[][] = SEGMENTS.map(() => []);
  const anyItem = (): readonly [number, number] | undefined => {
    const segment = random.pick(SEGMENTS);
    return model[segment]!.length === 0 ? undefined : [segment, random.pick(model[segment]!)];
  };
  const without = (segment: number, id: number): number[] =>
    model[segment]!.filter((other) => other !== id);
  for (let step = 0; step < 2000; step++) {
    const action = random.pick(['add', 'remove', 'move', 'moveBefore', 'replace'] as const);
    const [segment, id] = (action === 'add' ? undefined : anyItem()) ?? [random.pick(SEGMENTS), 0];
    if (id === 0) {
      const fresh = parts.newItem();
      parts.items.setSegment(fresh, segment);
      parts.lru.add(CLASS, fresh);
      model[segment]!.unshift(fresh);
    } else if (action === 'remove') {
      parts.lru.remove(CLASS, id);
      parts.slabs.free(CLASS, id);
      model[segment] = without(segment, id);
    } else if (action === 'move') {
      const target = random.pick(SEGMENTS);
      parts.lru.moveToHead(CLASS, id, target);
      model[segment] = without(segment, id);
      model[target]!.unshift(id);
      expect(parts.items.segment(id)).toBe(target);
    } else if (action === 'moveBefore') {
      const rest = without(segment, id);
      const at = random.int(0, rest.length);
      parts.lru.moveBefore(CLASS, id, rest[at] ?? NO_ITEM);
      model[segment] = rest.toSpliced(at, 0, id);
    } else {
      const fresh = parts.newItem();
      parts.items.setSegment(fresh, segment);
      parts.lru.replace(CLASS, id, fresh);
      model[segment] = model[segment]!.map((other) => (other === id ? fresh : other));
      parts.slabs.free(CLASS, id);
    }
    for (const each of SEGMENTS) expect(listed(parts, each), `step ${step}`).toEqual(model[each]);
  }
  expect(parts.lru.classCount(CLASS)).toBe(model.flat().length);
});

test('the totals have the bytes of the listed items, and how many ever came', () => {
  const parts = new StoreParts();
  const bytesListed = (): number => parts.all.totals.get(CLASS, TOTAL.memRequested);
  const itemsAdded = (): number => parts.all.sums.class('total_items', CLASS);
  const [small, large] = [parts.newItem({ value: '' }), parts.newItem({ value: 'v'.repeat(50) })];
  parts.lru.add(CLASS, small);
  parts.lru.add(CLASS, large);
  const bytes = parts.items.bytes(small) + parts.items.bytes(large);
  expect([bytesListed(), itemsAdded()]).toEqual([bytes, 2]);
  parts.lru.moveToHead(CLASS, small, 2);
  expect(bytesListed()).toBe(bytes);
  parts.lru.remove(CLASS, large);
  expect([bytesListed(), itemsAdded()]).toEqual([parts.items.bytes(small), 2]);
});
