import { expect, test } from 'vitest';
import { CLASS, CONTROL } from '../../../../src/store/memory/layout.ts';
import { ExpiryHints } from '../../../../src/store/upkeep/expiry-hints.ts';
import { StoreParts } from '../../../support/store-parts.ts';

test('the hint of a class is its earliest expiry, and items without one leave it alone', () => {
  const { arena } = new StoreParts();
  const hints = new ExpiryHints(arena);
  const hint = (id: number): number => arena.classes[id * CLASS.words + CLASS.soonestExpiry]!;
  const seen = [0, 50, 60, 0, 40, 41].map((expiry) => {
    hints.note(7, expiry);
    return hint(7);
  });
  expect(seen).toEqual([0, 50, 50, 50, 40, 40]);
  expect([hint(6), hint(8)]).toEqual([0, 0]);
});

test('a requested pass makes its class due, and is visible until it is done', () => {
  const { arena } = new StoreParts();
  const hints = new ExpiryHints(arena);
  expect(hints.isCrawling()).toBe(false);
  hints.requestCrawl(7);
  expect(arena.classes[7 * CLASS.words + CLASS.soonestExpiry]).toBe(1);
  expect(hints.isCrawling()).toBe(true);
  arena.control[CONTROL.crawlNow] = 0;
  expect(hints.isCrawling()).toBe(false);
  arena.control[CONTROL.crawling] = 1;
  expect(hints.isCrawling()).toBe(true);
});
