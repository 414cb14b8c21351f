import { describe, expect, test } from 'vitest';
import { happeningsBetween, takenOverFrom } from '../../../../src/cluster/node/cluster-events.ts';
import { adoptedBy } from '../../../../src/cluster/thread/adopted.ts';
import type { ClusterTopology, Member } from '../../../../src/topology/index.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';

const serving = memberWith(1);
const second = (fields: Partial<Member>): Member => memberWith(2, fields);
const topology = (...members: readonly Member[]): ClusterTopology => topologyWith(members);

/** What happened to the second member, or to the cluster. */
function kinds(before: Partial<Member> | undefined, now: Partial<Member> | undefined) {
  const at = (fields: Partial<Member> | undefined) =>
    topology(serving, ...(fields === undefined ? [] : [second(fields)]));
  const happened = happeningsBetween(at(before), at(now));
  expect(happened.every(({ node }) => node === 'web-2')).toBe(true);
  return happened.map(({ kind }) => kind);
}

describe('what a topology changes', () => {
  test.each([
    ['a new member', undefined, { state: 'joining' }, ['join', 'fill-began']],
    ['a proxy', undefined, { weight: 0 }, ['join']],
    ['a member with all items', { state: 'joining' }, {}, ['fill-ended']],
    ['a member that gives its join up', { state: 'joining' }, undefined, ['fill-given-up']],
    ['a member that leaves', {}, { state: 'leaving' }, ['leave']],
    ['one that stays after all', { state: 'leaving' }, {}, ['leave-given-up']],
    ['one that has left', { state: 'leaving', weight: 0 }, undefined, ['left']],
    [
      'one that has given its items away',
      { state: 'leaving' },
      { state: 'leaving', weight: 0 },
      [],
    ],
    ['the end of a process', {}, { state: 'down' }, ['death']],
    ['the end of one that leaves', { state: 'leaving' }, { state: 'gone' }, ['death']],
    ['a new process', { state: 'down' }, { state: 'filling', incarnation: 7 }, ['fill-began']],
    [
      'another new process',
      { state: 'filling' },
      { state: 'filling', incarnation: 7 },
      ['fill-began'],
    ],
    ['a process with its items', {}, { incarnation: 7 }, ['return']],
    ['a filled process', { state: 'filling' }, {}, ['fill-ended']],
    ['nothing', {}, {}, []],
  ] as const)('%s', (_, before, now, expected) => {
    expect(kinds(before, now)).toEqual(expected);
  });
});

describe('takeovers', () => {
  const names = ['web-1', 'web-2', 'web-3'];
  const seenBy = (nth: number, ...members: readonly Member[]) =>
    adoptedBy(topology(...members), memberWith(nth));
  const all = names.map((_, at) => memberWith(at + 1));

  test('the next holders take over from a member that is down, and nobody else does', () => {
    const down = [memberWith(1), memberWith(2, { state: 'down' }), memberWith(3)];
    expect(takenOverFrom(seenBy(1, ...all), seenBy(1, ...down))).toEqual(['web-2']);
    expect(takenOverFrom(seenBy(2, ...all), seenBy(2, ...down))).toEqual([]);
    expect(takenOverFrom(seenBy(1, ...down), seenBy(1, ...down))).toEqual([]);
  });
  test('a member that leaves in order is no takeover', () => {
    const leaving = [memberWith(1), memberWith(2, { state: 'leaving' }), memberWith(3)];
    const left = [memberWith(1), memberWith(3)];
    expect(takenOverFrom(seenBy(1, ...leaving), seenBy(1, ...left))).toEqual([]);
  });
});
