import { describe, expect, test } from 'vitest';
import { type ClassSample, type PageMove, planPageMove } from '../../../src/store/page-policy.ts';

/** A class that is full, evicts, and would gain nothing by a page. */
const sample = (sizeClass: number, more: Partial<ClassSample> = {}): ClassSample => ({
  sizeClass,
  pages: 11,
  freePages: 0,
  evicts: true,
  pageHits: 0,
  idleSeconds: 0,
  ...more,
});

describe('the page that moves', () => {
  test.each<[string, readonly ClassSample[], number, PageMove | undefined]>([
    ['no class, no move', [], 0, undefined],
    ['one class has nobody to give to', [sample(1, { pageHits: 100 })], 0, undefined],
    [
      'from where a page is worth least to where it is worth most',
      [sample(1, { pageHits: 7 }), sample(2), sample(3, { pageHits: 90 })],
      0,
      { from: 2, to: 3 },
    ],
    [
      'as much here as there',
      [sample(1, { pageHits: 9 }), sample(2, { pageHits: 9 })],
      0,
      undefined,
    ],
    [
      'not more than twice the loss',
      [sample(1, { pageHits: 50 }), sample(2, { pageHits: 114 })],
      0,
      undefined,
    ],
    [
      'more than twice the loss',
      [sample(1, { pageHits: 50 }), sample(2, { pageHits: 115 })],
      0,
      { from: 1, to: 2 },
    ],
    [
      'who has few pages loses more with one',
      [
        sample(1, { pages: 2, pageHits: 10 }),
        sample(2, { pageHits: 12 }),
        sample(3, { pageHits: 90 }),
      ],
      0,
      { from: 2, to: 3 },
    ],
    ['a few hits are chance', [sample(1), sample(2, { pageHits: 4 })], 0, undefined],
    ['a few more are not', [sample(1), sample(2, { pageHits: 5 })], 0, { from: 1, to: 2 }],
    [
      'nobody gives the only page',
      [sample(1, { pages: 1 }), sample(2, { pageHits: 90 })],
      0,
      undefined,
    ],
    [
      'who does not evict takes none',
      [sample(1), sample(2, { pageHits: 90, evicts: false })],
      0,
      undefined,
    ],
    [
      'free pages go first, for any gain',
      [sample(1), sample(2, { freePages: 1.6, pageHits: 80 }), sample(3)],
      0,
      { from: 2, to: 1 },
    ],
    ['one free page may stay', [sample(1), sample(2, { freePages: 1.5 })], 0, undefined],
    [
      'free pages stay where nobody evicts',
      [sample(1, { evicts: false }), sample(2, { freePages: 5, evicts: false })],
      0,
      undefined,
    ],
    [
      'what nobody uses any more gives way to what is evicted young',
      [
        sample(1, { idleSeconds: 15 }),
        sample(2, { idleSeconds: 1 }),
        sample(3, { idleSeconds: 3 }),
      ],
      0,
      { from: 1, to: 2 },
    ],
    [
      'not much older',
      [sample(1, { idleSeconds: 14 }), sample(2, { idleSeconds: 1 })],
      0,
      undefined,
    ],
    [
      'old, but it would miss its pages',
      [sample(1, { idleSeconds: 500, pageHits: 3 }), sample(2, { idleSeconds: 1 })],
      0,
      undefined,
    ],
    [
      'over the limit: the poorest gives to the pool',
      [sample(1, { pageHits: 3 }), sample(2, { pageHits: 2 })],
      1,
      { from: 2, to: 0 },
    ],
    [
      'over the limit: free pages first',
      [sample(1, { freePages: 2, pageHits: 50 }), sample(2)],
      3,
      { from: 1, to: 0 },
    ],
    [
      'over the limit: nobody has two',
      [sample(1, { pages: 1 }), sample(2, { pages: 1 })],
      3,
      undefined,
    ],
  ])('%s', (_, classes, pagesOver, expected) => {
    expect(planPageMove(classes, pagesOver)).toEqual(expected);
  });
});
