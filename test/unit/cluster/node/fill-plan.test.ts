import { describe, expect, test } from 'vitest';
import { FillPlan } from '../../../../src/cluster/node/fill-plan.ts';
import {
  type Adopted,
  adoptedBy,
  type PeerIdentity,
} from '../../../../src/cluster/thread/adopted.ts';
import { roleChanges } from '../../../../src/cluster/thread/roles.ts';
import type { Member } from '../../../../src/topology/index.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';

const self = { name: 'web-1', incarnation: 1001 };
const keys = Array.from({ length: 500 }, (_, nth) => Buffer.from(`key-${nth}`));
const seen = (version: number, replicas: number, ...members: Member[]): Adopted =>
  adoptedBy(topologyWith(members, { version, replicas }), self);
const nobody = (): number => 0;
const completeAt =
  (versions: Readonly<Record<string, number>>) =>
  ({ name }: PeerIdentity): number =>
    versions[name] ?? 0;

/** The names of the members that a plan fills, and how many keys each gets. */
function filled(plan: FillPlan): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const key of keys) {
    for (const at of plan.receiversOf(key, 0, key.length)) {
      const { name } = plan.now.topology.members[at]!;
      counts[name] = (counts[name] ?? 0) + 1;
    }
  }
  return counts;
}

const three = [memberWith(1), memberWith(2), memberWith(3)];
const fourth = memberWith(4, { state: 'joining' });

describe('the plan of a fill', () => {
  test('without copies and changes under way nothing is filled', () => {
    expect(new FillPlan(seen(1, 1, ...three), [], nobody).isEmpty).toBe(true);
  });
  test('a member that joins gets the keys of which it becomes a holder, and nobody else', () => {
    const before = seen(4, 1, ...three);
    const now = seen(5, 1, ...three, fourth);
    const plan = new FillPlan(now, [before], completeAt({ 'web-1': 4 }));
    expect(Object.keys(filled(plan))).toEqual(['web-4']);
  });
  test('a receiver that has had its role since a complete topology lacks nothing', () => {
    const past = [seen(5, 2, ...three, fourth), seen(4, 2, ...three)];
    const now = seen(6, 2, ...three, memberWith(4));
    expect(
      new FillPlan(now, past, completeAt({ 'web-1': 5, 'web-2': 5, 'web-3': 5 })),
    ).toMatchObject({ isEmpty: true });
  });
  test('if the last topology was not complete, its receivers are filled again', () => {
    const past = [seen(5, 2, ...three, fourth), seen(4, 2, ...three)];
    const now = seen(6, 2, ...three, fourth);
    const plan = new FillPlan(now, past, completeAt({ 'web-1': 4 }));
    expect(Object.keys(filled(plan))).toEqual(['web-4']);
  });
  test('a restarted member is filled, although its name has its role as before', () => {
    const past = [seen(4, 2, ...three)];
    const restarted = memberWith(2, { state: 'filling', incarnation: 77 });
    const now = seen(5, 2, memberWith(1), restarted, memberWith(3));
    expect(Object.keys(filled(new FillPlan(now, past, completeAt({ 'web-1': 4 }))))).toContain(
      'web-2',
    );
  });
  test('a member whose role for a key had a break is filled', () => {
    const away = memberWith(4, { weight: 0 });
    const past = [seen(5, 2, ...three, away), seen(4, 2, ...three, memberWith(4))];
    const now = seen(6, 2, ...three, memberWith(4));
    const plan = new FillPlan(now, past, completeAt({ 'web-1': 4 }));
    expect(filled(plan)['web-4']).toBeGreaterThan(0);
  });
  test('the keys of a dead primary are all filled: its last change may have reached one', () => {
    const dead = memberWith(2, { state: 'down' });
    const past = [seen(4, 3, ...three), seen(3, 3, ...three)];
    const now = seen(5, 3, memberWith(1), dead, memberWith(3));
    const unknown = filled(new FillPlan(now, past, completeAt({ 'web-1': 4 })));
    const known = filled(new FillPlan(now, past, completeAt({ 'web-1': 4, 'web-2': 3 })));
    expect(unknown['web-3']).toBeGreaterThan(0);
    expect(known).toEqual(unknown);
    const filledSince = new FillPlan(now, [now, ...past], completeAt({ 'web-1': 5 }));
    expect(filledSince.isEmpty).toBe(true);
  });
  test('what a member that has left had filled is not filled again', () => {
    const leaving = (fields: Partial<Member>) => memberWith(4, { state: 'leaving', ...fields });
    const past = [
      seen(6, 3, ...three, leaving({ weight: 0 })),
      seen(5, 3, ...three, leaving({})),
      seen(4, 3, ...three, memberWith(4)),
    ];
    const complete = { 'web-1': 5, 'web-2': 5, 'web-3': 5, 'web-4': 5 };
    const now = seen(7, 3, ...three);
    expect(new FillPlan(now, past, completeAt(complete)).isEmpty).toBe(true);
  });
  test('a first topology fills all receivers', () => {
    const plan = new FillPlan(seen(9, 2, ...three), [], nobody);
    expect(Object.keys(filled(plan)).sort()).toEqual(['web-2', 'web-3']);
    expect(plan.isEmpty).toBe(false);
  });
});

describe('the changes of roles', () => {
  test('the first topology changes everything', () => {
    expect(roleChanges(undefined, seen(1, 1, ...three))).toEqual({
      losesKeys: true,
      losesPrimary: true,
      gainsPrimary: true,
    });
  });
  test('a member that others receive from loses nothing until they serve', () => {
    const before = seen(1, 1, ...three);
    const joining = seen(2, 1, ...three, fourth);
    const joined = seen(3, 1, ...three, memberWith(4));
    const nothing = { losesKeys: false, losesPrimary: false, gainsPrimary: false };
    expect(roleChanges(before, joining)).toEqual(nothing);
    expect(roleChanges(joining, joined)).toEqual({
      losesKeys: true,
      losesPrimary: true,
      gainsPrimary: false,
    });
  });
  test('with two copies the death of a member costs no role and gives others', () => {
    const dead = memberWith(3, { state: 'down' });
    const changes = roleChanges(
      seen(1, 2, ...three),
      seen(2, 2, memberWith(1), memberWith(2), dead),
    );
    expect(changes).toEqual({ losesKeys: false, losesPrimary: false, gainsPrimary: true });
  });
});
