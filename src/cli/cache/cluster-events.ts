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

/** All members see the events of a topology: each once, in the order of their times. */
export function mergedEvents(all: readonly ShownEvent[]): readonly ShownEvent[] {
  const distinct = new Map(all.map((event) => [eventKey(event), event]));
  return [...distinct.values()].sort((a, b) => a.atMs - b.atMs || a.version - b.version);
}

/** Two members that show the same event show it with the same key. */
export function eventKey({ atMs, kind, node, version, by }: ShownEvent): string {
  return `${atMs} ${kind} ${node} ${version} ${by}`;
}
