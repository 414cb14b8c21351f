import { readdirSync, readFileSync } from 'node:fs';

/** In the environment of a process, and of all that it starts. */
const MARK = 'TEST_MARK';

export const markWith = (mark: string): NodeJS.ProcessEnv => ({ [MARK]: mark });

/** A process of Linux. */
export interface MarkedProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** All running processes with a mark. */
export function markedProcesses(mark: string): readonly MarkedProcess[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      if (!environment.includes(`${MARK}=${mark}`)) return [];
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ');
      const parent = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      return [{ pid: Number(pid), parent: Number(parent), command }];
    } catch {
      // It has ended, or is not ours.
      return [];
    }
  });
}
