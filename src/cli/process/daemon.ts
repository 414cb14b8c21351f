import { type ChildProcess, spawn } from 'node:child_process';
import { CodedError } from '../../base/index.ts';

/**
 * memcached's `-d`: starts this command line again in a session of its own. Resolves once the node
 * in it listens; then this process may end, and the node goes on. With `keepsOutput` the node
 * writes to the standard output and error of this process, otherwise nowhere.
 * @throws {CodedError} the error of the node; `ERR_DAEMON` if it ended without one.
 */
export async function startDaemon(keepsOutput: boolean): Promise<void> {
  const output = keepsOutput ? 'inherit' : 'ignore';
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
  });
  try {
    await untilListening(child);
  } finally {
    child.unref();
    if (child.connected) child.disconnect();
  }
}

function untilListening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: { type: string; code: string; message: string }) => {
      if (message.type === 'listening') resolve();
      else if (message.type === 'failed') reject(new CodedError(message.code, message.message));
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      const end = signal === null ? `exit code ${code}` : `signal ${signal}`;
      const advice = 'start it without -d to see the reason';
      const text = `The node ended before it listened (${end}): ${advice}.`;
      reject(new CodedError('ERR_DAEMON', text));
    });
  });
}
