/**
 * For `node --import`: the main thread warns, as a library does, when the file of WARN_FILE exists,
 * and throws an error that nothing catches when that of CRASH_FILE does.
 */
import { existsSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const POLL_MS = 20;
const { WARN_FILE, CRASH_FILE } = process.env;

if (isMainThread && WARN_FILE !== undefined && CRASH_FILE !== undefined) {
  const timer = setInterval(() => {
    if (existsSync(CRASH_FILE)) throw new Error('an error that nothing catches');
    if (!existsSync(WARN_FILE)) return;
    clearInterval(timer);
    process.emitWarning('a library warns', 'LibraryWarning');
    setInterval(() => {
      if (existsSync(CRASH_FILE)) throw new Error('an error that nothing catches');
    }, POLL_MS).unref();
  }, POLL_MS).unref();
}
