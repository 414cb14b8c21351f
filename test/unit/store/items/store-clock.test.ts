import { afterEach, describe, expect, test, vi } from 'vitest';
import { StoreClock } from '../../../../src/store/items/store-clock.ts';
import { CLASS, CONTROL } from '../../../../src/store/memory/layout.ts';
import { StoreParts } from '../../../support/store-parts.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the clock of the store', () => {
  test('the clock expires an item when it reaches the second, and never for 0', () => {
    const { clock, newItem } = bound(new StoreParts());
    const [never, soon] = [newItem({ expiry: 0 }), newItem({ expiry: 10 })];
    const at = (seconds: number): readonly boolean[] => {
      clock.tick(seconds);
      return [clock.isExpired(never), clock.isExpired(soon)];
    };
    expect([at(9), at(10), at(2 ** 31 - 1)]).toEqual([
      [false, false],
      [false, true],
      [false, true],
    ]);
  });
  test('the clock hides the items of before a flush, and no later ones', () => {
    const { clock, items, newItem } = bound(new StoreParts());
    const stamped = (): number => {
      const id = newItem();
      clock.drawSeq();
      items.setSeq(id, clock.seqHigh, clock.seqLow);
      return id;
    };
    const before = stamped();
    expect(clock.isFlushed(before)).toBe(false);
    clock.flushNow();
    expect([clock.isFlushed(before), clock.isFlushed(stamped())]).toEqual([true, false]);
  });
  test('the clock reveals nothing when a flush has hidden more than this thread knows', () => {
    const { arena, clock } = new StoreParts();
    // Another thread flushes up to 999, and has not raised the numbers yet.
    arena.control[CONTROL.flushSeqLow] = 1000;
    clock.flushNow();
    expect([clock.isSeqFlushed(0, 999), clock.isSeqFlushed(0, 1000)]).toEqual([true, false]);
  });
  test('the clock lets one thread at a time move the number of the flush', () => {
    const { all, arena, clock } = new StoreParts();
    const locks: number[] = [];
    vi.spyOn(all.sums, 'lifetime').mockImplementation(() => {
      locks.push(arena.control[CONTROL.flushLock]!);
      return 0;
    });
    clock.flushUpTo(0, 1000);
    clock.flushUpTo(0, 1000);
    expect([locks, arena.control[CONTROL.flushLock]]).toEqual([[1], 0]);
  });
  test('the clock makes every class due for the crawler at a flush', () => {
    const { arena, clock } = new StoreParts();
    clock.flushNow();
    for (let id = 0; id < 64; id++) {
      expect(arena.classes[id * CLASS.words + CLASS.soonestExpiry]).toBe(1);
    }
  });
  test('the clock runs a flush at its second, once, and a later one replaces it', () => {
    const { clock, items, newItem } = bound(new StoreParts());
    const id = newItem();
    clock.drawSeq();
    items.setSeq(id, clock.seqHigh, clock.seqLow);
    clock.flushAt(20);
    clock.flushAt(30);
    clock.tick(29);
    expect(clock.isFlushed(id)).toBe(false);
    clock.tick(30);
    expect(clock.isFlushed(id)).toBe(true);
    clock.drawSeq();
    items.setSeq(id, clock.seqHigh, clock.seqLow);
    clock.tick(31);
    expect([clock.isFlushed(id), clock.now()]).toEqual([false, 31]);
  });
  test('the clock cancels a pending flush with a flush at once', () => {
    const { clock, items, newItem } = bound(new StoreParts());
    clock.flushAt(20);
    clock.flushNow();
    const id = newItem();
    clock.drawSeq();
    items.setSeq(id, clock.seqHigh, clock.seqLow);
    clock.tick(25);
    expect(clock.isFlushed(id)).toBe(false);
  });
});

describe('sequence numbers', () => {
  test('sequence numbers rise over the ends of both halves of the low word', () => {
    const parts = new StoreParts();
    const { arena } = parts;
    const [one, two] = [new StoreClock(parts.all), new StoreClock(parts.all)];
    let last = -1n;
    for (const start of [0, 0x7fff_fffd, 0xffff_fffd, 0x7fff_fffd, 0xffff_fffd]) {
      arena.control[CONTROL.seqLow] = start | 0;
      for (let i = 0; i < 6; i++) {
        const clock = i % 2 === 0 ? one : two;
        clock.drawSeq();
        const drawn = (BigInt(clock.seqHigh) << 32n) | BigInt(clock.seqLow);
        expect(drawn, `draw ${i} from ${start}`).toBeGreaterThan(last);
        last = drawn;
      }
    }
    expect(last >> 32n).toBe(2n);
  });
  test('sequence numbers continue above a raised one, from everywhere to everywhere', () => {
    const targets = [1n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 1n << 32n, (5n << 32n) + 7n];
    for (const first of targets) {
      for (const second of targets) {
        const { clock } = new StoreParts();
        let highest = 0n;
        for (const target of [first, second]) {
          clock.raiseSeq(Number(target >> 32n), Number(target & 0xffff_ffffn));
          highest = target > highest ? target : highest;
          clock.drawSeq();
          const drawn = (BigInt(clock.seqHigh) << 32n) | BigInt(clock.seqLow);
          expect(drawn, `${first} then ${second}`).toBe(highest + 1n);
          highest = drawn;
        }
      }
    }
  });
});

/** The parts that a test uses, with `newItem` bound. */
function bound(parts: StoreParts) {
  return { clock: parts.clock, items: parts.items, newItem: parts.newItem.bind(parts) };
}
