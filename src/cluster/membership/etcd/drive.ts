import {
  answers,
  type ClusterTopology,
  firstTopology,
  isProxy,
  type Member,
  memberOf,
  nextTopology,
  type ReplicationMode,
  STATE_RULES,
  type TopologyStep,
  withDown,
  withLeaving,
  withRestarted,
} from '../../../topology/index.ts';
import { isOutvoted, mayAnswerBy, type Votes } from '../../grants/votes.ts';
import { peerKey } from '../../thread/adopted.ts';
import { isHeldElsewhere } from '../unreachable.ts';
import type { ClusterState, RegisteredNode } from './cluster-keys.ts';
import { LATE_MS_MAX } from './complaints.ts';
import { hasEnded } from './known-end.ts';
import { type DriveStep, joinStep, removalStep, restartStep, tried } from './ring-steps.ts';

/** What the first topology of a cluster says; later topologies keep it. */
export interface ClusterSettings {
  readonly cluster: string;
  readonly replicas: number;
  readonly replication: ReplicationMode;
}

/** The facts that decide the next topology. */
interface DriveFacts
  extends Pick<
    ClusterState,
    'newest' | 'topologies' | 'nodes' | 'ended' | 'removals' | 'restarts' | 'replacements'
  > {
  /** By `peerKey`: the newest topology that a process is known to have adopted. */
  readonly adopted: ReadonlyMap<string, number>;
  readonly settings: ClusterSettings;
  readonly votes: Votes;
  /**
   * Whether every process that lives has had the time to register, also after an outage of etcd:
   * so a member without one is down, and no process has a newer topology than etcd.
   */
  readonly isSettled: boolean;
  /** How long other members have said that they cannot reach a member, in milliseconds. */
  readonly lateMs: (name: string) => number;
  /** Whether the driver has just heard of the process of a member. */
  readonly hears: (member: Member) => boolean;
}

/**
 * Decides the next topology of a cluster whose nodes register in etcd; undefined: it stays. A step
 * that is refused, because another change is under way, waits for a later call.
 */
export function drive(facts: DriveFacts): DriveStep | undefined {
  const { newest, nodes, isSettled } = facts;
  if (!isSettled || membersAhead(facts).length > 0) return undefined;
  if (newest === undefined) return firstStep(facts);
  return (
    failureStep(newest, facts) ??
    returnStep(newest, facts) ??
    nextTopology(newest, reportsOf(newest, nodes)) ??
    removalStep(newest, facts) ??
    restartStep(newest, facts) ??
    joinStep(newest, facts)
  );
}

/**
 * Those that may follow newer topologies, which etcd has lost: a node that has one writes it again.
 * One that does not reach etcd may go on by it, perhaps alone, unless it is known to have ended.
 */
export function membersAhead(
  facts: Pick<DriveFacts, 'newest' | 'nodes' | 'adopted' | 'ended' | 'removals'>,
): readonly string[] {
  const { newest, nodes, adopted } = facts;
  const version = newest?.version ?? 0;
  const hasNewer = (member: Member): boolean => (adopted.get(peerKey(member)) ?? 0) > version;
  const registered = nodes.filter(({ report }) => report.adopted > version);
  const others = (newest?.members ?? []).filter(
    (member) => hasNewer(member) && !hasEnded(member, facts),
  );
  const all = [...registered.map(({ member }) => member), ...others];
  return [...new Set(all.map(({ name }) => name))].sort();
}

/** The processes that are registered when the cluster begins hold nothing yet: all serve. */
function firstStep({ settings, nodes }: DriveFacts): TopologyStep | undefined {
  if (nodes.every(({ member }) => member.weight === 0)) return undefined;
  const members = nodes.map(({ member }) => member);
  return tried('the cluster begins', () => firstTopology(settings, members));
}

function failureStep(topology: ClusterTopology, facts: DriveFacts): TopologyStep | undefined {
  const up = topology.members.filter(({ state }) => STATE_RULES[state].isUp);
  const ended = up.filter((member) => processOf(member, facts.nodes) === undefined);
  const down = ended.find((member) => mayGoDown(topology, member, facts));
  if (down !== undefined) return downStep(topology, down, 'has ended');
  // A complaint counts if the reporter knows the present members. A proxy may be in a network of
  // its own, and has no items to send.
  const current = facts.nodes.filter(
    ({ member, report }) => member.weight > 0 && report.adopted === topology.version,
  );
  if (!isInTouch(topology, facts.hears)) return undefined;
  const cutOff = unreachableMembers(up, current).find(
    (member) => !isNeeded(topology, member, facts) && mayGoDown(topology, member, facts),
  );
  return cutOff && downStep(topology, cutOff, 'cannot be reached by other members');
}

/**
 * Whether a member may be the only one with some keys, and may come back with them. A complaint
 * does not say whose network is broken, and the node that complains may have ended since. So the
 * other holders must be known to live: the driver itself has just heard of them.
 */
function isNeeded(topology: ClusterTopology, member: Member, facts: DriveFacts): boolean {
  if (!answers(member) || hasEnded(member, facts)) return false;
  if (facts.lateMs(member.name) >= LATE_MS_MAX) return false;
  return !isHeldElsewhere(topology, member.name, facts.hears);
}

/**
 * Whether a driver hears half of the members at least, itself included. One that does not may be
 * cut off itself: it leaves the complaints to another driver.
 */
export function isInTouch({ members }: ClusterTopology, hears: DriveFacts['hears']): boolean {
  const up = members.filter(({ state, weight }) => STATE_RULES[state].isUp && weight > 0);
  return 2 * up.filter(hears).length >= up.length;
}

/**
 * A member that does not answer etcd may be cut off, and go on by the promises of others. So it is
 * down only if the others that are registered are so many that the rest is no majority: they make
 * no promises to it any more. Or else if its process is known to have ended; that is what the last
 * member that answers needs, because nobody promises it anything.
 */
function mayGoDown(topology: ClusterTopology, member: Member, facts: DriveFacts): boolean {
  if (hasEnded(member, facts) || !mayAnswerBy(topology, member)) return true;
  if (isLastAnswering(topology, member)) return false;
  const { topologies, nodes, votes, adopted } = facts;
  const past = [...topologies.values()].sort((one, other) => one.version - other.version);
  return isOutvoted(member, {
    past,
    isCut: past[0]!.version > 1,
    known: adopted.get(peerKey(member)) ?? 0,
    votes,
    isReleased: (voter) => processOf(voter, nodes) !== undefined || hasEnded(voter, facts),
  });
}

const isLastAnswering = ({ members }: ClusterTopology, member: Member): boolean =>
  answers(member) && members.filter(answers).length === 1;

/** A proxy has nothing that it could come back to: it leaves, and its next process joins. */
const downStep = (topology: ClusterTopology, member: Member, why: string) => {
  const { name, incarnation } = member;
  return tried(`${name} ${why}`, () =>
    isProxy(member) ? withLeaving(topology, name) : withDown(topology, name, incarnation),
  );
};

/** The registered process of a member's present incarnation. */
const processOf = ({ name, incarnation }: Member, nodes: readonly RegisteredNode[]) =>
  nodes.find(({ member }) => member.name === name && member.incarnation === incarnation);

/**
 * The members that others cannot reach, first the one that most complain of. Of two that cannot
 * reach each other the first is the one that does not answer, or else the later one in the
 * topology.
 */
function unreachableMembers(
  up: readonly Member[],
  nodes: readonly RegisteredNode[],
): readonly Member[] {
  const complaints = ({ name }: Member): number =>
    up.filter((member) => processOf(member, nodes)?.report.unreachable.includes(name)).length;
  return up
    .map((member) => ({ member, count: complaints(member) }))
    .filter(({ count }) => count > 0)
    .reverse()
    .sort((a, b) => b.count - a.count || Number(answers(a.member)) - Number(answers(b.member)))
    .map(({ member }) => member);
}

/**
 * A member that is down has a new process; at another address, or as a proxy, it has another place
 * on the ring.
 */
function returnStep(topology: ClusterTopology, facts: DriveFacts): TopologyStep | undefined {
  for (const { member } of facts.nodes) {
    const { name, incarnation, peerAddress } = member;
    const before = memberOf(topology, name);
    if (before?.state !== 'down' || before.incarnation === incarnation) continue;
    const change = whyElsewhere(before, member);
    const step =
      change === undefined
        ? tried(`${name} has restarted and gets its items`, () =>
            withRestarted(topology, name, incarnation, peerAddress),
          )
        : tried(`${name} leaves: ${change}`, () => withLeaving(topology, name));
    if (step !== undefined) return step;
  }
  return undefined;
}

function whyElsewhere(before: Member, now: Member): string | undefined {
  if (before.address !== now.address) return `its new address is ${now.address}`;
  return before.weight > 0 && now.weight === 0 ? 'it is a proxy now' : undefined;
}

/** The reports of the present incarnations. */
const reportsOf = ({ members }: ClusterTopology, nodes: readonly RegisteredNode[]) =>
  members.flatMap((member) => processOf(member, nodes)?.report ?? []);
