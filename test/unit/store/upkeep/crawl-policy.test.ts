import { describe, expect, test } from 'vitest';
import {
  type CrawlFindings,
  secondsToNextCrawl,
} from '../../../../src/store/upkeep/crawl-policy.ts';

/** The findings of a pass: how many items expire in which minute. */
function findings(
  expiringByMinute: Readonly<Record<number, number>>,
  more: Partial<CrawlFindings> = {},
) {
  const minutes = Array.from({ length: 60 }, (_, minute) => expiringByMinute[minute] ?? 0);
  const expiringItems = minutes.reduce((sum, count) => sum + count, 0);
  return { expiringItems, expiringByMinute: minutes, soonestSeconds: 0, passMs: 0, ...more };
}

describe('the crawler makes the next pass over a class', () => {
  test.each<[string, CrawlFindings, number]>([
    ['after one second, when no item expires', findings({}), 1],
    [
      'when the first item expires, if many expire at once',
      findings({ 0: 100 }, { soonestSeconds: 3 }),
      3,
    ],
    [
      'ten seconds after the first item expires, however few expire',
      findings({ 0: 1, 30: 999 }, { soonestSeconds: 5 }),
      15,
    ],
    [
      'when all items expire, if they expire together',
      findings({ 2: 100 }, { soonestSeconds: 121 }),
      121,
    ],
    [
      'after the first minute, if too few items expire in it',
      findings({ 0: 1, 1: 199 }, { soonestSeconds: 58 }),
      60,
    ],
    [
      'when the first item expires, also in an hour',
      findings({ 59: 100 }, { soonestSeconds: 3590 }),
      3590,
    ],
    [
      'no sooner than its share of a core allows, with expiring items',
      findings({ 0: 100 }, { passMs: 200 }),
      20,
    ],
    ['no sooner than its share of a core allows, without them', findings({}, { passMs: 500 }), 50],
  ])('%s', (_, findings, seconds) => {
    expect(secondsToNextCrawl(findings)).toBe(seconds);
  });
});
