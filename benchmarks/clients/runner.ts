/** A process of its own for each client, so that none inherits another's heap or compiled code. */
import { parseArgs } from 'node:util';
import { Random } from '../../test/support/random.ts';
import { type ClientName, DRIVERS, type Driver } from './drivers.ts';
import { fill, KEYS, LOADS, type Load } from './loads.ts';

/** What one load came to. */
export interface Measurement {
  readonly keysPerSecond: number;
  /** Of this process, user and system. */
  readonly cpuUsPerKey: number;
}

/** What a runner prints. */
export interface RunnerReport {
  readonly loads: Readonly<Record<string, Measurement>>;
  readonly heap: HeapReport | undefined;
}

/** The heap after garbage collection, before and after many gets. */
export interface HeapReport {
  readonly operations: number;
  readonly beforeBytes: number;
  readonly afterBytes: number;
}

const { values: line } = parseArgs({
  options: {
    client: { type: 'string', default: '' },
    port: { type: 'string', default: '' },
    loads: { type: 'string', default: '' },
    seconds: { type: 'string', default: '3' },
    'warm-up': { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    'heap-operations': { type: 'string', default: '0' },
  },
});

/** Keeps the load going until `until` says so; returns how many calls were answered. */
async function drive(driver: Driver, load: Load, isOver: () => boolean): Promise<number> {
  const random = new Random(Number(line.seed));
  const draw = (): number => random.int(0, KEYS - 1);
  let calls = 0;
  const loop = async (): Promise<void> => {
    while (!isOver()) {
      await load.call(driver, draw);
      calls++;
    }
  };
  await Promise.all(Array.from({ length: load.concurrency }, loop));
  return calls;
}

function after(seconds: number): () => boolean {
  const end = performance.now() + seconds * 1000;
  return () => performance.now() >= end;
}

async function measure(driver: Driver, load: Load): Promise<Measurement> {
  await drive(driver, load, after(Number(line['warm-up'])));
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const calls = await drive(driver, load, after(Number(line.seconds)));
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const keys = calls * load.keysPerCall;
  return { keysPerSecond: keys / seconds, cpuUsPerKey: (user + system) / keys };
}

async function heapAfter(driver: Driver, operations: number): Promise<HeapReport | undefined> {
  if (operations === 0) return undefined;
  const load = LOADS[1]!;
  let left = operations;
  const used = (): number => {
    globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  };
  await drive(driver, load, after(Number(line['warm-up'])));
  const beforeBytes = used();
  await drive(driver, load, () => left-- <= 0);
  return { operations, beforeBytes, afterBytes: used() };
}

async function main(): Promise<void> {
  const driver = await DRIVERS[line.client as ClientName](Number(line.port));
  await fill(driver);
  const measured: Record<string, Measurement> = {};
  const names = line.loads.split(',');
  for (const [at, load] of LOADS.entries()) {
    if (names.includes(String(at))) measured[load.name] = await measure(driver, load);
  }
  const heap = await heapAfter(driver, Number(line['heap-operations']));
  await driver.close();
  const report: RunnerReport = { loads: measured, heap };
  console.log(JSON.stringify(report));
  // Some clients leave a timer behind.
  process.exit(0);
}

await main();
