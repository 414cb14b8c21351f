import { bytes, integer, number } from '../../base/index.ts';
import { defineCacheVerb } from '../cache/cache-verb.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { DEFAULT_COLUMNS, tableOrBlocks } from '../terminal/columns.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import { wrap } from '../terminal/wrap.ts';
import { type BenchResult, fill, measure } from './bench-load.ts';

const benchFlags = {
  seconds: number({
    default: 5,
    min: 0.1,
    max: 3600,
    doc: 'How long to run the load, in seconds.',
  }),
  concurrency: integer({
    default: 64,
    min: 1,
    max: 10_000,
    doc: 'Number of concurrent callers; each sends its next request when it has its reply.',
  }),
  keys: integer({ default: 10_000, min: 1, max: 10_000_000, doc: 'Number of keys.' }),
  valueBytes: bytes({
    long: 'value-size',
    default: '100',
    min: '1',
    max: '1m',
    doc: 'Size of each value.',
  }),
  readPercent: integer({
    long: 'reads',
    default: 90,
    min: 0,
    max: 100,
    doc: 'Share of reads among the operations, in percent.',
  }),
  batch: integer({ default: 1, min: 1, max: 1000, doc: 'Number of keys in one read.' }),
};

/** `slabring bench` */
export const benchVerb = defineCacheVerb({
  name: 'bench',
  summary: 'put load on a cache and report throughput and latencies',
  description:
    'Stores values under its own keys (slabring-bench:…, which expire after ten minutes), then ' +
    'reads and writes them and reports throughput and latencies. This is real load: it takes ' +
    'memory and time from the other users of the cache.\n' +
    'Exit code 0: every operation succeeded; 1: some operations failed;',
  flags: benchFlags,
  examples: [
    { command: 'slabring bench', effect: 'measure the local node for 5 seconds' },
    {
      command: 'slabring bench --nodes a,b,c --seconds 30 --value-size 1k',
      effect: 'measure a cluster',
    },
    {
      command: 'slabring bench --batch 50 --reads 100 --json',
      effect: 'read 50 keys at a time, print JSON',
    },
  ],
  async run(cache, { json, ...plan }, host, _args, { open }) {
    const bar = progressBar(host.terminal);
    const measured = await open();
    try {
      const draw = (title: string) => (fraction: number, count: number) =>
        bar.draw({ title, fraction, count, unit: 'keys' });
      await fill(cache, plan, draw('storing  '));
      const result = await measure(measured, plan, draw('measuring'));
      bar.clear();
      host.out(json ? JSON.stringify(result) : report(result, host));
      return result.failures === 0 ? EXIT.ok : EXIT.failed;
    } finally {
      bar.clear();
      await measured.close();
    }
  },
});

const HEAD = ['node', 'operation', 'req/s', 'median', '90 %', '99 %', '99.9 %', 'max'];

function report({ rows, seconds, keys, hits, failures }: BenchResult, host: Host): string {
  const table = rows.map(({ node, operation, latency, count }) => {
    const { p50Us, p90Us, p99Us, p999Us, maxUs } = latency;
    const times = [p50Us, p90Us, p99Us, p999Us, maxUs].map(timeText);
    return [node, operation, rateText(count / seconds), ...times];
  });
  const failed = failures === 0 ? 'none failed' : `${failures.toLocaleString('en')} failed`;
  const found = keys.read === 0 ? '' : `, ${((100 * hits) / keys.read).toFixed(1)} % found`;
  const keysPerSecond =
    `${rateText((keys.read + keys.written) / seconds)} keys/s: ` +
    `${rateText(keys.read / seconds)} read${found}, ` +
    `${rateText(keys.written / seconds)} written; ${failed}`;
  const summary = wrap(keysPerSecond, host.columns ?? DEFAULT_COLUMNS);
  return [tableOrBlocks(HEAD, table, host.columns), '', ...summary].join('\n');
}

function rateText(perSecond: number): string {
  return Math.round(perSecond).toLocaleString('en');
}

function timeText(us: number): string {
  return us < 1000 ? `${us} µs` : `${(us / 1000).toFixed(us < 10_000 ? 2 : 1)} ms`;
}
