import { type Group, type Member, memberOf, STATE_RULES } from '../../topology/index.ts';
import { type Adopted, indexOfPeer, mayRun, type PeerIdentity } from '../thread/adopted.ts';
import { boundsOf } from '../thread/roles.ts';

/** The last version at which all receivers of a member had all its items; 0 for none. */
export type CompleteOf = (peer: PeerIdentity) => number;

const NOBODY: readonly number[] = [];

interface PastTopology {
  readonly adopted: Adopted;
  /** By member of the present topology: its index in this one, or -1. */
  readonly indexes: readonly number[];
  /** By member of this topology: whether it was complete at this version. */
  readonly wasComplete: readonly boolean[];
  /** By member of this topology: whether its process has ended since, perhaps amid a change. */
  readonly hasEnded: readonly boolean[];
}

/** The keys up to the point `last`, after those of the arc before. */
interface FillArc {
  readonly last: number;
  readonly receivers: readonly number[];
}

/**
 * Which receivers of the keys of this member may lack items. A receiver has all of a key if it had
 * a role for the key without a break since a topology at which the key's primary was complete, and
 * no primary has died since: its last change may have reached some of them. In doubt it is filled:
 * that costs time and loses nothing.
 */
export class FillPlan {
  readonly now: Adopted;
  readonly #past: readonly PastTopology[];

  /** `past`: the topologies before `now`, without a gap, the newest one first. */
  constructor(now: Adopted, past: readonly Adopted[], completeOf: CompleteOf) {
    this.now = now;
    this.#past = past.map((adopted) => ({
      adopted,
      indexes: now.topology.members.map((member) => indexOfPeer(adopted.topology, member)),
      wasComplete: adopted.topology.members.map(
        (member) => completeOf(member) === adopted.topology.version,
      ),
      hasEnded: adopted.topology.members.map((member) => hasEnded(member, now, past)),
    }));
  }

  /** Whether no receiver of any key lacks anything. */
  get isEmpty(): boolean {
    for (const last of this.#bounds()) if (this.#missingAt(last).length > 0) return false;
    return true;
  }

  /** The parts of the ring, in order, and the receivers that may lack the items of each. */
  get arcs(): readonly FillArc[] {
    const lasts = [...this.#bounds()].sort((one, other) => one - other);
    return lasts.map((last) => ({ last, receivers: this.#missingAt(last) }));
  }

  /** The receivers that may lack the item of the key, as indexes in the present topology. */
  receiversOf(bytes: Buffer, start: number, end: number): readonly number[] {
    return this.#missing((adopted) => adopted.groups.groupOf(bytes, start, end));
  }

  #bounds(): Iterable<number> {
    return boundsOf([this.now, ...this.#past.map(({ adopted }) => adopted)]);
  }

  #missingAt(point: number): readonly number[] {
    return this.#missing((adopted) => adopted.groups.groupAt(point));
  }

  #missing(groupIn: (adopted: Adopted) => Group): readonly number[] {
    const { primary, receivers } = groupIn(this.now);
    if (primary !== this.now.self || receivers.length === 0) return NOBODY;
    const missing = receivers.filter((receiver) => !this.#isComplete(receiver, groupIn));
    return missing.length === 0 ? NOBODY : missing;
  }

  #isComplete(receiver: number, groupIn: (adopted: Adopted) => Group): boolean {
    for (const { adopted, indexes, wasComplete, hasEnded } of this.#past) {
      const { primary, receivers } = groupIn(adopted);
      const index = indexes[receiver]!;
      if (index === -1 || (primary !== index && !receivers.includes(index))) return false;
      if (primary === -1) continue;
      if (hasEnded[primary] === true) return false;
      if (wasComplete[primary] === true) return true;
    }
    return false;
  }
}

/** Whether a process has ended, other than by leaving: one that leaves ends without weight. */
function hasEnded(member: Member, { topology }: Adopted, past: readonly Adopted[]): boolean {
  if (mayRun(topology, member)) return false;
  const last = past.find((one) => indexOfPeer(one.topology, member) !== -1);
  const { weight, state } = last!.topology.members[indexOfPeer(last!.topology, member)]!;
  return weight > 0 || !STATE_RULES[state].isUp || memberOf(topology, member.name) !== undefined;
}
