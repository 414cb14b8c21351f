import { describe, expect, test } from 'vitest';
import { MissedWrites } from '../../../../src/client/routing/missed-writes.ts';
import { FakeTarget } from './fake-target.ts';

function missedWritesOf(target: FakeTarget): MissedWrites {
  return new MissedWrites(target, 1000);
}

describe('the writes that a node missed', () => {
  test('the client deletes a missed key at once if the node is up', () => {
    const target = new FakeTarget('a');
    const missed = missedWritesOf(target);
    missed.add('k');
    expect(target.requests).toEqual(['delete k']);
    expect(missed.has('k')).toBe(false);
  });

  test('the client keeps missed keys while the node is down, then deletes them', () => {
    const target = new FakeTarget('a');
    const missed = missedWritesOf(target);
    target.isDown = true;
    for (const key of ['k1', 'k2', 'k1']) missed.add(key);
    expect(target.requests).toEqual([]);
    expect([missed.has('k1'), missed.has('k3')]).toEqual([true, false]);
    target.isDown = false;
    missed.replay();
    expect(target.requests).toEqual(['delete k2', 'delete k1']);
    expect(missed.has('k1')).toBe(false);
  });

  test('the client keeps a key whose delete failed, and tries again', () => {
    const target = new FakeTarget('a');
    const missed = missedWritesOf(target);
    target.failure = 'ERR_REPLY_LOST';
    missed.add('k');
    expect(missed.has('k')).toBe(true);
    target.failure = undefined;
    missed.replay();
    expect(missed.has('k')).toBe(false);
  });

  test('the client deletes a missed key before the next request for it', () => {
    const target = new FakeTarget('a');
    const missed = missedWritesOf(target);
    target.isDown = true;
    missed.add('k');
    missed.beforeRequest({ verb: 'get', key: 'other', cas: false });
    expect(target.requests).toEqual([]);
    missed.beforeRequest({ verb: 'get-many', keys: ['other', 'k'] });
    expect(target.requests).toEqual(['delete k']);
  });

  test('beyond 16,384 keys the client drops the oldest ones', () => {
    const target = new FakeTarget('a');
    const missed = missedWritesOf(target);
    target.isDown = true;
    for (let i = 0; i <= 16_384; i++) missed.add(`k${i}`);
    expect([missed.has('k0'), missed.has('k1'), missed.has('k16384')]).toEqual([false, true, true]);
  });
});
