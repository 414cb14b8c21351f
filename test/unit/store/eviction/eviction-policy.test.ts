import { describe, expect, test } from 'vitest';
import {
  type EvictionPolicy,
  flat,
  isActive,
  NO_SEGMENT,
  nextSegment,
  POLICIES,
  POLICY,
  policyInForce,
  s3fifo,
  segmented,
  TAIL_ACTION,
} from '../../../../src/store/eviction/eviction-policy.ts';
import { SEGMENT } from '../../../../src/store/memory/item-layout.ts';
import { EVICTION } from '../../../../src/store/memory/tunables.ts';

const { hot, warm, cold, temp } = SEGMENT;
const counts = (ofHot: number, ofWarm: number, ofCold: number, ofTemp = 0) => ({
  hot: ofHot,
  warm: ofWarm,
  cold: ofCold,
  temp: ofTemp,
});

describe('the next eviction candidate is the tail of the right list:', () => {
  test.each<[string, EvictionPolicy, ReturnType<typeof counts>, number]>([
    ['S3-FIFO: no list, when all are empty', s3fifo, counts(0, 0, 0), NO_SEGMENT],
    ['S3-FIFO: COLD, while another policy has left items there', s3fifo, counts(50, 50, 1), cold],
    ['S3-FIFO: HOT, when it has more than a tenth', s3fifo, counts(11, 89, 0), hot],
    ['S3-FIFO: WARM, when HOT has exactly a tenth', s3fifo, counts(10, 90, 0), warm],
    ['S3-FIFO: HOT, when only HOT has items', s3fifo, counts(1, 0, 0), hot],
    ['S3-FIFO: WARM, when only WARM has items', s3fifo, counts(0, 1, 0), warm],
    ['S3-FIFO: TEMP, when only TEMP has items', s3fifo, counts(0, 0, 0, 1), temp],
    ['S3-FIFO: WARM before TEMP', s3fifo, counts(1, 90, 0, 500), warm],
    ['segmented: no list, when all are empty', segmented, counts(0, 0, 0), NO_SEGMENT],
    ['segmented: COLD before all other lists', segmented, counts(50, 50, 1, 50), cold],
    ['segmented: HOT, when COLD is empty', segmented, counts(1, 50, 0, 50), hot],
    ['segmented: WARM, when COLD and HOT are empty', segmented, counts(0, 1, 0, 50), warm],
    ['segmented: TEMP after all other lists', segmented, counts(0, 0, 0, 1), temp],
    ['flat: its one list', flat, counts(0, 0, 5), cold],
    ['flat: HOT, while another policy has left items there', flat, counts(3, 0, 0), hot],
  ])('%s (%#)', (_, policy, given, expected) => {
    expect(nextSegment(given, policy)).toBe(expected);
  });
});

test.each([
  ['S3-FIFO', s3fifo, (ofHot: number, ofWarm: number) => ofWarm === 0 || ofHot * 9 > ofWarm],
  ['segmented', segmented, () => true],
  ['flat', flat, () => true],
] as const)('%s selects the right list for all small counts', (_, policy, prefersHot) => {
  const sizes = Array.from({ length: 31 }, (__, size) => size);
  for (const ofHot of sizes) {
    for (const ofWarm of sizes) {
      for (const [ofCold, ofTemp] of [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ] as const) {
        let expected: number = ofTemp > 0 ? temp : NO_SEGMENT;
        if (ofWarm > 0) expected = warm;
        if (ofHot > 0 && prefersHot(ofHot, ofWarm)) expected = hot;
        if (ofCold > 0) expected = cold;
        const given = counts(ofHot, ofWarm, ofCold, ofTemp);
        expect([given, nextSegment(given, policy)]).toEqual([given, expected]);
      }
    }
  }
});

describe('the policy decides by 0 to 3 hits what happens to a tail:', () => {
  const { evict, reinsert, promote } = TAIL_ACTION;
  const never = [evict, evict, evict, evict];
  const promotesRead = [evict, promote, promote, promote];
  const promotesActive = [evict, evict, promote, promote];
  const reinsertsRead = [evict, reinsert, reinsert, reinsert];
  test.each<[string, EvictionPolicy, number, readonly number[]]>([
    ['S3-FIFO promotes an item of HOT to WARM after a hit', s3fifo, hot, promotesRead],
    ['S3-FIFO promotes an item of COLD to WARM after a hit', s3fifo, cold, promotesRead],
    ['S3-FIFO reinserts an item of WARM for each hit', s3fifo, warm, reinsertsRead],
    ['S3-FIFO evicts an item of TEMP in spite of hits', s3fifo, temp, never],
    ['segmented promotes an item of HOT after two hits', segmented, hot, promotesActive],
    ['segmented promotes an item of WARM after two hits', segmented, warm, promotesActive],
    ['segmented promotes an item of COLD after two hits', segmented, cold, promotesActive],
    ['segmented evicts an item of TEMP in spite of hits', segmented, temp, never],
    ['flat reinserts an item of HOT for each hit', flat, hot, reinsertsRead],
    ['flat reinserts an item of WARM for each hit', flat, warm, reinsertsRead],
    ['flat reinserts an item of COLD for each hit', flat, cold, reinsertsRead],
    ['flat reinserts an item of TEMP for each hit', flat, temp, reinsertsRead],
  ])('%s', (_, policy, segment, verdicts) => {
    expect(policy.tailActions[segment]).toEqual(verdicts);
  });
  test('an item with two hits is active', () => {
    expect([0, 1, 2, 3].map(isActive)).toEqual([false, false, true, true]);
  });
});

test.each<[string, EvictionPolicy, readonly [number, number], boolean, number]>([
  ['S3-FIFO: HOT, and WARM for a ghost', s3fifo, [hot, warm], true, 0],
  ['segmented: HOT', segmented, [hot, hot], false, 1],
  ['flat: COLD', flat, [cold, cold], false, 0],
])('the list of a new item, the overwrites and the promotions of %s', (_, policy, ...expected) => {
  const { segmentForNew, overwriteCountsAsHit, hitsAfterPromotion } = policy;
  expect([segmentForNew, overwriteCountsAsHit, hitsAfterPromotion]).toEqual(expected);
});

test('an index names each policy, and the tunables select it', () => {
  const named = [POLICIES[POLICY.s3fifo], POLICIES[POLICY.segmented], POLICIES[POLICY.flat]];
  expect([named, POLICIES.length]).toEqual([[s3fifo, segmented, flat], 3]);
  expect(policyInForce(1, EVICTION.s3fifo)).toBe(POLICY.s3fifo);
  expect(policyInForce(1, EVICTION.segmented)).toBe(POLICY.segmented);
  expect(policyInForce(0, EVICTION.s3fifo)).toBe(POLICY.flat);
  expect(policyInForce(0, EVICTION.segmented)).toBe(POLICY.flat);
});
