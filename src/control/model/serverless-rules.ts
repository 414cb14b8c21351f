/** The rules for the members of serverless caches, as ElastiCache has them; pure. */
import { invalidCombination, invalidValue } from '../api/errors.ts';
import type { UsageLimits } from './serverless-records.ts';

const NAME_LENGTH_MAX = 40;
const GIGABYTES = { min: 1, max: 5000 };
const ECPU = { min: 1000, max: 15_000_000 };
const RETENTION_DAYS_MAX = 35;
const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;

interface Range {
  readonly Minimum?: number | undefined;
  readonly Maximum?: number | undefined;
}

interface LimitMembers {
  readonly DataStorage?: (Range & { readonly Unit?: 'GB' | undefined }) | undefined;
  readonly ECPUPerSecond?: Range | undefined;
}

/** @throws {ApiError} `InvalidParameterValue`; returns the name in lower case. */
export function serverlessName(member: string, text: string): string {
  const isName = /^[a-z][a-z0-9-]*$/i.test(text) && !/--|-$/.test(text);
  if (isName && text.length <= NAME_LENGTH_MAX) return text.toLowerCase();
  throw invalidValue(
    `The parameter ${member} is not valid: it must begin with a letter, have at most ` +
      `${NAME_LENGTH_MAX} letters, digits and hyphens, and no two hyphens together or one at ` +
      'the end.',
  );
}

/**
 * The limits after a request; a member that it leaves out stays as it is.
 * @throws {ApiError} `InvalidParameterValue` or `InvalidParameterCombination`
 */
export function usageLimits(members: LimitMembers | undefined, before: UsageLimits): UsageLimits {
  const { DataStorage: data, ECPUPerSecond: ecpu } = members ?? {};
  if (data !== undefined && data.Unit === undefined) {
    throw invalidCombination('CacheUsageLimits.DataStorage needs its Unit, which is GB.');
  }
  checkRange('DataStorage', data, GIGABYTES);
  checkRange('ECPUPerSecond', ecpu, ECPU);
  return {
    gigabytesMin: data === undefined ? before.gigabytesMin : data.Minimum,
    gigabytesMax: data === undefined ? before.gigabytesMax : data.Maximum,
    ecpuPerSecondMin: ecpu === undefined ? before.ecpuPerSecondMin : ecpu.Minimum,
    ecpuPerSecondMax: ecpu === undefined ? before.ecpuPerSecondMax : ecpu.Maximum,
  };
}

function checkRange(member: string, range: Range | undefined, { min, max }: typeof ECPU): void {
  const { Minimum = min, Maximum = max } = range ?? {};
  if (Minimum < min || Maximum < min || Minimum > max || Maximum > max) {
    throw invalidValue(`CacheUsageLimits.${member} must be ${min} to ${max}.`);
  }
  if (Minimum <= Maximum) return;
  throw invalidCombination(
    `The Minimum of CacheUsageLimits.${member} is ${Minimum}, and its Maximum ${Maximum}.`,
  );
}

/** @throws {ApiError} `InvalidParameterValue` */
export function retentionDays(days: number): number {
  if (days >= 0 && days <= RETENTION_DAYS_MAX) return days;
  throw invalidValue(
    `SnapshotRetentionLimit is ${days}; it must be 0 to ${RETENTION_DAYS_MAX} days.`,
  );
}

/** @throws {ApiError} `InvalidParameterValue` */
export function dailyTime(text: string): string {
  if (TIME.test(text)) return text;
  throw invalidValue(`DailySnapshotTime is ${text}; it must be like 03:30 (UTC).`);
}
