/** When scheduled actions run: `at(…)`, `rate(…)` and `cron(…)`; pure. */
import { type Cron, nextOfCron, parseCron } from './cron.ts';
import { instantOf } from './zone.ts';

type Schedule =
  | { readonly kind: 'at'; readonly atMs: number }
  | { readonly kind: 'rate'; readonly everyMs: number }
  | { readonly kind: 'cron'; readonly cron: Cron; readonly zone: string };

const UNIT_MS = { minute: 60_000, hour: 3_600_000, day: 24 * 3_600_000 } as const;

/** Undefined: the text is none of these, such as `rate(1 minutes)`. */
export function parseSchedule(text: string, zone: string): Schedule | undefined {
  const [, kind, content = ''] = /^(at|rate|cron)\((.{1,200})\)$/.exec(text) ?? [];
  if (kind === 'cron') {
    const cron = parseCron(content);
    return cron && { kind, cron, zone };
  }
  return kind === 'at' ? atOf(content, zone) : kind === 'rate' ? rateOf(content) : undefined;
}

function atOf(text: string, zone: string): Schedule | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  const local = {
    ...{ year: year!, month: month!, day: day! },
    ...{ hour: hour!, minute: minute!, second: second! },
  };
  const written = new Date(Date.UTC(year!, month! - 1, day!, hour, minute, second));
  // 31 February is no date.
  if (written.toISOString().slice(0, 19) !== text) return undefined;
  return { kind: 'at', atMs: instantOf(zone, local) };
}

function rateOf(text: string): Schedule | undefined {
  const [, count, unit, plural] = /^([1-9]\d{0,5}) (minute|hour|day)(s?)$/.exec(text) ?? [];
  if (unit === undefined || (Number(count) === 1) !== (plural === '')) return undefined;
  return { kind: 'rate', everyMs: Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS] };
}

interface Period {
  /** The first moment of a rate; nothing runs before it. */
  readonly fromMs: number;
  /** Undefined: without an end. */
  readonly untilMs?: number | undefined;
}

/** The first run after a time; undefined: there is none any more. */
export function nextRun(
  schedule: Schedule,
  { fromMs, untilMs }: Period,
  afterMs: number,
): number | undefined {
  const at = runAfter(schedule, fromMs, Math.max(afterMs, fromMs - 1));
  return at === undefined || (untilMs !== undefined && at > untilMs) ? undefined : at;
}

function runAfter(schedule: Schedule, fromMs: number, afterMs: number): number | undefined {
  switch (schedule.kind) {
    case 'at':
      return schedule.atMs > afterMs ? schedule.atMs : undefined;
    case 'rate': {
      const nth = Math.floor((afterMs - fromMs) / schedule.everyMs) + 1;
      return fromMs + Math.max(0, nth) * schedule.everyMs;
    }
    case 'cron':
      return nextOfCron(schedule.cron, schedule.zone, afterMs);
  }
}
