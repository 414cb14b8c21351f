import { describe, expect, test } from 'vitest';
import {
  type EvictionPolicy,
  flat,
  isActive,
  NO_SEGMENT,
  s3fifo,
  segmented,
  TAIL_ACTION,
} from '../../../../src/store/eviction/eviction-policy.ts';
import { SEGMENT } from '../../../../src/store/memory/item-layout.ts';

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
    expect(policy.nextSegment(given)).toBe(expected);
  });
});

describe('the policy decides by 0 to 3 hits what happens to a tail:', () => {
  const { evict, reinsert, promote } = TAIL_ACTION;
  test.each<[string, EvictionPolicy, number, readonly number[]]>([
    [
      'S3-FIFO promotes an item of HOT to WARM after a hit',
      s3fifo,
      hot,
      [evict, promote, promote, promote],
    ],
    [
      'S3-FIFO promotes an item of COLD to WARM after a hit',
      s3fifo,
      cold,
      [evict, promote, promote, promote],
    ],
    [
      'S3-FIFO reinserts an item of WARM for each hit',
      s3fifo,
      warm,
      [evict, reinsert, reinsert, reinsert],
    ],
    ['S3-FIFO evicts an item of TEMP in spite of hits', s3fifo, temp, [evict, evict, evict, evict]],
    [
      'segmented promotes an item of COLD after two hits',
      segmented,
      cold,
      [evict, evict, promote, promote],
    ],
    [
      'segmented promotes an item of HOT after two hits',
      segmented,
      hot,
      [evict, evict, promote, promote],
    ],
    [
      'segmented evicts an item of TEMP in spite of hits',
      segmented,
      temp,
      [evict, evict, evict, evict],
    ],
    ['flat reinserts an item for each hit', flat, cold, [evict, reinsert, reinsert, reinsert]],
  ])('%s', (_, policy, segment, verdicts) => {
    expect([0, 1, 2, 3].map((hits) => policy.actionFor(segment, hits))).toEqual(verdicts);
  });
  test('an item with two hits is active', () => {
    expect([0, 1, 2, 3].map(isActive)).toEqual([false, false, true, true]);
  });
});

test('each policy selects the list of a new item, without and with a ghost', () => {
  const segmentsForNew = (policy: EvictionPolicy) => [
    policy.segmentForNew(false),
    policy.segmentForNew(true),
  ];
  expect(segmentsForNew(s3fifo)).toEqual([hot, warm]);
  expect(segmentsForNew(segmented)).toEqual([hot, hot]);
  expect(segmentsForNew(flat)).toEqual([cold, cold]);
});
