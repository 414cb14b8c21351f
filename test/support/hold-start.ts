/**
 * For `node --import`: a process whose arguments contain the words of HOLD_ARGUMENT waits at its
 * start for as long as the file HOLD_FILE exists.
 */
import { existsSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const POLL_MS = 10;
const file = process.env['HOLD_FILE'] ?? '';
const words = process.env['HOLD_ARGUMENT'] ?? '';

if (isMainThread && file !== '' && process.argv.some((argument) => argument.includes(words))) {
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (existsSync(file)) Atomics.wait(never, 0, 0, POLL_MS);
}
