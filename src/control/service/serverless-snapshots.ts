/** Snapshots of serverless caches. */
import { ApiError } from '../api/errors.ts';
import { groupName } from '../model/cluster-rules.ts';
import { everyCluster } from '../model/records.ts';
import { hiddenName, shownName } from '../model/serverless-names.ts';
import type { ServerlessRecord, ServerlessSnapshotRecord } from '../model/serverless-records.ts';
import type { Context, Handlers } from './context.ts';
import { tokenPageOf } from './paging.ts';
import { availableCache, cacheOf, nodesOf, refuseKey, saveNodes } from './serverless-lookups.ts';
import { snapshotView } from './serverless-view.ts';
import { tagsFrom } from './tags.ts';

/** Of one cache. Source: ElastiCache. */
const SNAPSHOTS_PER_DAY_MAX = 24;
const DAY_MS = 24 * 3600 * 1000;

export const serverlessSnapshotHandlers = {
  CreateServerlessCacheSnapshot: (input, context) => {
    refuseKey(input.KmsKeyId);
    const cache = availableCache(input.ServerlessCacheName, context);
    const snapshot = newCacheSnapshot(input.ServerlessCacheSnapshotName, 'manual', cache, context);
    context.state.setTags('serverlesscachesnapshot', snapshot.name, tagsFrom(input.Tags));
    const nodes = nodesOf(cache, context);
    if (nodes.snapshot !== undefined) {
      const text = `Another snapshot of ${cache.name} is being written.`;
      throw new ApiError('InvalidServerlessCacheStateFault', text);
    }
    saveNodes({ ...nodes, snapshot: hiddenName(snapshot.name) }, context);
    return { ServerlessCacheSnapshot: snapshotView(snapshot, context.region) };
  },

  DescribeServerlessCacheSnapshots: (input, context) => {
    const { state, region } = context;
    if (input.ServerlessCacheSnapshotName !== undefined) {
      const found = cacheSnapshotOf(input.ServerlessCacheSnapshotName, context);
      return { ServerlessCacheSnapshots: [snapshotView(found, region)] };
    }
    const cache = input.ServerlessCacheName?.toLowerCase();
    const type = typeIn(input.SnapshotType);
    const { records, ...rest } = tokenPageOf(
      input,
      ({ name }: ServerlessSnapshotRecord) => name,
      (after, limit) =>
        state
          .list('serverlesscachesnapshot', after)
          .filter((each) => cache === undefined || each.cache === cache)
          .filter((each) => type === undefined || each.type === type)
          .slice(0, limit),
    );
    // The snapshots of a cache outlive it.
    if (cache !== undefined && records.length === 0) cacheOf(cache, context);
    return { ...rest, ServerlessCacheSnapshots: records.map((each) => snapshotView(each, region)) };
  },

  CopyServerlessCacheSnapshot: (input, context) => {
    refuseKey(input.KmsKeyId);
    const source = availableCacheSnapshot(input.SourceServerlessCacheSnapshotName, context);
    const name = freeName(input.TargetServerlessCacheSnapshotName, context);
    const { nowMs, state } = context;
    const copy = {
      ...source,
      name,
      type: 'manual',
      createdMs: nowMs,
      expiresMs: undefined,
    } as const;
    context.files.copy(hiddenName(source.name), hiddenName(name));
    state.put('serverlesscachesnapshot', name, copy);
    state.setTags('serverlesscachesnapshot', name, tagsFrom(input.Tags));
    return { ServerlessCacheSnapshot: snapshotView(copy, context.region) };
  },

  DeleteServerlessCacheSnapshot: (input, context) => {
    const snapshot = cacheSnapshotOf(input.ServerlessCacheSnapshotName, context);
    if (isInUse(snapshot, context)) {
      const text = `The snapshot ${snapshot.name} is being written or restored.`;
      throw new ApiError('InvalidServerlessCacheSnapshotStateFault', text);
    }
    removeCacheSnapshot(snapshot, context);
    const shown = snapshotView({ ...snapshot, status: 'deleting' }, context.region);
    return { ServerlessCacheSnapshot: shown };
  },
} satisfies Handlers;

/** AWS's own words, and those of snapshots of clusters. */
function typeIn(text: string | undefined): ServerlessSnapshotRecord['type'] | undefined {
  if (text === 'system') return 'automated';
  if (text === 'user') return 'manual';
  // Of another type there is none.
  return text as ServerlessSnapshotRecord['type'] | undefined;
}

/** Whether a cluster writes it, or is filled from it. */
export function isInUse({ name }: ServerlessSnapshotRecord, { state }: Pick<Context, 'state'>) {
  const file = hiddenName(name);
  return everyCluster(state).some(
    ({ restoreFrom, snapshot }) => restoreFrom === file || snapshot === file,
  );
}

export function removeCacheSnapshot(
  { name }: ServerlessSnapshotRecord,
  { state, after, files }: Pick<Context, 'state' | 'after' | 'files'>,
): void {
  state.remove('serverlesscachesnapshot', name);
  after(() => files.remove(hiddenName(name)));
}

/** @param file of a snapshot that nobody will write. */
export function giveUpCacheSnapshot(file: string, { state }: Pick<Context, 'state'>): void {
  const snapshot = state.get('serverlesscachesnapshot', shownName(file)!);
  if (snapshot === undefined) return;
  state.put('serverlesscachesnapshot', snapshot.name, { ...snapshot, status: 'failed' });
}

/** @throws {ApiError} `ServerlessCacheSnapshotNotFoundFault` */
function cacheSnapshotOf(name: string, { state }: Context): ServerlessSnapshotRecord {
  const found = state.get('serverlesscachesnapshot', name.toLowerCase());
  if (found !== undefined) return found;
  const text = `There is no serverless cache snapshot ${name}.`;
  throw new ApiError('ServerlessCacheSnapshotNotFoundFault', text);
}

/** @throws {ApiError} that there is none, or `InvalidServerlessCacheSnapshotStateFault` */
export function availableCacheSnapshot(name: string, context: Context): ServerlessSnapshotRecord {
  const snapshot = cacheSnapshotOf(name, context);
  if (snapshot.status === 'available') return snapshot;
  const text = `The snapshot ${snapshot.name} is ${snapshot.status}; it must be available.`;
  throw new ApiError('InvalidServerlessCacheSnapshotStateFault', text);
}

/** @throws {ApiError} `InvalidParameterValue` or `ServerlessCacheSnapshotAlreadyExistsFault` */
function freeName(text: string, { state }: Pick<Context, 'state'>): string {
  const name = groupName('ServerlessCacheSnapshotName', text);
  if (state.get('serverlesscachesnapshot', name) === undefined) return name;
  const taken = `The serverless cache snapshot ${name} exists already.`;
  throw new ApiError('ServerlessCacheSnapshotAlreadyExistsFault', taken);
}

/**
 * Puts down a snapshot that will be written.
 * @throws {ApiError} as the operations do.
 */
export function newCacheSnapshot(
  text: string,
  type: ServerlessSnapshotRecord['type'],
  { name: cache, snapshotRetentionDays }: ServerlessRecord,
  { state, nowMs }: Pick<Context, 'state' | 'nowMs'>,
): ServerlessSnapshotRecord {
  const name = freeName(text, { state });
  const today = state
    .list('serverlesscachesnapshot')
    .filter((each) => each.cache === cache && each.createdMs > nowMs - DAY_MS);
  if (today.length >= SNAPSHOTS_PER_DAY_MAX) {
    const full = `The cache ${cache} has ${SNAPSHOTS_PER_DAY_MAX} snapshots of the last 24 hours.`;
    throw new ApiError('ServerlessCacheSnapshotQuotaExceededFault', full);
  }
  const expiresMs = type === 'manual' ? undefined : nowMs + snapshotRetentionDays * DAY_MS;
  const [items, bytes] = [0, 0];
  const status = 'creating';
  const snapshot: ServerlessSnapshotRecord = {
    ...{ name, type, status, createdMs: nowMs, expiresMs, items, bytes, cache },
  };
  state.put('serverlesscachesnapshot', name, snapshot);
  return snapshot;
}
