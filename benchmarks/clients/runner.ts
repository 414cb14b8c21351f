/** Each client runs in its own process, so that the clients share no heap and no compiled code. */
import { Random } from '../../test/support/random.ts';
import { type ClientName, DRIVERS, type Driver } from './drivers.ts';
import { fill, KEYS, LOADS, type Load } from './loads.ts';

/** A request from the benchmark to a runner. */
export type RunnerRequest =
  | { readonly kind: 'load'; readonly load: number; readonly seconds: number }
  /** Runs gets, 64 at a time. */
  | { readonly kind: 'heap'; readonly operations: number };

/** The result of one load. */
export interface Measurement {
  readonly keysPerSecond: number;
  /** CPU time of this process, user and system. */
  readonly cpuUsPerKey: number;
  /** Keys that the server has and the client did not find. */
  readonly missing: number;
}

/** The heap after garbage collection, before and after many gets. */
export interface HeapReport {
  readonly operations: number;
  readonly beforeBytes: number;
  readonly afterBytes: number;
}

const HEAP_LOAD = 1;
const [client = '', port = '', seed = ''] = process.argv.slice(2);
const random = new Random(Number(seed));
const draw = (): number => random.int(0, KEYS - 1);

/** Repeats the load's calls until `isOver`. */
async function drive(
  driver: Driver,
  load: Load,
  isOver: () => boolean,
): Promise<{ readonly requested: number; readonly served: number }> {
  let requested = 0;
  let served = 0;
  const loop = async (): Promise<void> => {
    while (!isOver()) {
      const found = await load.call(driver, draw);
      requested += load.keysPerCall;
      served += found;
    }
  };
  await Promise.all(Array.from({ length: load.concurrency }, loop));
  return { requested, served };
}

async function measure(driver: Driver, load: Load, seconds: number): Promise<Measurement> {
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const isOver = (): boolean => performance.now() - startedAt >= seconds * 1000;
  const { requested, served } = await drive(driver, load, isOver);
  const elapsedSeconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    keysPerSecond: served / elapsedSeconds,
    cpuUsPerKey: (user + system) / served,
    missing: requested - served,
  };
}

async function heapAfter(driver: Driver, operations: number): Promise<HeapReport> {
  const used = (): number => {
    globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  };
  const beforeBytes = used();
  let left = operations;
  await drive(driver, LOADS[HEAP_LOAD]!, () => left-- <= 0);
  return { operations, beforeBytes, afterBytes: used() };
}

async function main(): Promise<void> {
  const driver = await DRIVERS[client as ClientName](Number(port));
  await fill(driver);
  process.on('message', async (request: RunnerRequest) => {
    process.send!(
      request.kind === 'load'
        ? await measure(driver, LOADS[request.load]!, request.seconds)
        : await heapAfter(driver, request.operations),
    );
  });
  process.send!('ready');
}

await main();
