/** A process that reads keys by getOrSet on request and reports how often it called the loader. */
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '../../../../src/client.ts';

export interface LoaderOrder {
  readonly keys: readonly string[];
  /** Concurrent calls for each key. */
  readonly calls: number;
  /** Milliseconds that a load takes. */
  readonly loadMs: number;
}

export interface LoaderReport {
  readonly loads: number;
  readonly values: readonly string[];
}

const cache = createClient({ nodes: [`127.0.0.1:${process.argv[2]}`], deadlineMs: 20_000 });
await cache.version();

process.on('message', async ({ keys, calls, loadMs }: LoaderOrder) => {
  let loads = 0;
  const load = async (): Promise<string> => {
    loads++;
    await pause(loadMs);
    return `loaded by ${process.pid}`;
  };
  const results = keys.flatMap((key) => {
    return Array.from({ length: calls }, () =>
      cache.getOrSet(key, load, { ttl: 100, leaseSeconds: 60 }),
    );
  });
  const values = [...new Set(await Promise.all(results))].map(String);
  process.send?.({ loads, values } satisfies LoaderReport);
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
