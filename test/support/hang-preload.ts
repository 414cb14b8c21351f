/**
 * For `node --import`: once the file of the variable HANG_FILE exists, the thread of the node whose
 * number is 1 hangs, as in an endless loop.
 */
import { existsSync } from 'node:fs';
import { threadId } from 'node:worker_threads';

const POLL_MS = 20;
const file = process.env['HANG_FILE'];

if (threadId === 1 && file !== undefined) {
  setInterval(() => {
    if (existsSync(file)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }, POLL_MS).unref();
}
