/** What a serverless cache has used; pure. */
import type { ProxyCounters, ServerlessUsage } from '../model/serverless-records.ts';

const HOUR_MS = 3600 * 1000;
/** As in bills of AWS. */
const GIGABYTE = 1e9;
/** While nobody has looked for longer, the cache did not hold what it holds now. */
const LOOK_MS_MAX = 60_000;

/** What is known at one look. */
interface UsageSample {
  readonly atMs: number;
  readonly usedBytes: number;
  /** Undefined: the proxy did not reply. */
  readonly proxy: ProxyCounters | undefined;
}

export function usageAfter(
  usage: ServerlessUsage,
  { atMs, usedBytes, proxy }: UsageSample,
): ServerlessUsage {
  const before = usage.counted;
  const isSame = before !== undefined && before.startedSeconds === proxy?.startedSeconds;
  const grown = (name: 'ecpu' | 'throttled'): number =>
    Math.max(0, (proxy?.[name] ?? 0) - (isSame ? before[name] : 0));
  const ms = Math.min(LOOK_MS_MAX, Math.max(0, atMs - usage.untilMs));
  return {
    ecpu: usage.ecpu + grown('ecpu'),
    throttled: usage.throttled + grown('throttled'),
    gigabyteHours: usage.gigabyteHours + ((usedBytes / GIGABYTE) * ms) / HOUR_MS,
    untilMs: atMs,
    counted: proxy ?? before,
  };
}
