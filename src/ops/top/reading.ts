/** What a node tells at one moment, and how much of it has changed since another one. */
const MS_PER_SECOND = 1000;

/** The general `stats` of a node at one moment; a plain memcached lacks some of them. */
export interface Reading {
  /** Milliseconds; readings of one node have one clock. */
  readonly atMs: number;
  readonly stats: ReadonlyMap<string, string>;
}

/** Two readings of one process, or of two when the node restarted in between. */
export interface Span {
  readonly before: Reading;
  readonly after: Reading;
}

/**
 * How much a counter grew in a second. A counter that is smaller than before began at 0 again: the
 * node restarted, or its statistics were reset. Then it grew by what it is now, at least.
 */
export function ratePerSecond({ before, after }: Span, name: string): number | undefined {
  const [was, is] = [numberIn(before, name), numberIn(after, name)];
  const seconds = (after.atMs - before.atMs) / MS_PER_SECOND;
  if (was === undefined || is === undefined || seconds <= 0) return undefined;
  const hasRestarted = is < was || isOtherProcess(before, after);
  return (hasRestarted ? is : is - was) / seconds;
}

/** A clock that someone set back looks like a restart only to `uptime`; processes have ids. */
export function isOtherProcess(before: Reading, after: Reading): boolean {
  const [was, is] = [before.stats.get('pid'), after.stats.get('pid')];
  return was !== is;
}

export function numberIn({ stats }: Reading, name: string): number | undefined {
  const text = stats.get(name);
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

/** The sum over all spans; undefined for none, or if one lacks the number. */
export function sumOf(
  spans: readonly Span[],
  read: (span: Span) => number | undefined,
): number | undefined {
  return spans.map(read).reduce(sumOfBoth, spans.length === 0 ? undefined : 0);
}

export function sumOfBoth(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}
