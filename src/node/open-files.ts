/** The open files (descriptors) that a node needs, and the limit that the system sets. */
import { CodedError } from '../base/index.ts';
import type { ServerOptions } from './options/server-flags.ts';
import { processLimit } from './process-limits.ts';

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
  return processLimit('open_files');
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
