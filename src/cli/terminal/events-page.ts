import type { ShownEvent } from '../cache/cluster-events.ts';
import type { Host } from '../process/host.ts';

/** Events that an operator should see at once. */
const BAD: ReadonlySet<ShownEvent['kind']> = new Set([
  'death',
  'fill-given-up',
  'leave-given-up',
  'peer-lags',
  'membership-lost',
]);
const KIND_COLUMNS = 15;

/** A line, such as `2026-11-30T02:33:45.123Z death           node-2: node-2 has ended (…)`. */
export function eventText(event: ShownEvent, { style }: Pick<Host, 'style'>): string {
  const { atMs, kind, node, version, by, reason } = event;
  const word = kind.padEnd(KIND_COLUMNS);
  const shown = BAD.has(kind) ? style('red', word) : style('bold', word);
  const time = style('dim', new Date(atMs).toISOString());
  return `${time} ${shown} ${node}: ${reason} (${by}, topology ${version})`;
}

export function eventJson({ atMs, ...event }: ShownEvent): string {
  return JSON.stringify({ time: new Date(atMs).toISOString(), ...event });
}
