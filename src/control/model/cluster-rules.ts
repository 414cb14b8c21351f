/** The rules for the members of a cluster, as ElastiCache has them; pure. */
import { invalidCombination, invalidValue } from '../api/errors.ts';
import type { ScaleBatches } from './records.ts';

const DAYS: readonly string[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const WINDOW = /^([a-z]{3}):([01]\d|2[0-3]):([0-5]\d)-([a-z]{3}):([01]\d|2[0-3]):([0-5]\d)$/;
const WEEK_MINUTES = 7 * 24 * 60;
const WINDOW_MINUTES = { min: 60, max: 24 * 60 };
const SCALE_PERCENTAGE = { min: 10, max: 100, default: 20 };
const SCALE_INTERVAL_MINUTES = { min: 2, max: 30, default: 5 };

/** @throws {ApiError} `InvalidParameterValue`; returns the id in lower case. */
export function clusterId(text: string): string {
  const isId = /^[a-z][a-z0-9-]{0,49}$/i.test(text) && !/--|-$/.test(text);
  if (isId) return text.toLowerCase();
  throw invalidValue(
    'The parameter CacheClusterId is not a valid identifier: it must begin with a letter, have ' +
      'at most 50 letters, digits and hyphens, and no two hyphens together or one at the end.',
  );
}

/** @throws {ApiError} `InvalidParameterValue`; returns the name in lower case. */
export function groupName(member: string, text: string): string {
  if (/^[a-z][a-z0-9-]{0,254}$/i.test(text) && !/--|-$/.test(text)) return text.toLowerCase();
  throw invalidValue(
    `The parameter ${member} is not valid: it must begin with a letter, and have at most 255 ` +
      'letters, digits and hyphens.',
  );
}

/** The minutes of a weekly window since Sunday, 0:00 UTC; the end may be in the next week. */
export function windowMinutes(text: string): { readonly from: number; readonly until: number } {
  const [, fromDay, fromHour, fromMinute, toDay, toHour, toMinute] =
    WINDOW.exec(text.toLowerCase()) ?? [];
  const from = minuteOfWeek(fromDay, fromHour, fromMinute);
  const to = minuteOfWeek(toDay, toHour, toMinute);
  const minutes = (to - from + WEEK_MINUTES) % WEEK_MINUTES;
  if (!(minutes >= WINDOW_MINUTES.min && minutes <= WINDOW_MINUTES.max)) {
    throw invalidValue(
      `PreferredMaintenanceWindow is ${text}: it must be like sun:23:00-mon:01:30 (UTC), and ` +
        'last 60 minutes to 24 hours.',
    );
  }
  return { from, until: from + minutes };
}

function minuteOfWeek(day: string | undefined, hour?: string, minute?: string): number {
  const nth = DAYS.indexOf(day ?? '');
  return nth < 0 ? Number.NaN : (nth * 24 + Number(hour)) * 60 + Number(minute);
}

/** Whether a time is in a weekly window. */
export function isInWindow(window: string, atMs: number): boolean {
  const { from, until } = windowMinutes(window);
  const at = new Date(atMs);
  const now = (at.getUTCDay() * 24 + at.getUTCHours()) * 60 + at.getUTCMinutes();
  return (now >= from && now < until) || now + WEEK_MINUTES < until;
}

/** An hour of the week for a cluster that has chosen none: by its name, when few are awake. */
export function windowFor(id: string): string {
  const number = [...id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9973, 7);
  const day = DAYS[number % DAYS.length]!;
  const hour = 3 + (number % 8);
  const text = (value: number) => String(value).padStart(2, '0');
  return `${day}:${text(hour)}:00-${day}:${text(hour + 1)}:00`;
}

/** Members of requests that only Redis and Valkey have. */
const OF_REDIS = [
  'ReplicationGroupId',
  'SnapshotArns',
  'SnapshotRetentionLimit',
  'SnapshotWindow',
  'AuthToken',
  'AuthTokenUpdateStrategy',
  'LogDeliveryConfigurations',
] as const;

/** @throws {ApiError} `InvalidParameterCombination` */
export function refuseRedisMembers(input: { readonly [M in (typeof OF_REDIS)[number]]?: unknown }) {
  const given = OF_REDIS.find((member) => input[member] !== undefined);
  if (given === undefined) return;
  throw invalidCombination(`${given} is only for Redis and Valkey, and this cluster is Memcached.`);
}

/** As `us-east-1a` of us-east-1, and `local-1a` of local. */
export const firstZone = (region: string): string =>
  /\d$/.test(region) ? `${region}a` : `${region}-1a`;

/**
 * The batches of ScaleConfig, with the values that it leaves out.
 * @throws {ApiError} `InvalidParameterValue`
 */
export function scaleBatches(config: {
  readonly ScalePercentage?: number | undefined;
  readonly ScaleIntervalMinutes?: number | undefined;
}): ScaleBatches {
  const {
    ScalePercentage: percentage = SCALE_PERCENTAGE.default,
    ScaleIntervalMinutes: intervalMinutes = SCALE_INTERVAL_MINUTES.default,
  } = config;
  checkRange('ScalePercentage', percentage, SCALE_PERCENTAGE);
  checkRange('ScaleIntervalMinutes', intervalMinutes, SCALE_INTERVAL_MINUTES);
  return { percentage, intervalMinutes };
}

function checkRange(name: string, value: number, { min, max }: { min: number; max: number }): void {
  if (value < min || value > max)
    throw invalidValue(`${name} is ${value}; it must be ${min} to ${max}.`);
}
