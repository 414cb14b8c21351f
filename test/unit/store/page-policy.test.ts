import { describe, expect, test } from 'vitest';
import { type ClassSample, planPageMove } from '../../../src/store/page-policy.ts';

const sampled = (sizeClass: number, more: Partial<ClassSample> = {}): ClassSample => ({
  sizeClass,
  pages: 10,
  freePages: 0,
  evicts: true,
  pageHits: 10,
  ...more,
});

describe('a page goes', () => {
  test('from where it saves least to where it saves most', () => {
    const classes = [sampled(1), sampled(2, { pageHits: 90 }), sampled(3, { pageHits: 30 })];
    expect(planPageMove(classes, 0)).toEqual({ from: 1, to: 2 });
  });

  test('from the class that has pages to spare, whatever they save', () => {
    const classes = [sampled(1), sampled(2, { pageHits: 90, freePages: 2, evicts: false })];
    expect(planPageMove(classes, 0)).toEqual({ from: 2, to: 1 });
  });

  test('to the pool while there are too many', () => {
    const classes = [sampled(1), sampled(2, { pageHits: 90 })];
    expect(planPageMove(classes, 1)).toEqual({ from: 1, to: 0 });
  });
});

describe('no page goes', () => {
  test.each([
    ['for a small gain', [sampled(1), sampled(2, { pageHits: 19 })]],
    ['out of a class that has one', [sampled(1, { pages: 1 }), sampled(2, { pageHits: 90 })]],
    ['when half a class would go', [sampled(1, { pages: 2 }), sampled(2, { pageHits: 30 })]],
    ['for hits by chance', [sampled(1, { pageHits: 0 }), sampled(2, { pageHits: 3 })]],
    ['to a class that evicts nothing', [sampled(1), sampled(2, { pageHits: 90, evicts: false })]],
  ])('%s', (_why, classes) => {
    expect(planPageMove(classes, 0)).toBeUndefined();
  });
});
