import { describe, expect, test } from 'vitest';
import { InFlightCopies } from '../../../../src/client/routing/in-flight-copies.ts';
import { FakeTarget } from './fake-target.ts';

const a = new FakeTarget('a');
const b = new FakeTarget('b');

describe('copies in flight', () => {
  test('a write of the key invalidates its copies; an update at the same primary does not', () => {
    const inFlightCopies = new InFlightCopies();
    const guard = inFlightCopies.guard('k');
    inFlightCopies.invalidate('other');
    inFlightCopies.resetFor(inFlightCopies.guard('k'), a);
    expect(guard).toMatchObject({ isChanged: true, isInvalidated: false });
    inFlightCopies.invalidate('k');
    expect(guard).toMatchObject({ isChanged: true, isInvalidated: true });
  });

  test('updates at two primaries invalidate each other, updates at one primary do not', () => {
    const inFlightCopies = new InFlightCopies();
    const [first, second] = [inFlightCopies.guard('k'), inFlightCopies.guard('k')];
    inFlightCopies.resetFor(first, a);
    inFlightCopies.resetFor(second, a);
    expect([first.isInvalidated, second.isInvalidated]).toEqual([false, false]);
    inFlightCopies.resetFor(second, b);
    expect([first.isInvalidated, second.isInvalidated]).toEqual([true, true]);
    inFlightCopies.resetFor(first, b);
    expect([first.isInvalidated, second.isInvalidated]).toEqual([false, true]);
  });

  test('the arrival of the item invalidates other copies, but not those of a primary', () => {
    const inFlightCopies = new InFlightCopies();
    const [toOwner, ofPrimary] = [inFlightCopies.guard('k'), inFlightCopies.guard('k')];
    inFlightCopies.resetFor(ofPrimary, a);
    inFlightCopies.arrived('other');
    expect(toOwner.isInvalidated).toBe(false);
    inFlightCopies.arrived('k');
    expect([toOwner.isInvalidated, ofPrimary.isInvalidated]).toEqual([true, false]);
  });

  test('a change of the topology invalidates the copies of all keys', () => {
    const inFlightCopies = new InFlightCopies();
    const guards = ['k', 'l'].map((key) => inFlightCopies.guard(key));
    inFlightCopies.invalidateAll();
    for (const guard of guards)
      expect(guard).toMatchObject({ isChanged: true, isInvalidated: true });
  });

  test('a released guard is not invalidated any more', () => {
    const inFlightCopies = new InFlightCopies();
    const [first, second] = [inFlightCopies.guard('k'), inFlightCopies.guard('k')];
    inFlightCopies.release(first);
    inFlightCopies.invalidate('k');
    expect([first.isInvalidated, second.isInvalidated]).toEqual([false, true]);
  });
});
