/** The open files (descriptors) that a node needs, and the limit that the system sets. */
import { CodedError } from '../base/index.ts';
import type { ServerOptions } from './options/server-flags.ts';

/** What Node.js, the log, the files of the options and connections that the node refuses need. */
const FILES_OF_PROCESS = 64;
/** What a worker thread needs beside its listeners. */
const FILES_OF_THREAD = 8;

type FileOptions = Pick<
  ServerOptions,
  'connLimit' | 'threads' | 'listen' | 'enableSsl' | 'tlsHandshakes'
>;

/** The open files that a node with `-c` connections needs at most. */
export function openFilesNeeded(options: FileOptions): number {
  const { connLimit, threads, listen, enableSsl, tlsHandshakes } = options;
  const ofThreads = threads * (FILES_OF_THREAD + Math.max(1, listen.length));
  // `-c` does not count a connection before its handshake.
  const handshakes = enableSsl ? tlsHandshakes : 0;
  return connLimit + handshakes + ofThreads + FILES_OF_PROCESS;
}

/** The limit of open files of this process, which Node.js raises to the hard limit at its start. */
export function openFilesLimit(): number {
  const source: WithNetwork = process.report;
  const { excludeNetwork = false } = source;
  // The names of the peers of sockets would take DNS queries.
  source.excludeNetwork = true;
  const report: { readonly userLimits?: UserLimits } = source.getReport();
  source.excludeNetwork = excludeNetwork;
  const soft = report.userLimits?.open_files.soft ?? 'unlimited';
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : soft;
}

/** A property that the types of Node.js lack. */
type WithNetwork = NodeJS.ProcessReport & { excludeNetwork?: boolean };

/** The limits of a diagnostic report; Windows has none. */
interface UserLimits {
  readonly open_files: { readonly soft: number | 'unlimited' };
}

/** @throws {CodedError} `ERR_OPEN_FILES` if the limit is below what the options need. */
export function checkOpenFiles(options: FileOptions, limit = openFilesLimit()): void {
  const needed = openFilesNeeded(options);
  if (limit >= needed) return;
  const spare = options.connLimit - (needed - limit);
  const lower = spare > 0 ? `lower -c to ${spare} or` : 'lower -c and -t, or';
  throw new CodedError(
    'ERR_OPEN_FILES',
    `-c (--conn-limit) ${options.connLimit} needs ${needed} open files, but the limit of this` +
      ` process is ${limit}: ${lower} raise the limit (ulimit -n, LimitNOFILE=, --ulimit nofile=).`,
  );
}
