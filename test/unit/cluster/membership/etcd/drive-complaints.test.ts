import { describe, expect, test } from 'vitest';
import { LATE_MS_MAX } from '../../../../../src/cluster/membership/etcd/complaints.ts';
import { member, registered, topologyOf } from './cluster-facts.ts';
import { driven, type Known } from './driven.ts';

const three = topologyOf(5, member('a'), member('b'), member('c'));
const nodes = [registered('a', 5), registered('b', 5), registered('c', 5)];

describe('complaints of members', () => {
  test('a report from before the present topology accuses nobody', () => {
    const old = registered('a', 4, { unreachable: ['c'] });
    expect(driven(three, [old, nodes[1]!, nodes[2]!])).toBeUndefined();
  });
  test.each([
    ['most members name it', { a: ['c'], b: ['a', 'c'], c: [] }, 'c'],
    ['of two that name each other, the later one', { a: ['b'], b: ['a'], c: [] }, 'b'],
    ['nobody, if a process of an earlier start names it', { a: [], b: [], c: [] }, undefined],
  ])('a member that cannot be reached is down: %s', (_, unreachable, name) => {
    const complaining = Object.entries(unreachable).map(([from, names]) =>
      registered(from, 5, { unreachable: names }),
    );
    const reason = 'cannot be reached by other members';
    const expected = name === undefined ? undefined : `(${name} ${reason})`;
    expect(driven(three, complaining)?.match(/\(.*\)/)?.[0]).toBe(expected);
  });
  test('a member that may alone have keys goes down only after a long complaint', () => {
    const filling = topologyOf(5, member('a', 'filling'), member('b'), member('c'));
    const naming = (name: string, ms: number): string | undefined =>
      driven(
        filling,
        [registered('a', 4), registered('b', 5, { unreachable: [name] }), registered('c', 5)],
        { lateMs: () => ms },
      );
    const reason = 'cannot be reached by other members';
    expect(naming('c', LATE_MS_MAX - 1)).toBeUndefined();
    expect(naming('c', LATE_MS_MAX)).toContain(`c ${reason}`);
    expect(naming('a', 0)).toContain(`a ${reason}`);
  });
  describe('that others cannot reach, as far as the driver hears', () => {
    const four = topologyOf(5, member('a'), member('b'), member('c'), member('d'));
    const complaining = (unreachable: Record<string, readonly string[]>) =>
      ['a', 'b', 'c', 'd'].map((name) =>
        registered(name, 5, { unreachable: unreachable[name] ?? [] }),
      );
    const hearing = (...names: readonly string[]): Partial<Known> => {
      return { hears: ({ name }) => names.includes(name) };
    };
    test('a member stays while another holder may have ended', () => {
      const accused = complaining({ d: ['b'] });
      expect(driven(four, accused, hearing('a', 'b', 'c', 'd'))).toContain('(b cannot be');
      expect(driven(four, accused, hearing('a', 'b', 'c'))).toBeUndefined();
      expect(driven(four, accused, { ...hearing('a', 'b', 'c'), lateMs: () => LATE_MS_MAX })).toBe(
        '6: a serving, b down, c serving, d serving (b cannot be reached by other members)',
      );
    });
    test('a member that is cut off goes down, and not those that it complains of', () => {
      const accused = complaining({ a: ['d'], d: ['a', 'b', 'c'] });
      expect(driven(four, accused, hearing('a', 'b', 'c'))).toContain('(d cannot be');
      expect(driven(four, complaining({ a: ['b'], d: ['a'] }), hearing('b', 'c', 'd'))).toContain(
        '(a cannot be',
      );
    });
    test('a driver that hears less than half of the members takes none for cut off', () => {
      const accused = complaining({ a: ['b', 'c', 'd'] });
      expect(driven(four, accused, { ...hearing('a'), lateMs: () => LATE_MS_MAX })).toBeUndefined();
    });
  });
});
