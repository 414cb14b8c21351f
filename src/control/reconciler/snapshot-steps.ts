/** The steps that write and restore snapshots. */
import type { ClusterRecord } from '../model/records.ts';
import type { Runtime } from '../runtime/runtime.ts';
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
      const snapshot = state.get('snapshot', name);
      if (snapshot !== undefined) {
        state.put('snapshot', name, { ...snapshot, ...totals, status: 'available' });
      }
      const events = [`Snapshot ${name} has ${totals.items} items`];
      return { cluster: { ...cluster, snapshot: undefined }, events };
    };
  } catch (error) {
    const failure = failureOf(error);
    const isTriedAgain = signal.aborted || !isLastTry || status === 'deleting';
    if (failure === undefined || isTriedAgain) throw error;
    const events = [`Snapshot ${name} failed: ${failure.message}`];
    return (cluster) => {
      const snapshot = state.get('snapshot', name);
      if (snapshot !== undefined) state.put('snapshot', name, { ...snapshot, status: 'failed' });
      return { cluster: { ...cluster, snapshot: undefined }, events };
    };
  }
}

/** Gives a new cluster the items of a snapshot; what fails is seen in the status. */
export async function restoreSnapshot(
  { id }: ClusterRecord,
  name: string,
  { files, runtime, signal, isLastTry }: SnapshotParts,
): Promise<Ending> {
  try {
    await runtime.restore(id, files.pathOf(name));
    const events = [`Restored snapshot ${name}`];
    return (cluster) => ({ cluster: { ...cluster, restoreFrom: undefined }, events });
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined || signal.aborted || !isLastTry) throw error;
    const failed = { status: 'restore-failed', restoreFrom: undefined } as const;
    const events = [`Restore of snapshot ${name} failed: ${failure.message}`];
    return (cluster) => ({ cluster: { ...cluster, ...failed, failure: failure.message }, events });
  }
}
