import type { Reading } from './reading.ts';

const MS_PER_SECOND = 1000;
/** They say how late it is, and would change in every pair of readings. */
const CLOCKS: ReadonlySet<string> = new Set(['time', 'uptime']);

/** What changed between two readings, in each second; a number that fell is negative. */
export function changesPerSecond(before: Reading, after: Reading): ReadonlyMap<string, number> {
  const seconds = (after.atMs - before.atMs) / MS_PER_SECOND;
  const changes = new Map<string, number>();
  if (seconds <= 0) return changes;
  for (const [name, text] of after.stats) {
    const change = Number(text) - Number(before.stats.get(name));
    const isNumber = text !== '' && before.stats.get(name) !== '' && Number.isFinite(change);
    if (isNumber && change !== 0 && !CLOCKS.has(name)) changes.set(name, change / seconds);
  }
  return changes;
}
