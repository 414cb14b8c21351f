import { describe, expect, test } from 'vitest';
import { decide, roomNodes } from '../../../../src/control/scaling/decide.ts';
import { IN_MINUTES, wishOf } from '../../../../src/control/scaling/tracking.ts';

const MINUTE_MS = 60_000;
const NOW = 100 * MINUTE_MS;
const COOLDOWN_MS = 5 * MINUTE_MS;

const policy = {
  target: 50,
  scaleOutCooldownMs: COOLDOWN_MS,
  scaleInCooldownMs: COOLDOWN_MS,
  neverScalesIn: false,
};

type Points = readonly (number | undefined)[];
const steady = (value: number | undefined): Points =>
  Array.from({ length: IN_MINUTES }, () => value);
/** The last minutes; those before were at the target. */
const last = (...values: Points): Points => [...steady(50).slice(values.length), ...values];

const ago = (minutes: number, from: number, to: number) => ({
  atMs: NOW - minutes * MINUTE_MS,
  from,
  to,
});

describe('the wish of a policy', () => {
  const facts = { nowMs: NOW, capacity: 4 };
  const wish = (points: Points, more: object = {}) => {
    const { kind, ...rest } = wishOf(policy, { ...facts, points, ...more });
    return 'capacity' in rest ? `${kind} ${rest.capacity}` : kind;
  };

  test.each([
    ['three minutes above the target', last(75, 75, 75), 'out 6'],
    ['a little above it', last(51, 51, 51), 'out 5'],
    ['far above it', last(500, 500, 500), 'out 40'],
    ['only two minutes above it', last(50, 75, 75), 'keep'],
    ['a minute at it', last(75, 50, 75), 'keep'],
    ['at the target', steady(50), 'keep'],
    ['below it, but not well', steady(46), 'keep'],
    ['well below it, but the others could not take that', steady(44), 'keep'],
    ['well below it', steady(30), 'in 3'],
    ['nothing at all', steady(0), 'in 3'],
    ['one of fifteen minutes higher', [...steady(30).slice(1), 45].reverse(), 'keep'],
    ['no value in the last minute', last(75, 75, undefined), 'unknown'],
    ['no value long ago, and high now', [undefined, ...last(75, 75, 75).slice(1)], 'out 6'],
    ['no value long ago, and low now', [undefined, ...steady(10).slice(1)], 'unknown'],
    ['no value', steady(undefined), 'unknown'],
    ['too few minutes', [75, 75], 'unknown'],
  ])('%s', (_name, points, expected) => {
    expect(wish(points)).toBe(expected);
  });

  test('a scale-out in the cooldown adds only what goes beyond the first one', () => {
    const lastOut = ago(4, 2, 4);
    expect(wish(last(75, 75, 75), { lastOut })).toBe('keep');
    expect(wish(last(150, 150, 150), { lastOut })).toBe('out 6');
    expect(wish(last(75, 75, 75), { lastOut: ago(5, 2, 4) })).toBe('out 6');
  });

  test('a scale-in waits for the cooldown of the one before, or for a scale-out', () => {
    expect(wish(steady(10), { lastIn: ago(4, 5, 4) })).toBe('keep');
    expect(wish(steady(10), { lastIn: ago(5, 5, 4) })).toBe('in 3');
    expect(wish(steady(10), { lastIn: ago(4, 5, 4), lastOut: ago(2, 3, 4) })).toBe('in 3');
    expect(wish(steady(10), { lastIn: ago(2, 5, 4), lastOut: ago(4, 3, 4) })).toBe('keep');
  });

  test('without a cooldown the minutes from before a change count for its nodes', () => {
    const hasty = { ...policy, scaleOutCooldownMs: 0, scaleInCooldownMs: 0 };
    const kind = (points: Points, more: object) =>
      wishOf(hasty, { ...facts, points, ...more }).kind;
    const burst = last(100, 100, 100);
    expect(kind(burst, { lastOut: ago(3, 2, 4) })).toBe('keep');
    expect(kind(burst, { lastOut: ago(4, 2, 4) })).toBe('out');
    expect(kind(steady(10), { lastIn: ago(3, 5, 4) })).toBe('keep');
    expect(kind(steady(10), { lastIn: ago(4, 5, 4) })).toBe('in');
  });

  test('a policy that never scales in keeps the nodes', () => {
    const wanted = wishOf({ ...policy, neverScalesIn: true }, { ...facts, points: steady(0) });
    expect(wanted).toEqual({ kind: 'keep' });
  });

  test('the last node stays', () => {
    expect(wish(steady(0), { capacity: 1 })).toBe('keep');
  });
});

describe('the decision', () => {
  const facts = {
    ...{ nowMs: NOW, capacity: 4, bounds: { min: 2, max: 8 }, roomNodes: 1 },
    suspended: { in: false, out: false },
  };
  const of = (name: string, points: Points, more: object = {}) => ({
    name,
    points,
    policy: { ...policy, ...more },
  });
  const decided = (policies: readonly ReturnType<typeof of>[], more: object = {}) =>
    decide({ ...facts, policies, ...more })?.capacity;
  const [high, low, unknown] = [last(75, 75, 75), steady(10), steady(undefined)];

  test.each([
    ['the bounds come before the policies', { capacity: 1 }, [of('a', low)], 2],
    ['more nodes than the bounds allow', { capacity: 9 }, [of('a', high)], 8],
    ['the maximum bounds a scale-out', { bounds: { min: 2, max: 5 } }, [of('a', high)], 5],
    ['at the maximum nothing changes', { bounds: { min: 2, max: 4 } }, [of('a', high)], undefined],
    ['at the minimum nothing changes', { bounds: { min: 4, max: 8 } }, [of('a', low)], undefined],
    ['one policy is enough for more nodes', {}, [of('a', high), of('b', low)], 6],
    ['the largest number counts', {}, [of('a', high), of('b', last(90, 90, 90))], 8],
    ['all policies must allow fewer', {}, [of('a', low), of('b', steady(50))], undefined],
    ['a policy without values allows none', {}, [of('a', low), of('b', unknown)], undefined],
    ['one without values stops no scale-out', {}, [of('a', high), of('b', unknown)], 6],
    ['all allow fewer', {}, [of('a', low), of('b', low)], 3],
    [
      'a policy that never scales in has no vote',
      {},
      [of('a', low), of('b', steady(50), { neverScalesIn: true })],
      3,
    ],
    ['no policy wants nothing', {}, [], undefined],
    ['only policies that never scale in', {}, [of('a', low, { neverScalesIn: true })], undefined],
    ['items have no room on fewer nodes', { roomNodes: 4 }, [of('a', low)], undefined],
    ['items that have no room stop no scale-out', { roomNodes: 9 }, [of('a', high)], 6],
    ['items have room', { roomNodes: 3 }, [of('a', low)], 3],
    ['suspended scale-out', { suspended: { in: false, out: true } }, [of('a', high)], undefined],
    ['suspended scale-in', { suspended: { in: true, out: false } }, [of('a', low)], undefined],
  ])('%s', (_name, more, policies, expected) => {
    expect(decided(policies, more)).toBe(expected);
  });

  test('a decision says why', () => {
    expect(decide({ ...facts, policies: [of('cpu', high)] })?.cause).toBe(
      'the policy cpu has its metric at 75, above its target of 50',
    );
    expect(decide({ ...facts, capacity: 1, policies: [] })?.cause).toBe(
      'the minimum capacity is 2',
    );
  });

  test.each([
    [4, 50, 100, 3],
    [4, 80, 100, 4],
    [4, 0, 100, 1],
    [1, 5, 100, 1],
    [4, undefined, 100, 4],
    [4, 10, 0, 4],
  ])('%i nodes with %s of %s bytes need %i', (nodes, used, limit, expected) => {
    expect(roomNodes(nodes, used, limit)).toBe(expected);
  });
});
