import { describe, expect, test } from 'vitest';
import {
  type ClassSample,
  type PageMove,
  planPageMove,
} from '../../../../src/store/upkeep/page-policy.ts';

/** A full class that evicts and would gain nothing from a page. */
const sample = (sizeClass: number, more: Partial<ClassSample> = {}): ClassSample => ({
  sizeClass,
  pages: 11,
  freePages: 0,
  evicts: true,
  pageHits: 0,
  idleSeconds: 0,
  ...more,
});

describe('planPageMove', () => {
  test.each<[string, readonly ClassSample[], number, PageMove | undefined]>([
    ['moves no page without classes', [], 0, undefined],
    ['moves no page of the only class', [sample(1, { pageHits: 100 })], 0, undefined],
    [
      'moves a page from the class where it is worth least to the one where it is worth most',
      [sample(1, { pageHits: 7 }), sample(2), sample(3, { pageHits: 90 })],
      0,
      { from: 2, to: 3 },
    ],
    [
      'moves no page between classes with equal page hits',
      [sample(1, { pageHits: 9 }), sample(2, { pageHits: 9 })],
      0,
      undefined,
    ],
    [
      'moves no page for a gain of twice the loss or less',
      [sample(1, { pageHits: 50 }), sample(2, { pageHits: 114 })],
      0,
      undefined,
    ],
    [
      'moves a page for a gain of more than twice the loss',
      [sample(1, { pageHits: 50 }), sample(2, { pageHits: 115 })],
      0,
      { from: 1, to: 2 },
    ],
    [
      'estimates a higher loss for a class with few pages',
      [
        sample(1, { pages: 2, pageHits: 10 }),
        sample(2, { pageHits: 12 }),
        sample(3, { pageHits: 90 }),
      ],
      0,
      { from: 2, to: 3 },
    ],
    [
      'moves no page for four page hits, which may be chance',
      [sample(1), sample(2, { pageHits: 4 })],
      0,
      undefined,
    ],
    [
      'moves a page for five page hits',
      [sample(1), sample(2, { pageHits: 5 })],
      0,
      { from: 1, to: 2 },
    ],
    [
      'never moves the only page of a class',
      [sample(1, { pages: 1 }), sample(2, { pageHits: 90 })],
      0,
      undefined,
    ],
    [
      'gives no page to a class without evictions',
      [sample(1), sample(2, { pageHits: 90, evicts: false })],
      0,
      undefined,
    ],
    [
      'moves a free page first, for any gain',
      [sample(1), sample(2, { freePages: 1.6, pageHits: 80 }), sample(3)],
      0,
      { from: 2, to: 1 },
    ],
    [
      'leaves a class one and a half free pages',
      [sample(1), sample(2, { freePages: 1.5 })],
      0,
      undefined,
    ],
    [
      'moves no free page while no class evicts',
      [sample(1, { evicts: false }), sample(2, { freePages: 5, evicts: false })],
      0,
      undefined,
    ],
    [
      'moves a page from the longest unused class to the one that evicts its youngest items',
      [
        sample(1, { idleSeconds: 15 }),
        sample(2, { idleSeconds: 1 }),
        sample(3, { idleSeconds: 3 }),
      ],
      0,
      { from: 1, to: 2 },
    ],
    [
      'moves no page for a small difference in age',
      [sample(1, { idleSeconds: 14 }), sample(2, { idleSeconds: 1 })],
      0,
      undefined,
    ],
    [
      'moves no page from an old class that has page hits',
      [sample(1, { idleSeconds: 500, pageHits: 3 }), sample(2, { idleSeconds: 1 })],
      0,
      undefined,
    ],
    [
      'over the limit, moves a page from the class with the smallest loss to the pool',
      [sample(1, { pageHits: 3 }), sample(2, { pageHits: 2 })],
      1,
      { from: 2, to: 0 },
    ],
    [
      'over the limit, moves a free page to the pool first',
      [sample(1, { freePages: 2, pageHits: 50 }), sample(2)],
      3,
      { from: 1, to: 0 },
    ],
    [
      'over the limit, moves no page if every class has only one',
      [sample(1, { pages: 1 }), sample(2, { pages: 1 })],
      3,
      undefined,
    ],
  ])('%s', (_, classes, pagesOver, expected) => {
    expect(planPageMove(classes, pagesOver)).toEqual(expected);
  });
});
