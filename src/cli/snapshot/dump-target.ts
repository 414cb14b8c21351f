import { CodedError } from '../../base/index.ts';
import { AtomicFile } from '../../ops/index.ts';

/** Where a dump goes. It is there completely after `commit`, or not at all. */
interface DumpTarget {
  write(bytes: Buffer): Promise<void>;
  commit(): void;
  abandon(): void;
}

/** The file of that name; `-` is standard output. */
export function openTarget(path: string): DumpTarget {
  if (path === '-') return STANDARD_OUTPUT;
  const file = new AtomicFile(path);
  return {
    write: async (bytes) => file.write(bytes),
    commit: () => file.commit(),
    abandon: () => file.abandon(),
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
  commit: () => {},
  abandon: () => {},
};

const outputFailure = (cause: Error): string =>
  `The reader of the snapshot has gone: ${cause.message}.`;
