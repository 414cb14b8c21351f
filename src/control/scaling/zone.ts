/** Wall clocks of time zones; pure. */

/** What a clock and a calendar show. */
export interface LocalTime {
  readonly year: number;
  /** 1 is January. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();
/** There are about 600 names of zones. */
const FORMATS_MAX = 1000;

/** Undefined: there is no such time zone. */
function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    if (formats.size >= FORMATS_MAX) formats.clear();
    formats.set(zone, format);
    return format;
  } catch {
    return undefined;
  }
}

export const isZone = (name: string): boolean => formatOf(name) !== undefined;

export function localTime(zone: string, atMs: number): LocalTime {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(zone)!.formatToParts(atMs)) parts[type] = Number(value);
  const of = (name: string): number => parts[name] ?? 0;
  return {
    year: of('year'),
    month: of('month'),
    day: of('day'),
    hour: of('hour'),
    minute: of('minute'),
    second: of('second'),
  };
}

const asUtc = ({ year, month, day, hour, minute, second }: LocalTime): number =>
  Date.UTC(year, month - 1, day, hour, minute, second);

const offsetMs = (zone: string, atMs: number): number => asUtc(localTime(zone, atMs)) - atMs;

const DAY_MS = 24 * 3600 * 1000;

/**
 * When a clock shows a time. In the hour that a clock shows twice it is the first one. A time that
 * a clock skips is as much later as the clock skips.
 */
export function instantOf(zone: string, local: LocalTime): number {
  const utc = asUtc(local);
  const before = utc - offsetMs(zone, utc - DAY_MS);
  const after = utc - offsetMs(zone, utc + DAY_MS);
  const shows = (atMs: number): boolean => asUtc(localTime(zone, atMs)) === utc;
  if (shows(before)) return before;
  return shows(after) ? after : before;
}

const HOUR_MS = 3600 * 1000;

/** When a clock shows times of a day, as `instantOf` says. */
export function instantsOn(zone: string, date: Pick<LocalTime, 'year' | 'month' | 'day'>) {
  const utc = asUtc({ ...date, hour: 0, minute: 0, second: 0 });
  const offset = offsetMs(zone, utc);
  // Clocks of zones are asked slowly: once for a day on which, and near which, none is changed.
  const isSteady = [-3, 12, 27].every(
    (hours) => offsetMs(zone, utc - offset + hours * HOUR_MS) === offset,
  );
  return (hour: number, minute: number): number =>
    isSteady
      ? utc - offset + (hour * 60 + minute) * 60_000
      : instantOf(zone, { ...date, hour, minute, second: 0 });
}
