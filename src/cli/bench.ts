import { bytes, integer, number } from '../base/index.ts';
import { type BenchResult, fill, measure } from './bench-load.ts';
import { defineCacheVerb } from './cache-verb.ts';
import { columns } from './columns.ts';
import { EXIT } from './exit-codes.ts';
import { progressBar } from './progress-bar.ts';

const benchFlags = {
  seconds: number({ default: 5, min: 0.1, max: 3600, doc: 'How long, in seconds.' }),
  concurrency: integer({
    default: 64,
    min: 1,
    max: 10_000,
    doc: 'Callers, each of which waits for its answer before it asks again.',
  }),
  keys: integer({ default: 10_000, min: 1, max: 10_000_000, doc: 'How many keys.' }),
  valueBytes: bytes({
    long: 'value-size',
    default: '100',
    min: '1',
    max: '1m',
    doc: 'Size of a value.',
  }),
  readPercent: integer({
    long: 'reads',
    default: 90,
    min: 0,
    max: 100,
    doc: 'Reads among the operations, in percent.',
  }),
  batch: integer({ default: 1, min: 1, max: 1000, doc: 'Keys in one read.' }),
};

/** `slabring bench` */
export const benchVerb = defineCacheVerb({
  name: 'bench',
  summary: 'put load on a cache, and tell its throughput and latencies',
  about:
    'Stores values under keys of its own (slabring-bench:…, which expire in ten minutes), then\n' +
    'reads and writes them for a while and tells throughput and latencies. It is real load: on a\n' +
    'cache in use it takes memory and time from others.\n' +
    'Exit code 0: every operation was answered; 1: some were not;',
  flags: benchFlags,
  examples: [
    { command: 'slabring bench', does: 'the node on this machine, for 5 seconds' },
    { command: 'slabring bench --nodes a,b,c --seconds 30 --value-size 1k', does: 'a cluster' },
    { command: 'slabring bench --batch 50 --reads 100 --json', does: 'reads of 50 keys, as JSON' },
  ],
  async run(cache, { json, ...plan }, host, _words, another) {
    const bar = progressBar(host.terminal);
    const measured = await another();
    try {
      await fill(cache, plan, (share) => bar.draw('storing  ', share));
      const result = await measure(measured, plan, (share) => bar.draw('measuring', share));
      bar.clear();
      host.out(json ? JSON.stringify(result) : report(result));
      return result.failures === 0 ? EXIT.ok : EXIT.failed;
    } finally {
      bar.clear();
      await measured.close();
    }
  },
});

const HEAD = ['node', 'operation', 'requests/s', 'median', '90 %', '99 %', '99.9 %', 'most'];

function report({ rows, seconds, keys, hits, failures }: BenchResult): string {
  const table = rows.map(({ node, operation, latency, count }) => {
    const { p50Us, p90Us, p99Us, p999Us, maxUs } = latency;
    const times = [p50Us, p90Us, p99Us, p999Us, maxUs].map(timeText);
    return [node, operation, rateText(count / seconds), ...times];
  });
  const failed = failures === 0 ? 'none failed' : `${failures.toLocaleString('en')} failed`;
  const found = keys.read === 0 ? '' : `, ${((100 * hits) / keys.read).toFixed(1)} % found`;
  return [
    columns([HEAD, ...table], '   '),
    '',
    `${rateText((keys.read + keys.written) / seconds)} keys/s: ` +
      `${rateText(keys.read / seconds)} read${found}, ` +
      `${rateText(keys.written / seconds)} written; ${failed}`,
  ].join('\n');
}

function rateText(perSecond: number): string {
  return Math.round(perSecond).toLocaleString('en');
}

function timeText(us: number): string {
  return us < 1000 ? `${us} µs` : `${(us / 1000).toFixed(us < 10_000 ? 2 : 1)} ms`;
}
