/** Which snapshots of serverless caches are due, and which ones have had their time; pure. */
import type { ServerlessRecord, ServerlessSnapshotRecord } from '../model/serverless-records.ts';

const DAY_MS = 24 * 3600 * 1000;
const HOUR_MS = 3600 * 1000;
const MINUTE_MS = 60_000;
/** A manager that was stopped at the time still takes the snapshot, for so long. */
const LATE_MS_MAX = HOUR_MS;

type Cache = Pick<
  ServerlessRecord,
  'name' | 'createdMs' | 'dailySnapshotTime' | 'snapshotRetentionDays'
>;
type Snapshot = Pick<
  ServerlessSnapshotRecord,
  'name' | 'cache' | 'type' | 'status' | 'createdMs' | 'expiresMs'
>;

/** The name of the daily snapshot that is due now; undefined for none. */
export function dueSnapshot(
  cache: Cache,
  snapshots: readonly Snapshot[],
  nowMs: number,
): string | undefined {
  if (cache.snapshotRetentionDays === 0) return undefined;
  const dueMs = lastTimeOf(cache.dailySnapshotTime, nowMs);
  if (nowMs - dueMs > LATE_MS_MAX || cache.createdMs > dueMs) return undefined;
  const isTaken = snapshots.some(
    ({ type, createdMs, ...each }) =>
      each.cache === cache.name && type === 'automated' && createdMs >= dueMs,
  );
  if (isTaken) return undefined;
  const minute = new Date(dueMs).toISOString().slice(0, 16).replace(/[T:]/g, '-');
  return `automatic-${cache.name}-${minute}`;
}

/** When it was `hh:mm` for the last time. */
function lastTimeOf(time: string, nowMs: number): number {
  const [hours, minutes] = time.split(':').map(Number);
  const midnight = Math.floor(nowMs / DAY_MS) * DAY_MS;
  const today = midnight + hours! * HOUR_MS + minutes! * MINUTE_MS;
  return today <= nowMs ? today : today - DAY_MS;
}

/** The snapshots that nobody keeps any longer. */
export const expired = <T extends Snapshot>(snapshots: readonly T[], nowMs: number): readonly T[] =>
  snapshots.filter(
    ({ expiresMs, status }) =>
      expiresMs !== undefined && expiresMs <= nowMs && status !== 'creating',
  );
