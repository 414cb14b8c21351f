/** The steps that write and restore snapshots. */
import type { ClusterRecord, SnapshotRecord } from '../model/records.ts';
import { shownName } from '../model/serverless-names.ts';
import type { Runtime, SnapshotTotals } from '../runtime/runtime.ts';
import type { SnapshotFiles } from '../state/snapshot-files.ts';
import type { StateFile } from '../state/state-file.ts';
import { failureOf } from './failures.ts';
import type { Settled } from './steps.ts';

/** What a step makes of the record; it runs in a transaction. */
export type Ending = (cluster: ClusterRecord) => Settled;

interface SnapshotParts {
  readonly state: StateFile;
  readonly files: SnapshotFiles;
  readonly runtime: Runtime;
  /** Aborts when the manager stops: then nothing has failed, and the next start tries again. */
  readonly signal: AbortSignal;
  /** Before it a failure is that of one try: a node may have restarted, or be busy. */
  readonly isLastTry: boolean;
}

/**
 * Writes the items of a cluster to a file. If that fails the cluster is as before, unless it will
 * be deleted: then it is kept, and the step tried again.
 */
export async function writeSnapshot(
  { id, status }: ClusterRecord,
  name: string,
  { state, files, runtime, signal, isLastTry }: SnapshotParts,
): Promise<Ending> {
  try {
    const totals = await runtime.snapshot(id, files.pathOf(name));
    return (cluster) => {
      saveSnapshot(name, { ...totals, status: 'available' }, state);
      const events = [`Snapshot ${shownName(name) ?? name} has ${totals.items} items`];
      return { cluster: { ...cluster, snapshot: undefined }, events };
    };
  } catch (error) {
    const failure = failureOf(error);
    const isTriedAgain = signal.aborted || !isLastTry || status === 'deleting';
    if (failure === undefined || isTriedAgain) throw error;
    const events = [`Snapshot ${shownName(name) ?? name} failed: ${failure.message}`];
    return (cluster) => {
      saveSnapshot(name, { status: 'failed' }, state);
      return { cluster: { ...cluster, snapshot: undefined }, events };
    };
  }
}

/** @param name of its file. */
function saveSnapshot(
  name: string,
  change: Pick<SnapshotRecord, 'status'> & Partial<SnapshotTotals>,
  state: StateFile,
): void {
  const shown = shownName(name);
  if (shown === undefined) {
    const snapshot = state.get('snapshot', name);
    if (snapshot !== undefined) state.put('snapshot', name, { ...snapshot, ...change });
    return;
  }
  const snapshot = state.get('serverlesscachesnapshot', shown);
  if (snapshot === undefined) return;
  state.put('serverlesscachesnapshot', shown, { ...snapshot, ...change });
}

/** Gives a new cluster the items of a snapshot; what fails is seen in the status. */
export async function restoreSnapshot(
  { id }: ClusterRecord,
  name: string,
  { files, runtime, signal, isLastTry }: SnapshotParts,
): Promise<Ending> {
  try {
    await runtime.restore(id, files.pathOf(name));
    const events = [`Restored snapshot ${shownName(name) ?? name}`];
    return (cluster) => ({ cluster: { ...cluster, restoreFrom: undefined }, events });
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined || signal.aborted || !isLastTry) throw error;
    const failed = { status: 'restore-failed', restoreFrom: undefined } as const;
    const events = [`Restore of snapshot ${shownName(name) ?? name} failed: ${failure.message}`];
    return (cluster) => {
      // It was deleted during the last try, and goes.
      if (cluster.status === 'deleting') return { cluster, events: [] };
      return { cluster: { ...cluster, ...failed, failure: failure.message }, events };
    };
  }
}
