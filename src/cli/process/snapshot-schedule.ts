import type { Logger } from '../../base/index.ts';
import type { RunningNode } from '../../node/index.ts';

interface Values {
  readonly port: number;
  readonly unixSocket: string;
  readonly snapshotEvery: number;
  readonly snapshotKeep: number;
  readonly snapshotTo: string;
}

/** Starts the snapshots that the options name; returns what stops them. */
export async function scheduleSnapshots(
  values: Values,
  { runGuest, addresses }: Pick<RunningNode, 'runGuest' | 'addresses'>,
  log: Logger,
): Promise<() => void> {
  const { snapshotEvery, snapshotKeep, snapshotTo } = values;
  if (snapshotEvery === 0) return () => {};
  // Other nodes do not load it.
  const { SnapshotSchedule } = await import('../../ops/index.ts');
  const [address] = addresses;
  const name = address?.kind === 'tcp' ? `${address.port}` : values.unixSocket;
  const plan = {
    folder: snapshotTo,
    everySeconds: snapshotEvery,
    keep: snapshotKeep,
    node: `slabring-${name.replaceAll(/[^\w.]/g, '_')}`,
  };
  const schedule = new SnapshotSchedule(plan, runGuest, log);
  schedule.start();
  return () => schedule.stop();
}
