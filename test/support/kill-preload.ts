/**
 * For `node --import`: the process kills itself (SIGKILL) at a call of `node:fs` that the variable
 * KILL_AT names, such as `renameSync` or, for the third one, `writeSync:3`. Only calls on files of
 * the folder KILL_IN count, by their path or by a descriptor that was opened there.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [name = '', nth = '1'] = (process.env['KILL_AT'] ?? '').split(':');
const folder = process.env['KILL_IN'];

if (name !== '' && folder !== undefined) {
  const calls = fs as unknown as Record<string, (...args: readonly unknown[]) => unknown>;
  const descriptors = new Set<unknown>();
  const isInside = (file: unknown): boolean =>
    typeof file === 'string' ? file.startsWith(folder) : descriptors.has(file);
  const open = calls['openSync']!;
  const named = name === 'openSync' ? open : calls[name]!;
  let left = Number(nth);
  const count = (file: unknown): void => {
    if (isInside(file) && --left === 0) process.kill(process.pid, 'SIGKILL');
  };
  calls['openSync'] = (...args) => {
    if (name === 'openSync') count(args[0]);
    const descriptor = open(...args);
    if (isInside(args[0])) descriptors.add(descriptor);
    return descriptor;
  };
  if (name !== 'openSync') {
    calls[name] = (...args) => {
      count(args[0]);
      return named(...args);
    };
  }
  syncBuiltinESMExports();
}
