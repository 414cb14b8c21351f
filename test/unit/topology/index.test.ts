import { expect, test } from 'vitest';
import {
  answers,
  type ChangePlan,
  type ClusterTopology,
  commonArcs,
  decodeTopology,
  encodeTopology,
  firstTopology,
  type Group,
  isAtRest,
  KeyGroups,
  keepersOf,
  type Member,
  type MemberState,
  memberOf,
  type NewMember,
  type NodeReport,
  nextTopology,
  planChange,
  type ReplicationMode,
  STATE_RULES,
  unfinished,
  withChangeGivenUp,
  withDown,
  withJoined,
  withLeaving,
  withReplaced,
  withRestarted,
} from '../../../src/topology/index.ts';

const newMember = (nth: number): NewMember => ({
  name: `web-${nth}`,
  address: `10.0.0.${nth}:11211`,
  peerAddress: `10.0.0.${nth}:11212`,
  weight: 1,
  zone: '',
  incarnation: nth,
});
const replication: ReplicationMode = 'sync';
const first: ClusterTopology = firstTopology(
  { cluster: 'web', replicas: 2, replication },
  [1, 2, 3].map(newMember),
);
const stateOf = (topology: ClusterTopology, name: string): MemberState | undefined =>
  memberOf(topology, name)?.state;

/** What all nodes report when they have done everything for this topology. */
const allDone = ({ members, version }: ClusterTopology): readonly NodeReport[] =>
  members.map(({ name, incarnation }: Member) => {
    return { name, incarnation, adopted: version, complete: version, clean: version };
  });

/** The end of the change under way; its driver reads each topology as a text. */
function finish(topology: ClusterTopology): ClusterTopology {
  let current = topology;
  while (!isAtRest(current)) {
    const read = decodeTopology(encodeTopology(current));
    expect(unfinished(read, allDone(read))).toEqual([]);
    current = nextTopology(read, allDone(read))!.topology;
    expect(current.members.filter(answers).length).toBeGreaterThan(1);
  }
  expect(current.version).toBeGreaterThan(topology.version);
  return current;
}

test('the door has all that a cluster needs to grow, to lose a node and to shrink', () => {
  const grown = finish(withJoined(first, newMember(4)));
  const down = withDown(grown, 'web-2', 2);
  expect(STATE_RULES[stateOf(down, 'web-2')!].isUp).toBe(false);
  const refilled = finish(withRestarted(down, 'web-2', 22, '10.0.0.2:500'));
  expect(stateOf(refilled, 'web-2')).toBe('serving');
  const replaced = finish(withReplaced(refilled, 'web-1', newMember(5)));
  const given = withChangeGivenUp(withLeaving(replaced, 'web-4'));
  const shrunk = finish(withLeaving(given, 'web-4'));
  expect(shrunk.members.map(({ name }) => name)).toEqual(['web-2', 'web-3', 'web-5']);
});

test('the door has what a node needs to know who is there for a key, and what a plan says', () => {
  const [before, after] = [new KeyGroups(first), new KeyGroups(withDown(first, 'web-2', 2))];
  const group: Group = before.groupOf(Buffer.from('key'), 0, 3);
  expect(keepersOf(group)).toEqual([group.primary, ...group.receivers]);
  const changed = commonArcs(before, after).filter(
    (arc) => arc.before.primary !== arc.after.primary,
  );
  expect(changed.every((arc) => arc.before.primary === 1)).toBe(true);
  const plan: ChangePlan = planChange(first, withJoined(first, newMember(4)));
  expect(plan.moves.every(({ to }) => to === 'web-4')).toBe(true);
});
