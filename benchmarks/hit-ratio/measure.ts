import type { TestServer } from '../../test/support/server.ts';
import { RawConnection } from '../../test/support/wire.ts';
import type { Contender } from '../macro/contenders.ts';
import { type ReplayCounts, replay } from './replay.ts';
import { type Workload, workingSet } from './workloads.ts';

/** One replay of one workload against one server. */
export interface HitRatioRun extends ReplayCounts {
  readonly workload: string;
  readonly memoryMegabytes: number;
  readonly contender: string;
  /** Distinct keys in the requests: no cache can avoid one miss for each. */
  readonly keys: number;
  /** Bytes of all these keys and their values. */
  readonly workingSetBytes: number;
  readonly missRatio: number;
  readonly evictions: number;
  /** Items in the cache at the end. */
  readonly items: number;
  /** Bytes of the slab pages at the end; the first page of a size class may exceed `-m`. */
  readonly pageBytes: number;
  readonly seconds: number;
}

export const serverArgs = (memoryMegabytes: number): readonly string[] => [
  ...['-m', String(memoryMegabytes)],
  ...['-t', '1'],
];

/** Starts a new server, replays the workload against it, and reads the server's statistics. */
export async function measure(
  contender: Contender,
  workload: Workload,
  memoryMegabytes: number,
  onProgress: (requests: number) => void,
): Promise<HitRatioRun> {
  const server = await contender.start(serverArgs(memoryMegabytes));
  try {
    const startMs = performance.now();
    const counts = await replay(server, workload, onProgress);
    const seconds = (performance.now() - startMs) / 1000;
    const { keys, bytes } = workingSet(workload);
    return {
      workload: workload.name,
      memoryMegabytes,
      contender: contender.name,
      keys,
      workingSetBytes: bytes,
      missRatio: counts.misses / counts.gets,
      ...counts,
      ...(await statsOf(server)),
      seconds: Number(seconds.toFixed(1)),
    };
  } finally {
    await server.stop();
  }
}

async function statsOf(server: TestServer) {
  const connection = await RawConnection.connect(server.address);
  const general = (await connection.exchange('stats\r\n')).toString();
  const slabs = (await connection.exchange('stats slabs\r\n')).toString();
  connection.destroy();
  return {
    evictions: statOf(general, 'evictions'),
    items: statOf(general, 'curr_items'),
    pageBytes: statOf(slabs, 'total_malloced'),
  };
}

function statOf(stats: string, name: string): number {
  const value = new RegExp(`^STAT ${name} (\\d+)\\r$`, 'm').exec(stats)?.[1];
  if (value === undefined) throw new Error(`the server's stats have no ${name}`);
  return Number(value);
}
