import { describe, expect, test } from 'vitest';
import { type CrawlFindings, secondsToNextCrawl } from '../../../src/store/crawl-policy.ts';

/** A hundred items that expire in the minutes said, the first of them then. */
function found(byMinute: Readonly<Record<number, number>>, more: Partial<CrawlFindings> = {}) {
  const minutes = Array.from({ length: 60 }, (_, minute) => byMinute[minute] ?? 0);
  const expiring = minutes.reduce((sum, count) => sum + count, 0);
  return { expiring, byMinute: minutes, soonestSeconds: 0, passMs: 0, ...more };
}

describe('a class is crawled again', () => {
  test.each<[string, CrawlFindings, number]>([
    ['after a second at the least', found({}), 1],
    ['soon, when much expires at once', found({ 0: 100 }, { soonestSeconds: 3 }), 3],
    [
      'ten seconds after the first, however few have expired',
      found({ 0: 1, 30: 999 }, { soonestSeconds: 5 }),
      15,
    ],
    ['when all expire together, then', found({ 2: 100 }, { soonestSeconds: 121 }), 121],
    ['when the first minute holds too few', found({ 0: 1, 1: 199 }, { soonestSeconds: 58 }), 60],
    ['when the first expires in an hour', found({ 59: 100 }, { soonestSeconds: 3590 }), 3590],
    ['no sooner than its share of a core allows', found({ 0: 100 }, { passMs: 200 }), 20],
    ['the same where nothing expires', found({}, { passMs: 500 }), 50],
  ])('%s', (_, findings, seconds) => {
    expect(secondsToNextCrawl(findings)).toBe(seconds);
  });
});
