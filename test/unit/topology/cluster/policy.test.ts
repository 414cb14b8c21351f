import { describe, expect, test } from 'vitest';
import type { ClusterTopology, Member } from '../../../../src/topology/cluster/cluster-topology.ts';
import {
  finishedTopology,
  type NodeReport,
  nextTopology,
  unfinished,
} from '../../../../src/topology/cluster/policy.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';

const joining = topologyWith([memberWith(1), memberWith(2), memberWith(3, { state: 'joining' })], {
  version: 7,
});
const reportOf = ({ name, incarnation }: Member, version = 7): NodeReport => {
  return { name, incarnation, adopted: version, complete: version, clean: version };
};
const reportsOf = (topology: ClusterTopology): NodeReport[] =>
  topology.members.map((member) => reportOf(member));
const statesOf = (topology: ClusterTopology | undefined): string | undefined =>
  topology?.members.map(({ name, state }) => `${name} ${state}`).join(', ');

/** The reports of everybody, with some fields of one node replaced. */
function reportsWith(name: string, fields: Partial<NodeReport>): readonly NodeReport[] {
  return reportsOf(joining).map((report) => {
    return report.name === name ? { ...report, ...fields } : report;
  });
}

describe('the next topology', () => {
  test('a joining member serves when all others are complete and clean', () => {
    const step = nextTopology(joining, reportsOf(joining));
    expect(statesOf(step?.topology)).toBe('web-1 serving, web-2 serving, web-3 serving');
    expect(step?.topology.version).toBe(8);
    expect(step?.reason).toBe('web-3 has all its items');
  });
  test('a leaving member loses its weight, and one that is filled serves, in one step', () => {
    const states = ['leaving', 'serving', 'filling', 'gone', 'down'] as const;
    const members = states.map((state, at) => memberWith(at + 1, { state }));
    const topology = topologyWith(members, { version: 7 });
    const step = nextTopology(topology, reportsOf(topology));
    expect(statesOf(step?.topology)).toBe(
      'web-1 leaving, web-2 serving, web-3 serving, web-5 down',
    );
    expect(step?.topology.members.map(({ weight }) => weight)).toEqual([0, 1, 1, 1]);
    expect(step?.reason).toContain('web-1 has given its items to the others');
  });
  test('a member that has left is removed once it knows that it answers no more', () => {
    const left = memberWith(1, { state: 'leaving', weight: 0 });
    const topology = topologyWith([left, memberWith(2), memberWith(3)], { version: 7 });
    const reports = reportsOf(topology);
    const late = reports.map((report) =>
      report.name === 'web-1' ? { ...report, adopted: 6, clean: 6, complete: 6 } : report,
    );
    expect(nextTopology(topology, late)).toBeUndefined();
    expect(unfinished(topology, late)).toEqual(['web-1 has not adopted version 7']);
    const step = nextTopology(topology, reports);
    expect(statesOf(step?.topology)).toBe('web-2 serving, web-3 serving');
    expect(step?.reason).toBe('web-1 has left');
  });
  test('nothing follows from a topology at rest', () => {
    const rest = topologyWith([memberWith(1), memberWith(2, { state: 'down' })], { version: 7 });
    expect(nextTopology(rest, reportsOf(rest))).toBeUndefined();
  });
  test('members of which none answers serve as soon as they are ready', () => {
    const members = [memberWith(1, { state: 'filling' }), memberWith(2, { state: 'down' })];
    const topology = topologyWith(members, { version: 7 });
    const step = nextTopology(topology, [reportOf(members[0]!)]);
    expect(statesOf(step?.topology)).toBe('web-1 serving, web-2 down');
  });
  test('nobody waits for a member of weight 0', () => {
    const members = [...joining.members, memberWith(4, { weight: 0 })];
    const topology = { ...joining, members };
    expect(nextTopology(topology, reportsOf(joining))?.topology.version).toBe(8);
  });
  test('two drivers compute the same step, and the first topology remains as it was', () => {
    const text = JSON.stringify(joining);
    const steps = [reportsOf(joining), reportsOf(joining).reverse()].map((reports) =>
      nextTopology(joining, reports),
    );
    expect(steps[0]).toEqual(steps[1]);
    expect(JSON.stringify(joining)).toBe(text);
  });
});

describe('a change waits', () => {
  test.each([
    ['web-1', { complete: 6 }, 'web-1 has not sent all items to their receivers'],
    ['web-2', { clean: 6 }, 'web-2 has not dropped the items that it no longer holds'],
    ['web-2', { adopted: 6 }, 'web-2 has not adopted version 7'],
    ['web-3', { adopted: 6 }, 'web-3 has not adopted version 7'],
    ['web-3', { clean: 0 }, 'web-3 has not dropped the items that it no longer holds'],
    ['web-1', { incarnation: 5 }, 'web-1 has not reported'],
    ['web-3', { incarnation: 5 }, 'web-3 has not reported'],
    ['web-3', { name: 'web-9' }, 'web-3 has not reported'],
  ])('a report of %s with %j is not enough', (name, fields, sentence) => {
    const reports = reportsWith(name, fields);
    expect(nextTopology(joining, reports)).toBeUndefined();
    expect(unfinished(joining, reports)).toEqual([sentence]);
  });
  test('a joining member need not have sent anything, because it is no primary', () => {
    expect(unfinished(joining, reportsWith('web-3', { complete: 0 }))).toEqual([]);
  });
  test('a leaving member stays if all others have died', () => {
    const members = [memberWith(1, { state: 'leaving' }), memberWith(2, { state: 'down' })];
    const topology = topologyWith(members, { version: 7 });
    expect(nextTopology(topology, reportsOf(topology))).toBeUndefined();
    expect(unfinished(topology, reportsOf(topology))).toEqual([
      'web-1 is the last node that has items',
    ]);
  });
  test('a report of a later version is enough', () => {
    const later = { adopted: 8, complete: 8, clean: 8 };
    expect(unfinished(joining, reportsWith('web-1', later))).toEqual([]);
  });
});

test('finishedTopology keeps members that are down', () => {
  const members = [memberWith(1, { state: 'down' }), memberWith(2, { state: 'joining' })];
  expect(statesOf(finishedTopology(topologyWith(members)))).toBe('web-1 down, web-2 serving');
});
