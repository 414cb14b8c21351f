/** The events of a cluster, as its members show them in `stats cluster`. */
import { CLUSTER_EVENTS, type ClusterEvent } from '../../commands/index.ts';

export type ShownEvent = Omit<ClusterEvent, 'nth'>;

const KINDS: ReadonlySet<string> = new Set(CLUSTER_EVENTS);
const MS_PER_SECOND = 1000;

/** The events in the rows of `stats cluster` of one member. */
export function eventsIn(stats: ReadonlyMap<string, string>): readonly ShownEvent[] {
  return [...stats].flatMap(([name, text]) => {
    const [seconds, kind = '', node = '', version, by = '', ...words] = text.split(' ');
    if (!name.startsWith('event:') || !KINDS.has(kind)) return [];
    const atMs = Math.round(Number(seconds) * MS_PER_SECOND);
    const event = { atMs, kind, node, version: Number(version), by, reason: words.join(' ') };
    return [event as ShownEvent];
  });
}

/** Each member has its own events of these kinds; all see the others, which topologies tell. */
const OWN_KINDS: ReadonlySet<ShownEvent['kind']> = new Set([
  'started',
  'takeover',
  'peer-lags',
  'peer-in-sync',
  'membership-lost',
  'membership-back',
]);

/**
 * Events that several members show, each once, in the order of their times. A member may not know
 * who decided a topology, and when: another one does.
 */
export function mergedEvents(all: readonly ShownEvent[]): readonly ShownEvent[] {
  const isKnown = ({ by }: ShownEvent): number => (by === '-' ? 0 : 1);
  const known = all.toSorted((a, b) => isKnown(a) - isKnown(b));
  const distinct = new Map(known.map((event) => [eventKey(event), event]));
  return [...distinct.values()].sort((a, b) => a.atMs - b.atMs || a.version - b.version);
}

/** Two members that show the same event show it with the same key. */
export function eventKey({ atMs, kind, node, version, by }: ShownEvent): string {
  const key = `${kind} ${node} ${version}`;
  return OWN_KINDS.has(kind) ? `${key} ${by} ${atMs}` : key;
}
