import { readdirSync, readFileSync } from 'node:fs';
import { waitUntil } from './wait.ts';

/** Stops a process, and resolves when none of its threads runs any more (on Linux). */
export async function freeze(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  if (process.platform === 'linux') await waitUntil('the process stands', () => stands(pid));
}

function stands(pid: number): boolean {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.every((task) => {
    const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8');
    return /\) T /.test(stat);
  });
}
