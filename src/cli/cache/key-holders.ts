/** Which members of a cluster have a key, as its topology and its primary say. */
import { type ClusterTopology, KeyGroups, STATE_RULES } from '../../topology/index.ts';

/** A member that has the key, or gets it. */
export interface KeyHolder {
  readonly node: string;
  readonly address: string;
  /** A receiver gets the key, and answers after the change under way. */
  readonly role: 'primary' | 'holder' | 'receiver';
  /** Undefined: the primary does not say. */
  readonly state: 'in sync' | 'lags' | 'gets its items' | undefined;
  /** The age of the oldest change that it has not acknowledged, in milliseconds. */
  readonly lagMs: number | undefined;
}

/** From this age on of an unacknowledged change the primary counts a holder as unreachable. */
const LAG_MS_MAX = 2000;

/** The primary of the key first; none if nobody answers for it. */
export function holdersOf(
  topology: ClusterTopology,
  key: Buffer,
  statsOf: (address: string) => ReadonlyMap<string, string> | undefined,
): readonly KeyHolder[] {
  const { primary, holders, receivers } = new KeyGroups(topology).groupOf(key, 0, key.length);
  const first = topology.members[primary];
  if (first === undefined) return [];
  const stats = statsOf(first.address);
  const { name, address } = first;
  const own: KeyHolder = { node: name, address, role: 'primary', state: 'in sync', lagMs: 0 };
  const others = receivers.map((at): KeyHolder => {
    const member = topology.members[at]!;
    const lagMs = numberIn(stats, `peer:${member.name}:lag_ms`);
    const isFilled = !STATE_RULES[member.state].answers || isFilling(stats);
    return {
      node: member.name,
      address: member.address,
      role: holders.includes(at) ? 'holder' : 'receiver',
      state: isFilled ? 'gets its items' : stateOf(lagMs),
      lagMs,
    };
  });
  return [own, ...others];
}

/** The address of the primary of a key, if there is one. */
export function primaryOf(topology: ClusterTopology, key: Buffer): string | undefined {
  const { primary } = new KeyGroups(topology).groupOf(key, 0, key.length);
  return topology.members[primary]?.address;
}

function stateOf(lagMs: number | undefined): KeyHolder['state'] {
  if (lagMs === undefined) return undefined;
  return lagMs < LAG_MS_MAX ? 'in sync' : 'lags';
}

/** Whether the primary still sends items to its receivers. */
function isFilling(stats: ReadonlyMap<string, string> | undefined): boolean {
  const complete = numberIn(stats, 'complete_version');
  const version = numberIn(stats, 'topology_version');
  return complete !== undefined && version !== undefined && complete < version;
}

function numberIn(stats: ReadonlyMap<string, string> | undefined, name: string) {
  const text = stats?.get(name);
  return text === undefined ? undefined : Number(text);
}
