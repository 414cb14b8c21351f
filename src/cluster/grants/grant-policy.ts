import {
  type ClusterTopology,
  isProxy,
  type Member,
  memberOf,
  STATE_RULES,
} from '../../topology/index.ts';
import { type Votes, voters } from './votes.ts';

/**
 * With etcd a node cannot know that it has been declared dead: it may be cut off. So a node answers
 * only while a majority of the members, itself among them, has promised not to take its keys over.
 *
 *     asker   |--ask------------------- grantMs -------------| answers until here
 *     giver       |--promise------------------- grantMs ---------| takes over from here on
 *
 * The asker counts from before the question, the giver from after it, both on monotonic clocks: no
 * clock needs to agree with another one, only to run as fast, up to `DRIFT_DIVISOR`.
 *
 * A node takes the keys of a member that has gone over when so many have adopted that, and their
 * promises have run out, that the rest is no majority. So while etcd is away a minority of the
 * members may die, or be cut off, and the others go on.
 */
export interface Granted {
  /** The process that has promised it. */
  readonly incarnation: number;
  /** When the asker sent its question. */
  readonly askedMs: number;
}

/** What a giver remembers of the asker. */
export interface Promised {
  readonly incarnation: number;
  /** When the giver promised it. */
  readonly promisedMs: number;
}

/** A clock may run faster than another one by a part of this. */
const DRIFT_DIVISOR = 50;

/** The members that this node asks for grants: those that are up and may ever hold a key. */
export const granters = (topology: ClusterTopology, self: string): readonly Member[] =>
  topology.members.filter(
    ({ name, weight, state }) => name !== self && weight > 0 && STATE_RULES[state].isUp,
  );

/**
 * Until when this node may answer for its keys; in the past if it never might. The replies of a
 * proxy are all those of other members, which had the right to answer, so nothing limits it. The
 * same is true for a process that has not been the primary of a key: while it joins or is filled.
 * A member that leaves has no key any more once it has lost its weight, but its threads may still
 * answer by the topology before, and the others wait for its mark.
 */
export function answersUntil(
  topology: ClusterTopology,
  self: Pick<Member, 'name' | 'incarnation'>,
  grants: ReadonlyMap<string, Granted>,
  { grantMs, votes }: { readonly grantMs: number; readonly votes: Votes },
): number {
  const member = memberOf(topology, self.name);
  if (member?.incarnation !== self.incarnation) return Number.NEGATIVE_INFINITY;
  if (isProxy(member) || isNew(member)) return Number.POSITIVE_INFINITY;
  if (!STATE_RULES[member.state].answers) return Number.NEGATIVE_INFINITY;
  const ends = voters(topology, self.name).map(({ name, incarnation }) => {
    const granted = grants.get(name);
    if (granted?.incarnation !== incarnation) return Number.NEGATIVE_INFINITY;
    return granted.askedMs + grantMs - grantMs / DRIFT_DIVISOR;
  });
  const needed = votes.needed(ends.length);
  return needed === 0 ? Number.POSITIVE_INFINITY : ends.sort((a, b) => b - a)[needed - 1]!;
}

const isNew = ({ state }: Member): boolean => state === 'joining' || state === 'filling';

/** Whether this node, which has adopted the topology, may promise a member not to take over. */
export function mayPromise(
  topology: ClusterTopology,
  asker: Pick<Member, 'name' | 'incarnation'>,
): boolean {
  const member = memberOf(topology, asker.name);
  return member?.incarnation === asker.incarnation && STATE_RULES[member.state].isUp;
}

/**
 * When a node may answer for keys whose primary has gone: when its last promise to that primary
 * ends. A primary that it has promised nothing may live by promises that others have made by now.
 */
export function takesOverAt(
  gone: Pick<Member, 'name' | 'incarnation'>,
  promised: ReadonlyMap<string, Promised>,
  nowMs: number,
  grantMs: number,
): number {
  const promise = promiseTo(gone, promised);
  return (promise?.promisedMs ?? nowMs) + grantMs;
}

/** The promise to this process; undefined if the node has made none to it. */
export function promiseTo(
  asker: Pick<Member, 'name' | 'incarnation'>,
  promised: ReadonlyMap<string, Promised>,
): Promised | undefined {
  const promise = promised.get(asker.name);
  return promise?.incarnation === asker.incarnation ? promise : undefined;
}

/** The members of the earlier topology whose process may run, and is no longer a member's. */
export function goneBetween(
  before: ClusterTopology | undefined,
  now: ClusterTopology,
): readonly Member[] {
  return (before?.members ?? []).filter((member) => {
    const stays = memberOf(now, member.name);
    const isSame = stays?.incarnation === member.incarnation && STATE_RULES[stays.state].isUp;
    return STATE_RULES[member.state].isUp && member.weight > 0 && !isSame;
  });
}
