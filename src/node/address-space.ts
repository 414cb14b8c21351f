import { readFileSync } from 'node:fs';
import { CodedError } from '../base/index.ts';
import { processLimit } from './process-limits.ts';

const KIB = 1024;
const GIBIBYTE = 2 ** 30;
/**
 * The least that Node.js 26 reserves for a thread on Linux: measured 0.839 GiB. Where V8 gets less,
 * it ends the process itself, and says nothing of the limit.
 */
const THREAD_BYTES_MIN = 0.8 * GIBIBYTE;

/**
 * Checks that the address space of the process has room for more threads.
 * @throws {CodedError} `ERR_MEMORY`.
 */
export function checkAddressSpace(
  threads: number,
  limit = processLimit('virtual_memory_bytes'),
  used = addressSpaceUsed,
): void {
  if (limit === Number.POSITIVE_INFINITY || limit - used() >= threads * THREAD_BYTES_MIN) return;
  throw addressSpaceError(limit);
}

/** A limit of the process left a thread no room. */
export function addressSpaceError(limit: number, cause?: unknown): CodedError {
  return new CodedError(
    'ERR_MEMORY',
    `A thread got no memory: the address space of the process is limited to ${gibibytes(limit)} ` +
      'GiB, of which Node.js reserves some for each thread. Run ulimit -v unlimited before the ' +
      'node, or lower -t.',
    { cause },
  );
}

const gibibytes = (bytes: number): number => Math.round((10 * bytes) / GIBIBYTE) / 10;

/** 0 where the system does not say it. */
function addressSpaceUsed(): number {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return Number(/^VmSize:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * KIB;
  } catch {
    return 0;
  }
}
