import { readFile } from 'node:fs/promises';
import type { TestServer } from '../../test/support/server.ts';
import { RawConnection } from '../../test/support/wire.ts';
import type { Contender } from './contenders.ts';

/** The number of items of one size that a server holds in its memory. */
export interface DensityRun {
  readonly contender: string;
  readonly valueBytes: number;
  /** Items that remain after more items than fit were stored. */
  readonly items: number;
  readonly evictions: number;
  /** Resident memory of the process, before the first item and after the last. */
  readonly rssEmptyBytes: number;
  readonly rssFullBytes: number;
}

const MEMORY_MEGABYTES = 64;
const KEY_BYTES = 20;
export const DENSITY_VALUE_BYTES = [32, 100, 1000] as const;
/** Stored keys and values relative to the memory: more than fit, even without overhead per item. */
const OVERFILL = 1.05;
const BATCH_ITEMS = 2000;

export const densityArgs: readonly string[] = ['-m', String(MEMORY_MEGABYTES), '-t', '1'];

export async function measureDensity(
  contenders: readonly Contender[],
  onRun: (run: DensityRun) => void,
): Promise<readonly DensityRun[]> {
  const runs: DensityRun[] = [];
  for (const valueBytes of DENSITY_VALUE_BYTES) {
    for (const contender of contenders) {
      const server = await contender.start(densityArgs);
      try {
        const run = { contender: contender.name, ...(await fill(server, valueBytes)) };
        runs.push(run);
        onRun(run);
      } finally {
        await server.stop();
      }
    }
  }
  return runs;
}

async function fill(
  server: TestServer,
  valueBytes: number,
): Promise<Omit<DensityRun, 'contender'>> {
  const rssEmptyBytes = await residentBytes(server.pid);
  const connection = await RawConnection.connect(server.address);
  const itemCount = Math.ceil(((MEMORY_MEGABYTES * 2 ** 20) / (KEY_BYTES + valueBytes)) * OVERFILL);
  for (let first = 0; first < itemCount; first += BATCH_ITEMS) {
    await connection.exchange(batchOfSets(first, valueBytes));
  }
  const stats = (await connection.exchange('stats\r\n')).toString();
  connection.destroy();
  return {
    valueBytes,
    items: statOf(stats, 'curr_items'),
    evictions: statOf(stats, 'evictions'),
    rssEmptyBytes,
    rssFullBytes: await residentBytes(server.pid),
  };
}

function batchOfSets(first: number, valueBytes: number): string {
  const data = 'v'.repeat(valueBytes);
  const keys = Array.from(
    { length: BATCH_ITEMS },
    (_, i) => `k${String(first + i).padStart(KEY_BYTES - 1, '0')}`,
  );
  return keys.map((key) => `set ${key} 0 0 ${valueBytes} noreply\r\n${data}\r\n`).join('');
}

function statOf(stats: string, name: string): number {
  const value = new RegExp(`^STAT ${name} (\\d+)\\r$`, 'm').exec(stats)?.[1];
  if (value === undefined) throw new Error(`The stats of the server do not contain ${name}.`);
  return Number(value);
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
