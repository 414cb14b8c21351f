import { Votes } from '../../../../../src/cluster/grants/votes.ts';
import type { RegisteredNode } from '../../../../../src/cluster/membership/etcd/cluster-keys.ts';
import { drive } from '../../../../../src/cluster/membership/etcd/drive.ts';
import type {
  Removal,
  Replacement,
  Restart,
} from '../../../../../src/cluster/membership/etcd/orders.ts';
import { peerKey } from '../../../../../src/cluster/thread/adopted.ts';
import type { ClusterTopology, Member } from '../../../../../src/topology/index.ts';
import { SETTINGS } from './cluster-facts.ts';

interface Orders {
  readonly removals: readonly Removal[];
  readonly restarts: readonly Restart[];
  readonly replacements: readonly Replacement[];
}

const NO_ORDERS: Orders = { removals: [], restarts: [], replacements: [] };

/** What a driver knows of earlier topologies, and of what processes have adopted. */
export interface Known {
  readonly votes: Votes;
  readonly topologies: ReadonlyMap<number, ClusterTopology>;
  readonly adopted: ReadonlyMap<string, number>;
  readonly lateMs: (name: string) => number;
  readonly hears: (member: Member) => boolean;
}

/** All members have adopted the newest topology. */
export const factsOf = (newest: ClusterTopology | undefined) => {
  const topologies = new Map(newest && [[newest.version, newest] as const]);
  const adopted = new Map(newest?.members.map((each) => [peerKey(each), newest.version] as const));
  const votes = new Votes({ readsCopies: false });
  const lateMs = () => 0;
  const hears = () => true;
  return {
    ...NO_ORDERS,
    newest,
    topologies,
    ended: [],
    adopted,
    votes,
    lateMs,
    hears,
    settings: SETTINGS,
  };
};

/** The next topology as `3: a serving, b down (reason)`; undefined if it stays. */
export function driven(
  newest: ClusterTopology | undefined,
  nodes: readonly RegisteredNode[],
  { isSettled = true, ...orders }: Partial<Orders & Known> & { readonly isSettled?: boolean } = {},
): string | undefined {
  const step = drive({
    ...factsOf(newest),
    ...orders,
    nodes,
    isSettled,
  });
  if (step === undefined) return undefined;
  const { version, members } = step.topology;
  const states = members.map(({ name, state }) => `${name} ${state}`).join(', ');
  return `${version}: ${states} (${step.reason})`;
}
