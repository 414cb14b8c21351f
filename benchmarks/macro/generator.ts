import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestServer } from '../../test/support/server.ts';
import { pinnedTo } from './cores.ts';
import { type Load, mcloadArgs } from './loads.ts';

const run = promisify(execFile);
const SOURCE = fileURLToPath(new URL('mcload.c', import.meta.url));

/** The output of mcload: one run against one server. Latencies are per batch, in microseconds. */
export interface Measurement {
  readonly keysPerSecond: number;
  readonly keys: number;
  readonly hits: number;
  readonly misses: number;
  readonly sets: number;
  readonly deletes: number;
  readonly errors: number;
  readonly p50us: number;
  readonly p99us: number;
  readonly p999us: number;
  /** CPU seconds of mcload per second; near 1, mcload limits the rate. */
  readonly generatorBusy: number;
  /** CPU time of the server (user and system, all threads) per key, microseconds. */
  readonly cpuUsPerKey: number;
  readonly userUsPerKey: number;
  /** CPU seconds of the server per second. */
  readonly serverBusy: number;
}

/** The load generator; it is compiled for each run. */
export class Generator {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async compile(): Promise<Generator> {
    const generator = new Generator(await mkdtemp(join(tmpdir(), 'mcload-')));
    await run('cc', ['-O2', '-o', generator.#binary, SOURCE, '-lm']);
    return generator;
  }

  get #binary(): string {
    return join(this.#folder, 'mcload');
  }

  /** Runs `load` for `seconds`; with `fill` it stores the load's keys first. */
  async run(
    server: TestServer,
    load: Load,
    options: { seconds: number; seed: number; fill: boolean; core: number },
  ): Promise<Measurement> {
    const args = [
      ...mcloadArgs(load, options.seconds),
      ...(options.fill ? ['-L'] : []),
      ...['-S', String(options.seed), '-p', String(server.port), '-i', String(server.pid)],
    ];
    const [command = '', ...pinned] = [...pinnedTo(options.core), this.#binary, ...args];
    const { stdout } = await run(command, pinned);
    return JSON.parse(stdout) as Measurement;
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
