/** What memcached_exporter 0.16.0 makes of `stats` is what a node itself shows. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSlabring } from '../support/node-process.ts';
import type { TestServer } from '../support/server.ts';
import { waitUntil } from '../support/wait.ts';
import { RawConnection } from '../support/wire.ts';

/** A series of the exporter, and the fields of `stats` whose sum or difference it is. */
type Row = readonly [series: string, ...fields: string[]];

const LOOKUPS = ['get', 'delete', 'incr', 'decr', 'cas', 'touch'];
const NODE_ROWS: readonly Row[] = [
  ['uptime_seconds', 'uptime'],
  ['time_seconds', 'time'],
  ['process_user_cpu_seconds_total', 'rusage_user'],
  ['process_system_cpu_seconds_total', 'rusage_system'],
  ['read_bytes_total', 'bytes_read'],
  ['written_bytes_total', 'bytes_written'],
  ['current_connections', 'curr_connections'],
  ['connections_total', 'total_connections'],
  ['connections_rejected_total', 'rejected_connections'],
  ['connections_yielded_total', 'conn_yields'],
  ['connections_listener_disabled_total', 'listen_disabled_num'],
  ['accepting_connections', 'accepting_conns'],
  ['current_bytes', 'bytes'],
  ['limit_bytes', 'limit_maxbytes'],
  ['current_items', 'curr_items'],
  ['items_total', 'total_items'],
  ['items_evicted_total', 'evictions'],
  ['items_reclaimed_total', 'reclaimed'],
  ['item_too_large_total', 'store_too_large'],
  ['item_no_memory_total', 'store_no_memory'],
  ['direct_reclaims_total', 'direct_reclaims'],
  ['lru_crawler_starts_total', 'lru_crawler_starts'],
  ['lru_crawler_items_checked_total', 'crawler_items_checked'],
  ['lru_crawler_reclaimed_total', 'crawler_reclaimed'],
  ['lru_crawler_moves_to_cold_total', 'moves_to_cold'],
  ['lru_crawler_moves_to_warm_total', 'moves_to_warm'],
  ['lru_crawler_moves_within_lru_total', 'moves_within_lru'],
  ...LOOKUPS.flatMap((command): Row[] => [
    [`commands_total{command="${command}",status="hit"}`, `${command}_hits`],
    [`commands_total{command="${command}",status="miss"}`, `${command}_misses`],
  ]),
  ['commands_total{command="cas",status="badval"}', 'cas_badval'],
  ['commands_total{command="flush",status="hit"}', 'cmd_flush'],
  [
    'commands_total{command="set",status="hit"}',
    ...['cmd_set', '-cas_hits', '-cas_misses', '-cas_badval'],
  ],
];
const SETTINGS_ROWS: readonly Row[] = [
  ['max_connections', 'maxconns'],
  ['lru_crawler_enabled', 'lru_crawler'],
  ['lru_crawler_sleep', 'lru_crawler_sleep'],
  ['lru_crawler_to_crawl', 'lru_crawler_tocrawl'],
  ['lru_crawler_maintainer_thread', 'lru_maintainer_thread'],
  ['lru_crawler_hot_percent', 'hot_lru_pct'],
  ['lru_crawler_warm_percent', 'warm_lru_pct'],
  ['lru_crawler_hot_max_factor', 'hot_max_factor'],
  ['lru_crawler_warm_max_factor', 'warm_max_factor'],
];
/** Of `stats items`, for each size class. */
const ITEM_ROWS: readonly Row[] = [
  ['slab_current_items', 'number'],
  ['slab_items_age_seconds', 'age'],
  ['slab_hot_items', 'number_hot'],
  ['slab_warm_items', 'number_warm'],
  ['slab_cold_items', 'number_cold'],
  ['slab_hot_age_seconds', 'age_hot'],
  ['slab_warm_age_seconds', 'age_warm'],
  ['slab_lru_hits_total{lru="hot"}', 'hits_to_hot'],
  ['slab_lru_hits_total{lru="warm"}', 'hits_to_warm'],
  ['slab_lru_hits_total{lru="cold"}', 'hits_to_cold'],
  ['slab_lru_hits_total{lru="temporary"}', 'hits_to_temp'],
  ['slab_mem_requested_bytes', 'mem_requested'],
  ['slab_items_evicted_time_seconds', 'evicted_time'],
  ['slab_items_moves_to_cold', 'moves_to_cold'],
  ['slab_items_moves_to_warm', 'moves_to_warm'],
  ['slab_items_moves_within_lru', 'moves_within_lru'],
  ...[
    ...['crawler_reclaimed', 'evicted', 'evicted_nonzero', 'evicted_unfetched'],
    ...['expired_unfetched', 'outofmemory', 'reclaimed', 'tailrepairs'],
  ].map((field): Row => [`slab_items_${field}_total`, field]),
];
/** Of `stats slabs`, for each size class. */
const SLAB_ROWS: readonly Row[] = [
  ['slab_chunk_size_bytes', 'chunk_size'],
  ['slab_chunks_per_page', 'chunks_per_page'],
  ['slab_current_pages', 'total_pages'],
  ['slab_current_chunks', 'total_chunks'],
  ['slab_chunks_used', 'used_chunks'],
  ['slab_chunks_free', 'free_chunks'],
  ['slab_chunks_free_end', 'free_chunks_end'],
  ...LOOKUPS.map(
    (command): Row => [`slab_commands_total{command="${command}",status="hit"}`, `${command}_hits`],
  ),
  ['slab_commands_total{command="cas",status="badval"}', 'cas_badval'],
  ['slab_commands_total{command="set",status="hit"}', 'cmd_set', '-cas_hits', '-cas_badval'],
];

type Series = ReadonlyMap<string, number>;
const NUMBERS: Readonly<Record<string, number>> = { yes: 1, no: 0 };

/** The fields of a reply; those of a size class begin with its number: `1:number`. */
const fieldsOf = (reply: string): Series =>
  new Map(
    [...reply.matchAll(/^STAT (?:items:)?(\S+) (\S+)\r$/gm)].map(([, name = '', value = '']) => [
      name,
      NUMBERS[value] ?? Number(value),
    ]),
  );

/** A series without its prefix, its labels in the order of their names. */
function keyOf(name: string, labels: string): string {
  const sorted = labels.replace(/[{}]/g, '').split(',').filter(Boolean).sort();
  return sorted.length === 0 ? name : `${name}{${sorted.join()}}`;
}

function seriesOf(rows: readonly Row[], fields: Series, slab?: string): [string, number][] {
  const prefix = slab === undefined ? '' : `${slab}:`;
  return rows.flatMap(([series, ...names]): [string, number][] => {
    const values = names.map((name) => {
      const value = fields.get(prefix + name.replace('-', ''));
      return value !== undefined && name.startsWith('-') ? -value : value;
    });
    if (values.includes(undefined)) return [];
    const [, name = '', labels = ''] = /^(\w+)(.*)$/.exec(series)!;
    const all = slab === undefined ? labels : `${labels},slab="${slab}"`;
    return [[keyOf(name, all), values.reduce<number>((sum, value) => sum + value!, 0)]];
  });
}

let node: TestServer;
let connection: RawConnection;
beforeAll(async () => {
  node = await startSlabring({ args: ['-m', '2', '-t', '2', '--admin-port', '0'] });
  connection = await RawConnection.connect(node.address);
});
afterAll(async () => {
  connection?.destroy();
  await node?.stop();
});

async function stats(topic: string): Promise<Series> {
  return fieldsOf((await connection.exchange(`stats${topic}\r\n`)).toString());
}

/** What the exporter makes of the replies of a node. */
async function exporterSeries(): Promise<Series> {
  const [general, settings] = [await stats(''), await stats(' settings')];
  const [items, slabs] = [await stats(' items'), await stats(' slabs')];
  const ids = new Set([...slabs.keys()].flatMap((key) => /^(\d+):/.exec(key)?.[1] ?? []));
  return new Map([
    ['up', 1],
    ['malloced_bytes', slabs.get('total_malloced')!],
    ...seriesOf(NODE_ROWS, general),
    ...seriesOf(SETTINGS_ROWS, settings),
    ...[...ids].flatMap((id) => [
      ...seriesOf(ITEM_ROWS, items, id),
      ...seriesOf(SLAB_ROWS, slabs, id),
    ]),
  ]);
}

/** The series of these names that the admin port shows. */
async function nodeSeries(): Promise<Series> {
  const url = /Admin port: ([^\s"]+)/.exec(node.process.stdout)?.[1] ?? '';
  const text = await (await fetch(`${url}/metrics`)).text();
  return new Map(
    [...text.matchAll(/^memcached_(\w+)(\{.*\})? (\S+)$/gm)].map(([, name, labels, value]) => [
      keyOf(name!, labels ?? ''),
      Number(value),
    ]),
  );
}

/** Requests of each kind, and more values than fit. */
async function load(): Promise<void> {
  const value = 'x'.repeat(900);
  const fill = Array.from({ length: 4000 }, (_, nth) => `set fill-${nth} 0 0 900\r\n${value}\r\n`);
  await connection.exchange(fill.join(''));
  await connection.exchange(
    'set kept 0 0 1\r\n1\r\nset n 0 0 1\r\n1\r\nincr n 1\r\ndecr n 1\r\nincr none 1\r\nget n\r\n',
  );
  await connection.exchange('cas n 0 0 1 1\r\n2\r\ncas none 0 0 1 1\r\n2\r\ntouch n 100\r\n');
  await connection.exchange(
    'get none\r\ndelete n\r\ndelete none\r\ntouch none 1\r\nflush_all 999\r\n',
  );
}

test('each series of the exporter has its name, its labels and its value at the node', async () => {
  await load();
  const shownOnly = /^(version|slab_temporary_items)/;
  const names = (series: Series) =>
    [...series.keys()].filter((name) => !shownOnly.test(name)).sort();
  const exporter = await exporterSeries();
  expect(names(await nodeSeries())).toEqual(names(exporter));
  expect(exporter.size).toBeGreaterThan(100);
  expect(exporter.get('items_evicted_total')).toBeGreaterThan(0);
  let differing: readonly string[] = ['unknown'];
  // Other series than a clock change only while the maintainer works.
  await waitUntil('the values agree', async () => {
    const [before, shown, after] = [
      await exporterSeries(),
      await nodeSeries(),
      await exporterSeries(),
    ];
    differing = [...before].flatMap(([name, value]) => {
      const [low, high] = [Math.min(value, after.get(name)!), Math.max(value, after.get(name)!)];
      const is = shown.get(name)!;
      return is >= low && is <= high ? [] : [`${name}: ${low} … ${high}, not ${is}`];
    });
    return differing.length === 0;
  }).catch(() => undefined);
  expect(differing).toEqual([]);
});
