import { describe, expect, test } from 'vitest';
import {
  clusterId,
  firstZone,
  groupName,
  isInWindow,
  refuseRedisMembers,
  windowFor,
  windowMinutes,
} from '../../../../src/control/model/cluster-rules.ts';

const at = (text: string): number => Date.parse(text);

describe('names', () => {
  test.each(['a', 'Web-Cache', 'w1', 'a'.repeat(50)])('%s is the id of a cluster', (text) => {
    expect(clusterId(text)).toBe(text.toLowerCase());
  });

  test.each(['', '1a', '-a', 'a-', 'a--b', 'a_b', 'ä', 'a b', 'a\n', 'a'.repeat(51)])(
    '%j is no id of a cluster',
    (text) => {
      expect(() => clusterId(text)).toThrow(/CacheClusterId/);
    },
  );

  test('the name of a group may be longer', () => {
    expect(groupName('N', 'A'.repeat(255))).toBe('a'.repeat(255));
    expect(() => groupName('N', 'a'.repeat(256))).toThrow(/N is not valid/);
    expect(() => groupName('N', 'a/b')).toThrow(/N is not valid/);
  });

  test('the first zone of a region', () => {
    expect([firstZone('local'), firstZone('us-east-1')]).toEqual(['local-1a', 'us-east-1a']);
  });
});

describe('the maintenance window', () => {
  test('a window is in minutes of the week, and may end in the next one', () => {
    expect(windowMinutes('Sun:01:00-sun:02:30')).toEqual({ from: 60, until: 150 });
    expect(windowMinutes('sat:23:00-sun:01:00')).toEqual({ from: 10_020, until: 10_140 });
  });

  test.each(['', 'sun:01:00', 'sun:01:00-sun:01:59', 'sun:01:00-mon:01:01', 'xyz:01:00-sun:03:00'])(
    '%s is none',
    (text) => {
      expect(() => windowMinutes(text)).toThrow(/PreferredMaintenanceWindow/);
    },
  );

  test.each([
    ['2026-11-28T22:59:00Z', false],
    ['2026-11-28T23:00:00Z', true],
    ['2026-11-29T00:59:59Z', true],
    ['2026-11-29T01:00:00Z', false],
  ])('%s is in it: %s', (time, expected) => {
    expect(isInWindow('sat:23:00-sun:01:00', at(time))).toBe(expected);
  });

  test('a cluster without one gets the same valid one each time', () => {
    for (const id of ['web', 'db', 'a', 'x-1']) {
      expect(windowMinutes(windowFor(id))).toEqual(windowMinutes(windowFor(id)));
    }
  });
});

describe('members of Redis', () => {
  test('one that is given is named', () => {
    expect(() => refuseRedisMembers({ AuthToken: 'x' })).toThrow(/AuthToken is only for Redis/);
    expect(() => refuseRedisMembers({})).not.toThrow();
  });
});
