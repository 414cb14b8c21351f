import { hostname } from 'node:os';
import { isS3Url, type Logger } from '../../base/index.ts';
import type { SnapshotEvent } from '../../commands/index.ts';
import type { RunningNode } from '../../node/index.ts';

interface Values {
  readonly port: number;
  readonly unixSocket: string;
  readonly snapshotEvery: number;
  readonly snapshotKeep: number;
  readonly snapshotTo: string;
  readonly s3Encryption: string;
}

/**
 * Starts the snapshots that the options name; returns what stops them.
 * @throws {CodedError} `ERR_SNAPSHOT_FILE` if the folder cannot be created, or takes no files.
 */
export async function scheduleSnapshots(
  values: Values,
  { runGuest, addresses, control }: Pick<RunningNode, 'runGuest' | 'addresses' | 'control'>,
  log: Logger,
): Promise<() => void> {
  const { snapshotEvery, snapshotKeep, snapshotTo, s3Encryption } = values;
  if (snapshotEvery === 0) return () => {};
  // Other nodes do not load it.
  const { FileFolder, loadS3, SnapshotSchedule } = await import('../../ops/index.ts');
  const [address] = addresses;
  const listener = address?.kind === 'tcp' ? `${address.port}` : values.unixSocket;
  const isS3 = isS3Url(snapshotTo);
  const folder = isS3
    ? new (await loadS3()).S3Folder(snapshotTo, s3Encryption, process.env)
    : new FileFolder(snapshotTo);
  if (!isS3) await folder.open();
  else {
    folder.open().catch((error: unknown) => {
      const reason = (error as Error).message;
      log.warn({ folder: snapshotTo, reason }, 'the next snapshot will fail');
    });
  }
  const name = `slabring-${listener.replaceAll(/[^\w.]/g, '_')}`;
  const plan = {
    folder,
    everySeconds: snapshotEvery,
    keep: snapshotKeep,
    // Nodes of several machines share a bucket.
    note: (event: SnapshotEvent) => control.noteSnapshot(event),
    node: isS3 ? `${hostname().replaceAll(/[^\w.-]/g, '_')}-${name}` : name,
  };
  const schedule = new SnapshotSchedule(plan, runGuest, log);
  schedule.start();
  return () => schedule.stop();
}
