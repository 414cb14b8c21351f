import {
  answers,
  type ClusterTopology,
  isProxy,
  type Member,
  memberOf,
  STATE_RULES,
} from '../../topology/index.ts';

type Process = Pick<Member, 'name' | 'incarnation'>;

/**
 * Of which other members that answer a node needs promises: with its own vote of a majority, or of
 * all. A node that answers gets by its copies needs all: a primary acknowledges changes without it
 * once its own promise to it has run out.
 */
export class Votes {
  readonly #needsAll: boolean;

  constructor({ readsCopies }: { readonly readsCopies: boolean }) {
    this.#needsAll = readsCopies;
  }

  /** How many of the other voters must promise something. */
  needed(otherCount: number): number {
    return this.#quorum(otherCount);
  }

  /** Whether so many of them cannot give a node the right to answer. */
  areTooFew(promising: number, otherCount: number): boolean {
    return promising < this.#quorum(otherCount);
  }

  #quorum(otherCount: number): number {
    return this.#needsAll ? otherCount : Math.floor((otherCount + 1) / 2);
  }
}

/**
 * The other members that answer in this topology. One that joins or is filled has no vote: a member
 * that has not heard of it could not know whether it promises anything.
 */
export const voters = (topology: ClusterTopology, self: string): readonly Member[] =>
  topology.members.filter((member) => member.name !== self && answers(member));

/** Whether too few members of this topology are left that may still promise something to one. */
function isOutvotedIn(
  topology: ClusterTopology,
  name: string,
  votes: Votes,
  isReleased: (voter: Member) => boolean,
): boolean {
  const others = voters(topology, name);
  const left = others.filter((voter) => !isReleased(voter)).length;
  return votes.areTooFew(left, others.length);
}

interface Outvoting {
  /** Topologies without a gap, in their order: all by which the process may answer, and newer. */
  readonly past: readonly ClusterTopology[];
  /** Whether there were older ones. */
  readonly isCut: boolean;
  /** The process has adopted at least this version, as it has said. */
  readonly known: number;
  readonly votes: Votes;
  /** Whether a member promises nothing to the process any more. */
  readonly isReleased: (voter: Member) => boolean;
}

/**
 * Whether a process that has gone has lost its right to answer by each topology that it may follow.
 * Any majority of voters has one that has released it, so it cannot get the promises that it needs.
 */
export function isOutvoted(
  process: Process,
  { past, isCut, known, votes, isReleased }: Outvoting,
): boolean {
  const least = Math.max(known, lastFinished(past, process));
  if (isCut && least < past[0]!.version && mayAnswerBy(past[0]!, process)) return false;
  return past
    .filter((topology) => topology.version >= least && mayAnswerBy(topology, process))
    .every((topology) => isOutvotedIn(topology, process.name, votes, isReleased));
}

/** Whether this process may answer by this topology, if it has the promises. */
export function mayAnswerBy(topology: ClusterTopology, { name, incarnation }: Process): boolean {
  const member = memberOf(topology, name);
  if (member?.incarnation !== incarnation || isProxy(member)) return false;
  return STATE_RULES[member.state].answers;
}

/**
 * The newest of these topologies that the process has adopted for sure: a change of the nodes
 * finishes only when all members that are up have adopted it.
 */
function lastFinished(past: readonly ClusterTopology[], { name, incarnation }: Process): number {
  const last = past.findLast((topology, nth) => {
    const member = memberOf(topology, name);
    const isUp = member?.incarnation === incarnation && STATE_RULES[member.state].isUp;
    const next = past[nth + 1];
    const isNext = next?.version === topology.version + 1;
    return isUp && member.weight > 0 && isNext && hasFinished(topology, next);
  });
  return last?.version ?? 0;
}

/** Whether a change of the nodes has ended between these two topologies. */
function hasFinished({ members }: ClusterTopology, next: ClusterTopology): boolean {
  return members.some(({ name, incarnation, state, weight }) => {
    const after = memberOf(next, name);
    if (after?.incarnation !== incarnation) return false;
    const isFilled = state === 'joining' || state === 'filling';
    if (isFilled) return after.state === 'serving';
    return state === 'leaving' && after.state === 'leaving' && weight > 0 && after.weight === 0;
  });
}
