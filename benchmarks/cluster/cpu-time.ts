import { readFileSync } from 'node:fs';

/** The kernel counts CPU time in ticks of 10 ms. */
const US_PER_TICK = 10_000;
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

/** The CPU time of a process since its start (user and system, all threads), in microseconds. */
export function cpuUs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  return (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) * US_PER_TICK;
}
