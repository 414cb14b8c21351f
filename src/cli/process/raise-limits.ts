/** Resource limits of this process. Node.js cannot change them; util-linux's `prlimit` can. */
import { spawnSync } from 'node:child_process';

/** Raises the limit of open files; returns whether the system allowed it. */
export function raiseOpenFiles(limit: number): boolean {
  return setLimit(`--nofile=${limit}:${limit}`);
}

/** memcached's `-r`: raises the limit of core files; returns whether the system allowed it. */
export function raiseCoreFiles(): boolean {
  return setLimit('--core=unlimited:unlimited') || setLimit('--core=unlimited:');
}

function setLimit(option: string): boolean {
  return spawnSync('prlimit', ['--pid', `${process.pid}`, option]).status === 0;
}
