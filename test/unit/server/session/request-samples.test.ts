import { beforeEach, describe, expect, test } from 'vitest';
import { BinaryDecoder, ClassicDecoder } from '../../../../src/protocol/index.ts';
import { RequestSamples } from '../../../../src/server/session/request-samples.ts';
import { RequestWalk } from '../../../../src/server/session/request-walk.ts';
import { SlowRequests } from '../../../../src/server/session/slow-requests.ts';
import { openStore } from '../../../../src/store/index.ts';
import { testShare } from '../../../support/session-harness.ts';

const GET = Buffer.from('get a\r\n');

const NONE_SLOW = new SlowRequests({
  store: openStore(testShare(), 0),
  addressOf: () => '',
  thresholdMs: () => 0,
  log: () => {},
  logUnlisted: () => {},
  count: () => {},
});

let nowMs: number;
let samples: RequestSamples;
let weights: number[];
beforeEach(() => {
  nowMs = 1000;
  weights = [];
  const walk = new RequestWalk({ text: new ClassicDecoder(), binary: new BinaryDecoder() });
  samples = new RequestSamples({ clock: { nowMs: () => nowMs }, walk, slow: NONE_SLOW }, [
    { seen: (_, weight) => weights.push(weight) },
  ]);
  walk.next(GET, 0, GET.length, true);
});

/** Inputs of one request each, evenly over this time; returns how many were sampled. */
function arrive(inputs: number, seconds: number): number {
  const before = weights.length;
  for (let nth = 0; nth < inputs; nth++) {
    nowMs += (seconds * 1000) / inputs;
    if (!samples.takesNext()) continue;
    samples.plan(nowMs);
    samples.seen(samples.walk.request, samples.interval);
  }
  return weights.length - before;
}

describe('the samples of a thread', () => {
  test('a quiet thread samples every request', () => {
    expect(arrive(5000, 5)).toBe(5000);
    expect(new Set(weights)).toEqual(new Set([1]));
  });
  test('a busy thread decodes a bounded number of requests in a second', () => {
    arrive(100_000, 1);
    const sampled = arrive(1_000_000, 10);
    expect(sampled).toBeGreaterThan(50_000);
    expect(sampled).toBeLessThan(100_000);
  });
  test('a burst is bounded before its second is over', () => {
    expect(arrive(200_000, 0.5)).toBeLessThan(60_000);
  });
  test('the weights add up to the number of requests', () => {
    arrive(100_000, 1);
    weights = [];
    arrive(1_000_000, 10);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    expect(total / 1_000_000).toBeGreaterThan(0.95);
    expect(total / 1_000_000).toBeLessThan(1.05);
  });
  test('a thread that has become quiet samples every request again', () => {
    arrive(400_000, 4);
    nowMs += 10_000;
    arrive(2000, 2);
    expect(arrive(1000, 1)).toBe(1000);
  });
  test('an input that recurs in a regular order is sampled as often as the others', () => {
    arrive(100_000, 1);
    let recurring = 0;
    let sampled = 0;
    for (let nth = 0; nth < 400_000; nth++) {
      nowMs += 0.01;
      if (!samples.takesNext()) continue;
      samples.plan(nowMs);
      samples.seen(samples.walk.request, samples.interval);
      sampled++;
      if (nth % samples.interval === 0) recurring++;
    }
    expect(recurring / sampled).toBeLessThan(0.2);
  });
});
