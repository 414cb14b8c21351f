import {
  type ClusterTopology,
  encodeTopology,
  type Member,
  memberOf,
  STATE_RULES,
  TopologyError,
} from '../../../topology/index.ts';
import { restartWay } from '../../changes/change-plan.ts';
import type { ClusterState } from './cluster-keys.ts';
import { orderFor, type Removal, type Restart } from './orders.ts';

/** What a node does when the topologies in etcd have changed. */
interface Adoption {
  /** It adopts these, one after the other. */
  readonly adopt: readonly ClusterTopology[];
  /** etcd has lost these: the node writes them again, so that versions never fall. */
  readonly restore: readonly ClusterTopology[];
  /** A sentence: the node must begin again as a new process, and be filled. */
  readonly renewal: string | undefined;
  /** The node must end now, as this order wants it. */
  readonly restart: Restart | undefined;
}

type StoredState = Pick<ClusterState, 'topologies' | 'newest' | 'removals' | 'restarts'>;

/**
 * Decides what a node adopts. It adopts every version in its order, because what changed in a
 * version that it has not seen may be missing in its items.
 * @param known the last topologies that it has adopted, in their order
 */
export function adoptionOf(
  known: readonly ClusterTopology[],
  { topologies, newest, removals, restarts }: StoredState,
  self: Pick<Member, 'name' | 'incarnation'>,
): Adoption {
  const last = known.at(-1);
  if (last === undefined) return firstAdoption(newest, self);
  const other = known.find((topology) => differs(topology, topologies.get(topology.version)));
  if (other !== undefined) {
    return renewal(`etcd has another topology of version ${other.version} than this node`);
  }
  const version = newest?.version ?? 0;
  if (version < last.version) {
    return { ...NOTHING, restore: known.filter((topology) => topology.version > version) };
  }
  const adopt: ClusterTopology[] = [];
  for (let next = last.version + 1; next <= version; next++) {
    const topology = topologies.get(next);
    if (topology === undefined) return renewal(`etcd no longer has the topology ${next}`);
    adopt.push(topology);
  }
  const restart = orderFor(restarts, self);
  if (restart !== undefined && isDue(adopt.at(-1) ?? last, self)) {
    return { ...NOTHING, adopt, restart };
  }
  return { ...NOTHING, adopt, renewal: whyNoMember(adopt.at(-1), removals, self) };
}

const NOTHING: Adoption = { adopt: [], restore: [], renewal: undefined, restart: undefined };

const renewal = (reason: string): Adoption => ({ ...NOTHING, renewal: reason });

/**
 * Whether a node that restarts ends now: it has left; or the others are too few to take its keys,
 * and hold them all.
 */
function isDue(
  topology: ClusterTopology,
  { name, incarnation }: Pick<Member, 'name' | 'incarnation'>,
): boolean {
  const member = memberOf(topology, name);
  if (member === undefined) return true;
  if (member.incarnation !== incarnation || member.state !== 'serving') return false;
  try {
    return restartWay(topology, name) === 'be filled by the other holders';
  } catch (error) {
    if (error instanceof TopologyError) return false;
    throw error;
  }
}

/** A node begins with the first topology that has its process. */
function firstAdoption(
  newest: ClusterTopology | undefined,
  self: Pick<Member, 'name' | 'incarnation'>,
): Adoption {
  const isMember = newest && memberOf(newest, self.name)?.incarnation === self.incarnation;
  return isMember === true ? { ...NOTHING, adopt: [newest] } : NOTHING;
}

function differs(topology: ClusterTopology, other: ClusterTopology | undefined): boolean {
  if (other === undefined || other === topology) return false;
  return encodeTopology(other) !== encodeTopology(topology);
}

function whyNoMember(
  topology: ClusterTopology | undefined,
  removals: readonly Removal[],
  { name, incarnation }: Pick<Member, 'name' | 'incarnation'>,
): string | undefined {
  if (topology === undefined) return undefined;
  const member = memberOf(topology, name);
  const hasLeft = removals.some((one) => one.name === name && one.incarnation === incarnation);
  if (member === undefined && hasLeft) return undefined;
  if (member !== undefined) {
    if (member.incarnation !== incarnation) return `another process is ${name} now`;
    if (STATE_RULES[member.state].isUp) return undefined;
  }
  return `the cluster went on without ${name}, because it could not be reached`;
}
