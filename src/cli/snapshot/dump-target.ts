import { CodedError, fileReason, isS3Url } from '../../base/index.ts';
import { AtomicFile, loadS3 } from '../../ops/index.ts';

/** Where a dump goes. It is there completely after `commit`, or not at all. */
interface DumpTarget {
  write(bytes: Buffer): Promise<void>;
  commit(): Promise<void>;
  /** Removes what was written; says what it could not remove. */
  abandon(): Promise<string | undefined>;
}

/**
 * The file of that name; `-` is standard output, and `s3://…` an object of S3.
 * @throws {CodedError} `ERR_SNAPSHOT_FILE`, `ERR_S3`, or `ERR_USAGE`.
 */
export async function openTarget(
  path: string,
  { s3Encryption }: { readonly s3Encryption: string },
  env: Readonly<Record<string, string | undefined>>,
): Promise<DumpTarget> {
  if (path === '-') return STANDARD_OUTPUT;
  if (isS3Url(path)) {
    const { openUpload } = await loadS3();
    const upload = await openUpload(path, s3Encryption, env);
    return {
      write: async (bytes) => {
        upload.write(bytes);
        if (upload.needsTurn) await upload.untilRoom();
      },
      commit: () => upload.commit(),
      abandon: () => upload.abandon(),
    };
  }
  const file = new AtomicFile(path);
  return {
    write: async (bytes) => file.write(bytes),
    commit: async () => file.commit(),
    abandon: async () => {
      file.abandon();
      return undefined;
    },
  };
}

/** A pipe cannot take bytes back: its reader sees a snapshot without its end. */
const STANDARD_OUTPUT: DumpTarget = {
  // It waits for each piece: the process may end right after the last one.
  write: (bytes) =>
    new Promise((resolve, reject) => {
      process.stdout.write(bytes, (cause) => {
        if (cause == null) resolve();
        else reject(new CodedError('ERR_SNAPSHOT_FILE', outputFailure(cause), { cause }));
      });
    }),
  commit: async () => {},
  abandon: async () => undefined,
};

const outputFailure = (cause: NodeJS.ErrnoException): string =>
  cause.code === 'EPIPE'
    ? 'The reader of the snapshot has gone: it closed the pipe.'
    : `Cannot write the snapshot to standard output: ${fileReason(cause, '-', 'write')}.`;
