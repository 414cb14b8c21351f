/**
 * The changes of a topology that an operator or a failure causes. Each returns the next version,
 * or throws a TopologyError whose message says why the change is refused. The changes of the ring,
 * which take time, are finished by `nextTopology`.
 */
import { digestCounts } from '../ring/ketama.ts';
import { TopologyError } from '../topology-error.ts';
import {
  answers,
  type ClusterTopology,
  type Member,
  type MemberState,
  memberOf,
  STATE_RULES,
} from './cluster-topology.ts';
import { ringNodes } from './member-ring.ts';
import { decodeTopology, encodeTopology } from './topology-codec.ts';

/** A member that is not in the topology yet. */
export type NewMember = Omit<Member, 'state'>;

/** The first topology of a cluster: nobody has items, so all members serve. */
export function firstTopology(
  settings: Pick<ClusterTopology, 'cluster' | 'replicas' | 'replication'>,
  newMembers: readonly NewMember[],
): ClusterTopology {
  const members = newMembers.map((member): Member => ({ ...member, state: 'serving' }));
  return checked({ ...settings, version: 1, members });
}

/** A node joins. If nobody answers, several may join at once, because nothing moves. */
export function withJoined(topology: ClusterTopology, member: NewMember): ClusterTopology {
  if (memberOf(topology, member.name) !== undefined) {
    throw new TopologyError(`${member.name} is a member of the cluster already.`);
  }
  if (member.weight > 0 && topology.members.some(answers)) checkNoChange(topology);
  return joined(topology, member);
}

/**
 * A member leaves; it answers until the others have its items. One that is down, or that is being
 * filled, has nothing to give.
 */
export function withLeaving(topology: ClusterTopology, name: string): ClusterTopology {
  const member = knownMember(topology, name);
  checkStays(member);
  if (member.weight === 0) return withoutMember(topology, name);
  checkNoChange(topology);
  checkOthersHold(topology, member, []);
  return withState(topology, name, leavingState(member));
}

/** A new node takes the place of a member: one joins and the other leaves in one change. */
export function withReplaced(
  topology: ClusterTopology,
  name: string,
  newMember: NewMember,
): ClusterTopology {
  const member = knownMember(topology, name);
  checkStays(member);
  if (memberOf(topology, newMember.name) !== undefined) {
    throw new TopologyError(`${newMember.name} is a member of the cluster already.`);
  }
  checkNoChange(topology);
  checkOthersHold(topology, member, [{ ...newMember, state: 'joining' }]);
  const state = leavingState(member);
  const left =
    member.weight === 0 ? withoutMember(topology, name) : withState(topology, name, state);
  return { ...joined(left, newMember), version: topology.version + 1 };
}

/**
 * The change of the ring that is under way is given up: nothing has moved yet. Once the new ring is
 * in force, it is too late.
 */
export function withChangeGivenUp(topology: ClusterTopology): ClusterTopology {
  if (!topology.members.some(changesRing)) {
    const late = topology.members.find(({ weight, state }) => weight === 0 && state === 'leaving');
    if (late === undefined) throw new TopologyError('No change of the cluster is under way.');
    throw new TopologyError(`${late.name} has given its items to the others already.`);
  }
  const members = topology.members.filter(({ state }) => state !== 'joining').map(staying);
  return checked({ ...topology, version: topology.version + 1, members });
}

/** A member without weight has given its keys away already. */
const staying = (member: Member): Member => {
  return member.weight === 0 ? member : { ...member, state: STAYING[member.state] ?? member.state };
};

/** The states of leaving members that stay after all. */
const STAYING: Partial<Record<MemberState, MemberState>> = { leaving: 'serving', gone: 'down' };

/**
 * The process of a member has ended; the caller is sure of it. A joining member is removed, because
 * nobody needs it, and the member that it was to replace stays.
 * @param incarnation the one that has ended, so that an old message does not hit a new process
 */
export function withDown(
  topology: ClusterTopology,
  name: string,
  incarnation: number,
): ClusterTopology {
  const member = knownMember(topology, name);
  if (member.incarnation !== incarnation) {
    throw new TopologyError(`${name} is another incarnation by now.`);
  }
  if (!STATE_RULES[member.state].isUp) throw new TopologyError(`${name} is down already.`);
  if (member.state === 'joining') return withoutJoiner(topology, member);
  return withState(topology, name, member.state === 'leaving' ? 'gone' : 'down');
}

/**
 * A new incarnation of a member that is down: it is filled, and serves after that. A joining member
 * may be a new incarnation at any time.
 */
export function withRestarted(
  topology: ClusterTopology,
  name: string,
  incarnation: number,
  peerAddress: string,
): ClusterTopology {
  const member = knownMember(topology, name);
  if (member.incarnation === incarnation) {
    throw new TopologyError(`${name} is this incarnation already.`);
  }
  const state = restartedState(member);
  const members = topology.members.map((one): Member => {
    return one === member ? { ...member, incarnation, peerAddress, state } : one;
  });
  return checked({ ...topology, version: topology.version + 1, members });
}

function restartedState({ name, weight, state }: Member): MemberState {
  if (state === 'joining') return state;
  if (state === 'down') return weight === 0 ? 'serving' : 'filling';
  if (state === 'gone') throw new TopologyError(`${name} is leaving the cluster.`);
  throw new TopologyError(`${name} has not been reported down, so nobody may take its place.`);
}

/** Whether a member joins or leaves: one such change is under way at a time. */
function changesRing({ weight, state }: Member): boolean {
  const { inRing, inNextRing } = STATE_RULES[state];
  return weight > 0 && inRing !== inNextRing;
}

/** One that leaves still finishes its changes, and the others wait for its mark. */
function checkStays({ name, state }: Member): void {
  if (state === 'leaving') throw new TopologyError(`${name} is leaving already.`);
}

function checkNoChange({ members }: ClusterTopology): void {
  const changing = members.find(changesRing);
  if (changing === undefined) return;
  const verb = changing.state === 'joining' ? 'joining' : 'leaving';
  throw new TopologyError(
    `${changing.name} is ${verb} the cluster: wait until it is done, or give that up.`,
  );
}

/** Refuses to take a member away if its keys would have too few nodes, or zones, afterwards. */
function checkOthersHold(
  { replicas, members }: ClusterTopology,
  leaver: Member,
  joiners: readonly Member[],
): void {
  if (leaver.weight === 0) return;
  const before = members.filter(({ weight }) => weight > 0);
  const others = [...before.filter((member) => member !== leaver), ...joiners];
  const after = others.filter(({ weight }) => weight > 0);
  if (after.length === 0) {
    throw new TopologyError(`${leaver.name} is the last node that holds keys.`);
  }
  if (!answers(leaver)) return;
  const answering = after.filter((member) => answers(member) || member.state === 'joining');
  if (answering.length < replicas) {
    const nodes = `only ${answering.length} of the ${replicas} nodes that hold each key`;
    throw new TopologyError(`Without ${leaver.name} there are ${nodes}: add a node first.`);
  }
  const zones = zoneCount(answering);
  if (zones < Math.min(replicas, zoneCount(before.filter(answers)))) {
    const few = `in ${zones} of the ${replicas} zones that each key needs`;
    throw new TopologyError(
      `Without ${leaver.name} the nodes are ${few}: add a node in another zone first.`,
    );
  }
}

function zoneCount(members: readonly Member[]): number {
  return new Set(members.map(({ zone, name }) => (zone === '' ? `/${name}` : zone))).size;
}

function leavingState({ state }: Member): MemberState {
  return state === 'serving' ? 'leaving' : 'gone';
}

function joined(topology: ClusterTopology, member: NewMember): ClusterTopology {
  const state = member.weight === 0 ? 'serving' : 'joining';
  const members: readonly Member[] = [...topology.members, { ...member, state }];
  return checked({ ...topology, version: topology.version + 1, members });
}

function withState(topology: ClusterTopology, name: string, state: MemberState): ClusterTopology {
  const members = topology.members.map((member): Member => {
    return member.name === name ? { ...member, state } : member;
  });
  return checked({ ...topology, version: topology.version + 1, members });
}

function withoutMember(topology: ClusterTopology, name: string): ClusterTopology {
  const members = topology.members.filter((member) => member.name !== name);
  return checked({ ...topology, version: topology.version + 1, members });
}

function withoutJoiner(topology: ClusterTopology, joiner: Member): ClusterTopology {
  const members = topology.members.filter((member) => member !== joiner).map(staying);
  return checked({ ...topology, version: topology.version + 1, members });
}

function knownMember(topology: ClusterTopology, name: string): Member {
  const member = memberOf(topology, name);
  if (member !== undefined) return member;
  throw new TopologyError(`The cluster ${topology.cluster} has no node ${name}.`);
}

/** Every field is in its bounds, and every member of the next ring has points in it. */
function checked(topology: ClusterTopology): ClusterTopology {
  const sound = decodeTopology(encodeTopology(topology));
  const placed = sound.members.filter(({ weight, state }) => {
    return weight > 0 && STATE_RULES[state].inNextRing;
  });
  if (placed.length === 0) return sound;
  const without = digestCounts(ringNodes(placed)).indexOf(0);
  if (without < 0) return sound;
  throw new TopologyError(
    `The weight of ${placed[without]!.name} is too small beside the others: it gets no keys.`,
  );
}
