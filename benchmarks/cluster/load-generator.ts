import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LOAD_CORE, pinnedTo } from '../macro/cores.ts';
import type { Measurement } from '../macro/generator.ts';
import { cpuUs } from './cpu-time.ts';
import type { Path } from './paths.ts';

const SOURCE = fileURLToPath(new URL('../macro/mcload.c', import.meta.url));
const CONNECTIONS = 50;
/** The unmeasured load before each measurement, after the keys were stored. */
const WARM_UP_SECONDS = 1;

interface Cost {
  /** CPU microseconds of each process. */
  readonly cpuUsPerKey: readonly number[];
  readonly keysPerSecond: number;
}

/** mcload, on a core of its own. */
export class LoadGenerator {
  readonly #seconds: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'mcload-'));

  constructor(seconds: number) {
    this.#seconds = seconds;
    execFileSync('cc', ['-O2', '-o', join(this.#folder, 'mcload'), SOURCE, '-lm']);
  }

  measure({ port, pids, keyNumbers }: Path, load: readonly string[]): Cost {
    const args = ['-p', String(port), '-c', String(CONNECTIONS), ...load];
    if (keyNumbers !== undefined) args.push('-K', this.#keyFile(keyNumbers));
    this.#run([...args, '-t', String(WARM_UP_SECONDS), '-L']);
    const before = pids.map(cpuUs);
    const { keys, sets, misses, keysPerSecond } = this.#run([...args, '-t', `${this.#seconds}`]);
    if (misses > 0) throw new Error(`${misses} of ${keys} keys were missing, ${sets} sets.`);
    return {
      cpuUsPerKey: pids.map((pid, nth) => (cpuUs(pid) - before[nth]!) / keys),
      keysPerSecond,
    };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #keyFile(keyNumbers: readonly number[]): string {
    const file = join(this.#folder, 'keys');
    writeFileSync(file, keyNumbers.join('\n'));
    return file;
  }

  #run(args: readonly string[]): Measurement {
    const [command = '', ...pinned] = [
      ...pinnedTo(LOAD_CORE),
      join(this.#folder, 'mcload'),
      ...args,
    ];
    return JSON.parse(execFileSync(command, pinned).toString()) as Measurement;
  }
}
