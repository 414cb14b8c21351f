import { describe, expect, test } from 'vitest';
import {
  type EvictionPolicy,
  flat,
  isActive,
  NO_SEGMENT,
  s3fifo,
  segmented,
  VERDICT,
} from '../../../src/store/eviction-policy.ts';
import { SEGMENT } from '../../../src/store/layout.ts';

const { hot, warm, cold, temp } = SEGMENT;
const counts = (ofHot: number, ofWarm: number, ofCold: number, ofTemp = 0) => ({
  hot: ofHot,
  warm: ofWarm,
  cold: ofCold,
  temp: ofTemp,
});

describe('which list gives up its tail', () => {
  test.each<[string, EvictionPolicy, ReturnType<typeof counts>, number]>([
    ['nothing', s3fifo, counts(0, 0, 0), NO_SEGMENT],
    ['COLD is left from another policy', s3fifo, counts(50, 50, 1), cold],
    ['HOT has more than a tenth', s3fifo, counts(11, 89, 0), hot],
    ['HOT has just a tenth', s3fifo, counts(10, 90, 0), warm],
    ['only HOT', s3fifo, counts(1, 0, 0), hot],
    ['only WARM', s3fifo, counts(0, 1, 0), warm],
    ['only TEMP', s3fifo, counts(0, 0, 0, 1), temp],
    ['TEMP is spared', s3fifo, counts(1, 90, 0, 500), warm],
    ['nothing', segmented, counts(0, 0, 0), NO_SEGMENT],
    ['COLD before all', segmented, counts(50, 50, 1, 50), cold],
    ['HOT when COLD is empty', segmented, counts(1, 50, 0, 50), hot],
    ['then WARM', segmented, counts(0, 1, 0, 50), warm],
    ['TEMP last', segmented, counts(0, 0, 0, 1), temp],
    ['one list', flat, counts(0, 0, 5), cold],
    ['lists of before', flat, counts(3, 0, 0), hot],
  ])('%s (%#)', (_, policy, given, expected) => {
    expect(policy.next(given)).toBe(expected);
  });
});

describe('what becomes of a tail after so many hits', () => {
  const { forget, again, promote } = VERDICT;
  test.each<[string, EvictionPolicy, number, readonly number[]]>([
    ['S3-FIFO, HOT: a hit is a way into WARM', s3fifo, hot, [forget, promote, promote, promote]],
    ['S3-FIFO, COLD of before', s3fifo, cold, [forget, promote, promote, promote]],
    ['S3-FIFO, WARM: each hit is a round', s3fifo, warm, [forget, again, again, again]],
    ['S3-FIFO, TEMP: hits do not count', s3fifo, temp, [forget, forget, forget, forget]],
    ['segmented, COLD: the second hit counts', segmented, cold, [forget, forget, promote, promote]],
    ['segmented, HOT', segmented, hot, [forget, forget, promote, promote]],
    ['segmented, TEMP', segmented, temp, [forget, forget, forget, forget]],
    ['flat: each hit is a round', flat, cold, [forget, again, again, again]],
  ])('%s', (_, policy, segment, verdicts) => {
    expect([0, 1, 2, 3].map((hits) => policy.judge(segment, hits))).toEqual(verdicts);
  });
  test('active is who was read twice', () => {
    expect([0, 1, 2, 3].map(isActive)).toEqual([false, false, true, true]);
  });
});

test('where a newcomer enters, and who was there not long ago', () => {
  const entries = (policy: EvictionPolicy) => [policy.entry(false), policy.entry(true)];
  expect(entries(s3fifo)).toEqual([hot, warm]);
  expect(entries(segmented)).toEqual([hot, hot]);
  expect(entries(flat)).toEqual([cold, cold]);
});
