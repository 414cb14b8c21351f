import { describe, expect, test } from 'vitest';
import { MissedWrites } from '../../../../src/client/routing/missed-writes.ts';
import { FakeTarget } from './fake-target.ts';

function missedAt(target: FakeTarget): MissedWrites {
  return new MissedWrites(target, 1000);
}

describe('writes that a node missed', () => {
  test('are deleted at once where it answers', () => {
    const target = new FakeTarget('a');
    const missed = missedAt(target);
    missed.add('k');
    expect(target.asked).toEqual(['delete k']);
    expect(missed.has('k')).toBe(false);
  });

  test('wait while it is down, and go when it is back', () => {
    const target = new FakeTarget('a');
    const missed = missedAt(target);
    target.isDown = true;
    for (const key of ['k1', 'k2', 'k1']) missed.add(key);
    expect(target.asked).toEqual([]);
    expect([missed.has('k1'), missed.has('k3')]).toEqual([true, false]);
    target.isDown = false;
    missed.replay();
    expect(target.asked).toEqual(['delete k2', 'delete k1']);
    expect(missed.has('k1')).toBe(false);
  });

  test('are kept when the deletion fails, and tried again', () => {
    const target = new FakeTarget('a');
    const missed = missedAt(target);
    target.failure = 'ERR_REPLY_LOST';
    missed.add('k');
    expect(missed.has('k')).toBe(true);
    target.failure = undefined;
    missed.replay();
    expect(missed.has('k')).toBe(false);
  });

  test('go before what is asked about their key', () => {
    const target = new FakeTarget('a');
    const missed = missedAt(target);
    target.isDown = true;
    missed.add('k');
    missed.before({ verb: 'get', key: 'other', cas: false });
    expect(target.asked).toEqual([]);
    missed.before({ verb: 'get-many', keys: ['other', 'k'] });
    expect(target.asked).toEqual(['delete k']);
  });

  test('are bounded: the oldest are let go', () => {
    const target = new FakeTarget('a');
    const missed = missedAt(target);
    target.isDown = true;
    for (let i = 0; i <= 16_384; i++) missed.add(`k${i}`);
    expect([missed.has('k0'), missed.has('k1'), missed.has('k16384')]).toEqual([false, true, true]);
  });
});
