import { describe, expect, test } from 'vitest';
import { NO_PAGE, type PagePool } from '../../../../src/store/memory/page-pool.ts';
import { StoreParts } from '../../../support/store-parts.ts';

const PAGES = 4;
const newPool = (): PagePool => new StoreParts({ memoryLimitBytes: PAGES << 20 }).pagePool;
const takeAll = (pool: PagePool): readonly number[] =>
  Array.from({ length: PAGES }, () => pool.take(false));

describe('the pool of pages', () => {
  test('the pool gives each page once, up to the limit', () => {
    const pool = newPool();
    expect(takeAll(pool)).toEqual([0, 1, 2, 3]);
    expect(pool.take(false)).toBe(NO_PAGE);
    expect([pool.usedCount(), pool.touchedCount(), pool.freeCount()]).toEqual([4, 4, 0]);
  });
  test('the pool gives back the page that was released last, before pages never used', () => {
    const pool = newPool();
    for (let i = 0; i < 3; i++) pool.take(false);
    pool.release(0);
    pool.release(2);
    expect([pool.usedCount(), pool.freeCount(), pool.touchedCount()]).toEqual([1, 2, 3]);
    expect([pool.take(false), pool.take(false), pool.take(false)]).toEqual([2, 0, 3]);
    expect([pool.take(false), pool.freeCount()]).toEqual([NO_PAGE, 0]);
  });
  test('the pool gives the first page of a class beyond the limit, and counts it apart', () => {
    const pool = newPool();
    takeAll(pool);
    expect([pool.take(true), pool.take(true)]).toEqual([4, 5]);
    expect([pool.take(false), pool.overLimit()]).toEqual([NO_PAGE, 0]);
    pool.setLimit(1);
    expect([pool.limit(), pool.overLimit(), pool.take(false)]).toEqual([1, 3, NO_PAGE]);
    pool.setLimit(5);
    expect([pool.overLimit(), pool.take(false)]).toEqual([-1, 6]);
  });
  test('the pool remembers the class of each page', () => {
    const pool = newPool();
    pool.assign(2, 63);
    expect([pool.classOf(1), pool.classOf(2)]).toEqual([0, 63]);
  });
});
