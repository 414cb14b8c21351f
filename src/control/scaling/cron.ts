/** The six fields of `cron(minute hour day month weekday year)`; pure. */
import { instantsOn, type LocalTime, localTime } from './zone.ts';

interface FieldRule {
  readonly min: number;
  readonly max: number;
  /** The names of its values, from the least one on. */
  readonly names?: readonly string[];
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const RULES = {
  minute: { min: 0, max: 59 },
  hour: { min: 0, max: 23 },
  day: { min: 1, max: 31 },
  month: { min: 1, max: 12, names: MONTHS },
  weekday: { min: 1, max: 7, names: WEEKDAYS },
  year: { min: 1970, max: 2199 },
} as const satisfies Readonly<Record<string, FieldRule>>;

/** A day of the month, its weekday (1 is Sunday), and the last day of its month. */
interface Day {
  readonly day: number;
  readonly weekday: number;
  readonly last: number;
}

export interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly months: ReadonlySet<number>;
  readonly years: ReadonlySet<number>;
  readonly isDay: (day: Day) => boolean;
}

/** Undefined: the text is no such list of fields. */
export function parseCron(text: string): Cron | undefined {
  const fields = text.trim().toUpperCase().split(/\s+/);
  const [minute, hour, day, month, weekday, year, ...rest] = fields;
  if (year === undefined || rest.length > 0) return undefined;
  // One of the two says which days, and the other one says nothing.
  if ((day === '?') === (weekday === '?')) return undefined;
  const minutes = valuesOf(minute!, RULES.minute);
  const hours = valuesOf(hour!, RULES.hour);
  const months = valuesOf(month!, RULES.month);
  const years = valuesOf(year, RULES.year);
  const isDay = day === '?' ? weekdayRule(weekday!) : dayRule(day!);
  if (minutes === undefined || hours === undefined || months === undefined) return undefined;
  if (years === undefined || isDay === undefined) return undefined;
  return { minutes, hours, months: new Set(months), years: new Set(years), isDay };
}

/** `*`, `5`, `5,7`, `1-5`, `0/15`, `MON-FRI`, and these with commas, in order. */
function valuesOf(text: string, rule: FieldRule): readonly number[] | undefined {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const range = rangeOf(part, rule);
    if (range === undefined) return undefined;
    for (let value = range.from; value <= range.until; value += range.step) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

function rangeOf(part: string, rule: FieldRule) {
  const [, first, last, stepText] = /^([^-/]+)(?:-([^-/]+))?(?:\/(\d{1,4}))?$/.exec(part) ?? [];
  if (first === undefined) return undefined;
  const step = stepText === undefined ? 1 : Number(stepText);
  const from = first === '*' ? rule.min : numberIn(first, rule);
  const end = first === '*' || stepText !== undefined ? rule.max : from;
  const until = last === undefined ? end : numberIn(last, rule);
  if (from === undefined || until === undefined || step < 1 || until < from) return undefined;
  if (first === '*' && last !== undefined) return undefined;
  return { from, until, step };
}

function numberIn(text: string, { min, max, names = [] }: FieldRule): number | undefined {
  const named = names.indexOf(text);
  const value = named < 0 && /^\d{1,4}$/.test(text) ? Number(text) : min + named;
  return (named >= 0 || /^\d/.test(text)) && value >= min && value <= max ? value : undefined;
}

/** Also `L`, the last day of the month, and `15W`, the working day next to it. */
function dayRule(text: string): Cron['isDay'] | undefined {
  if (text === 'L') return ({ day, last }) => day === last;
  const [, near] = /^(\d{1,2})W$/.exec(text) ?? [];
  if (near !== undefined) {
    const wanted = numberIn(near, RULES.day);
    return wanted === undefined ? undefined : (each) => each.day === workingDay(wanted, each);
  }
  const days = valuesOf(text, RULES.day);
  return days && (({ day }) => days.includes(day));
}

/** It stays in the month. */
function workingDay(wanted: number, { day, weekday, last }: Day): number {
  const nearest = Math.min(wanted, last);
  const of = (((weekday - 1 + nearest - day) % 7) + 7) % 7;
  if (of === 6) return nearest > 1 ? nearest - 1 : nearest + 2;
  if (of === 0) return nearest < last ? nearest + 1 : nearest - 2;
  return nearest;
}

/** Also `6L`, the last Friday, and `6#3`, the third one. */
function weekdayRule(text: string): Cron['isDay'] | undefined {
  const [, name, nth] = /^(\w+)(?:#([1-5])|(?<=\w)L)$/.exec(text) ?? [];
  if (name !== undefined) {
    const wanted = numberIn(name, RULES.weekday);
    if (wanted === undefined) return undefined;
    return ({ day, weekday, last }) =>
      weekday === wanted &&
      (nth === undefined ? day > last - 7 : Math.ceil(day / 7) === Number(nth));
  }
  const weekdays = valuesOf(text, RULES.weekday);
  return weekdays && (({ weekday }) => weekdays.includes(weekday));
}

/** Days are looked at so far ahead: 29 February of a weekday comes at least once in that time. */
const YEARS_AHEAD = 41;

/** The first time after one that the fields name, on a clock of the zone. */
export function nextOfCron(cron: Cron, zone: string, afterMs: number): number | undefined {
  const { year, month, day } = localTime(zone, afterMs);
  const lastYear = year + YEARS_AHEAD;
  for (let at = { year, month, day }; at.year <= lastYear; at = following(cron, at)) {
    if (!isNamed(cron, at)) continue;
    const found = timesOf(cron, at, zone).find((each) => each > afterMs);
    if (found !== undefined) return found;
  }
  return undefined;
}

type Date3 = Pick<LocalTime, 'year' | 'month' | 'day'>;

const lastDay = ({ year, month }: Omit<Date3, 'day'>): number =>
  new Date(Date.UTC(year, month, 0)).getUTCDate();

/** The next day; a month or year without any is left out. */
function following({ months, years }: Cron, { year, month, day }: Date3): Date3 {
  if (!years.has(year)) return { year: year + 1, month: 1, day: 1 };
  if (months.has(month) && day < lastDay({ year, month })) return { year, month, day: day + 1 };
  return month < 12 ? { year, month: month + 1, day: 1 } : { year: year + 1, month: 1, day: 1 };
}

function isNamed({ months, years, isDay }: Cron, { year, month, day }: Date3): boolean {
  if (!years.has(year) || !months.has(month)) return false;
  const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;
  return isDay({ day, weekday, last: lastDay({ year, month }) });
}

/** At most 1440. A time that the clock skips comes later than it says, so they are sorted. */
function timesOf({ hours, minutes }: Cron, date: Date3, zone: string): readonly number[] {
  const instant = instantsOn(zone, date);
  return hours
    .flatMap((hour) => minutes.map((minute) => instant(hour, minute)))
    .sort((a, b) => a - b);
}
