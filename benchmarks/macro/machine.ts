import { execFileSync } from 'node:child_process';
import { arch, cpus, release, type as system, totalmem } from 'node:os';

/** The facts about the machine that a reader needs to judge a figure; they do not identify it. */
export interface Machine {
  /** A part of the name of the run's folder, such as `2core-x86_64`. */
  readonly label: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly compiler: string;
}

const UNAME_OF: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

export function describeMachine(): Machine {
  const cores = cpus().length;
  const compiler = execFileSync('cc', ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? '';
  return {
    label: `${cores}core-${UNAME_OF[arch()] ?? arch()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    kernel: `${system()} ${release()}`,
    node: process.version,
    compiler,
  };
}
