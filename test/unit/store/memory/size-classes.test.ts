import { describe, expect, test } from 'vitest';
import { PAGE_BYTES } from '../../../../src/store/memory/item-layout.ts';
import {
  classFor,
  planSizeClasses,
  SizeClasses,
} from '../../../../src/store/memory/size-classes.ts';

describe('size classes', () => {
  const defaults = {
    growthFactor: 1.25,
    sizeMinBytes: 48,
    chunkBytesMax: PAGE_BYTES / 2,
    itemBytesMax: 1 << 20,
  };
  test("size classes are memcached's, plus two smaller ones", () => {
    const memcached =
      '96 120 152 192 240 304 384 480 600 752 944 1184 1480 1856 2320 2904 3632 4544 5680 7104 ' +
      '8880 11104 13880 17352 21696 27120 33904 42384 52984 66232 82792 103496 129376 161720 ' +
      '202152 252696 315872 394840 524288';
    const sizes = planSizeClasses(defaults);
    expect(sizes.join(' ')).toBe(`0 64 80 ${memcached}`);
  });
  test('size classes rise, have six-bit ids and fit the largest item or half a page', () => {
    for (const growthFactor of [1.01, 1.05, 1.25, 2, 16]) {
      for (const itemBytesMax of [1024, 100_000, 524_288, 1 << 20]) {
        for (const sizeMinBytes of [1, 48, 1000]) {
          const sizes = planSizeClasses({ ...defaults, growthFactor, itemBytesMax, sizeMinBytes });
          expect(sizes.length).toBeLessThanOrEqual(64);
          for (let i = 1; i < sizes.length; i++) expect(sizes[i]).toBeGreaterThan(sizes[i - 1]!);
          for (const size of sizes) expect(size % 8).toBe(0);
          expect(sizes.at(-1)).toBeGreaterThanOrEqual(Math.min(itemBytesMax, PAGE_BYTES / 2));
          expect(classFor(sizes, sizes.at(-1)!)).toBe(sizes.length - 1);
          expect(classFor(sizes, sizes.at(-1)! + 1)).toBe(0);
          expect(classFor(sizes, 1)).toBe(1);
        }
      }
    }
  });
  test('size classes are found by a table for small sizes as by a search', () => {
    for (const sizeMinBytes of [1, 48, 1000]) {
      const sizes = planSizeClasses({ ...defaults, sizeMinBytes });
      const classes = new SizeClasses(sizes);
      for (let bytes = 0; bytes <= 10_000; bytes++) {
        expect(classes.classFor(bytes), `${bytes} bytes`).toBe(classFor(sizes, bytes));
      }
      expect(classes.classFor(classes.chunkBytesMax)).toBe(classes.largest);
      expect(classes.classFor(classes.chunkBytesMax + 1)).toBe(0);
    }
  });
});
