/**
 * Measures what a cache is worth. Shoppers read a product catalogue in a real database, and prefer
 * some products: first without a cache, then with three cache nodes, and then while one of these is
 * killed. Run `npm run demo`, or `npm run demo -- --quick` for a short demo.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { columns } from '../../src/cli/terminal/columns.ts';
import { progressBar } from '../../src/cli/terminal/progress-bar.ts';
import { type CacheClient, createClient } from '../../src/client.ts';
import { LocalCluster, LocalMembership } from '../../src/cluster/index.ts';
import { Catalogue, PRODUCTS } from './catalogue.ts';
import { type LoadResult, runLoad } from './load.ts';
import { type Shop, shopWithCache, shopWithoutCache } from './shop.ts';
import { runSingleLoad, type SingleLoadResult } from './single-load.ts';
import { seeded, zipf } from './zipf.ts';

const SHOPPERS = 64;
const DATABASE_CONNECTIONS = 2;
/** How strongly the shoppers prefer popular products; 1.0 is Zipf's law. */
const ZIPF_EXPONENT = 1.2;
const NODES = 3;
const quick = process.argv.includes('--quick');
const SECONDS = quick
  ? { without: 3, cold: 6, warm: 3, drill: 6 }
  : { without: 8, cold: 25, warm: 12, drill: 24 };
const KILL_AFTER_SECONDS = SECONDS.drill / 4;
/** Share of the previous throughput: the restarted node has to load a third of the keys again. */
const RECOVERED_SHARE = 0.6;

const folder = await mkdtemp(join(tmpdir(), 'slabring-demo-'));
try {
  process.exitCode = await demo();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function demo(): Promise<number> {
  say(`Filling a database with ${PRODUCTS.toLocaleString('en')} products …`);
  const catalogue = await Catalogue.create(join(folder, 'catalogue.db'), DATABASE_CONNECTIONS);
  const ports = await freePorts(NODES);
  const cluster = await startCluster(ports);
  const nodes = ports.map((port) => `127.0.0.1:${port}`);
  const cache = createClient({ nodes });
  try {
    const nextProduct = zipf(PRODUCTS, ZIPF_EXPONENT, seeded(1));
    const load = (title: string, shop: Shop, seconds: number): Promise<LoadResult> =>
      withBar(title, seconds, (onProgress) =>
        runLoad({ shop, shopperCount: SHOPPERS, seconds, nextProduct, onProgress }),
      );
    const cached = shopWithCache(catalogue, cache);
    const without = await load('without a cache', shopWithoutCache(catalogue), SECONDS.without);
    const singleLoad = await runSingleLoad(catalogue, nodes, PRODUCTS);
    reportSingleLoad(singleLoad);
    const cold = await load('a cold cache   ', cached, SECONDS.cold);
    const warm = await load('a warm cache   ', cached, SECONDS.warm);
    report([without, cold, warm], await shares(cache));
    const outage = killOneLater(cluster, cache);
    const drill = await load('one node killed', cached, SECONDS.drill);
    reportDrill(drill, await outage);
    return verdict(without, warm, [without, cold, warm, drill], singleLoad);
  } finally {
    await cache.close();
    await cluster.stop();
    await catalogue.close();
  }
}

function startCluster(ports: readonly number[]): Promise<LocalCluster> {
  const plans = ports.map((port, index) => ({
    name: `node-${index + 1}`,
    address: `127.0.0.1:${port}`,
    command: () => [
      process.execPath,
      'src/cli/main.ts',
      'serve',
      `--port=${port}`,
      '--listen=127.0.0.1',
      '--threads=1',
      '--join=supervisor',
    ],
  }));
  const membership = new LocalMembership({
    cluster: 'demo',
    replicas: 1,
    replication: 'sync',
    publishes: true,
    kept: undefined,
    expected: [],
    versionMin: 1,
    save: () => {},
    onChange: () => {},
  });
  return LocalCluster.start({ plans, membership, env: process.env, onEvent: () => {} });
}

/** Kills the second node after `KILL_AFTER_SECONDS`; resolves when the client uses it again. */
async function killOneLater(cluster: LocalCluster, cache: CacheClient): Promise<string> {
  await new Promise((later) => setTimeout(later, KILL_AFTER_SECONDS * 1000));
  const victim = cluster.nodes[1];
  if (victim?.pid === undefined) throw new Error('The second node has no process.');
  const killedAt = performance.now();
  const outageMs = new Promise<number>((resolve) => {
    cache.once('node-down', () => {
      cache.once('node-up', () => resolve(performance.now() - killedAt));
    });
  });
  process.kill(victim.pid, 'SIGKILL');
  const outageSeconds = ((await outageMs) / 1000).toFixed(1);
  const kill = `${victim.name} killed after ${KILL_AFTER_SECONDS} s`;
  return `${kill}; the client used it again ${outageSeconds} s later`;
}

interface NodeShare {
  readonly node: string;
  readonly items: number;
  readonly hits: number;
}

async function shares(cache: CacheClient): Promise<readonly NodeShare[]> {
  const stats = await cache.stats();
  return [...stats].map(([node, values]) => ({
    node,
    items: Number(values.get('curr_items')),
    hits: Number(values.get('get_hits')),
  }));
}

function report(phases: readonly LoadResult[], nodes: readonly NodeShare[]): void {
  const row = (name: string, show: (result: LoadResult) => string): string[] => {
    return [name, ...phases.map(show)];
  };
  const rows = [
    ['', 'no cache', 'cache, from cold', 'cache, warm'],
    row('requests/s', rate),
    row('median', ({ p50Ms }) => ms(p50Ms)),
    row('99th percentile', ({ p99Ms }) => ms(p99Ms)),
    row('database queries', (result) => count(databaseQueries(result))),
    row('database queries saved', (result) => percent(saved(result))),
    row('hit ratio', ({ bySource, requests }) => percent(bySource.cache / requests)),
    row('wrong pages', ({ wrongPages }) => count(wrongPages)),
  ];
  say(`\n${columns(rows, { gap: '   ' })}\n`);
  const items = sum(nodes.map((node) => node.items));
  const hits = sum(nodes.map((node) => node.hits));
  const shareRows = nodes.map((node) => [
    node.node,
    percent(node.items / items),
    percent(node.hits / hits),
  ]);
  say(`${columns([['node', 'share of keys', 'share of hits'], ...shareRows], { gap: '   ' })}\n`);
}

function reportSingleLoad(result: SingleLoadResult): void {
  say(`${singleLoadText(result)}, in ${ms(result.durationMs)}`);
}

function singleLoadText({ requests, processes, queries }: SingleLoadResult): string {
  const queryText = queries === 1 ? '1 database query' : `${count(queries)} database queries`;
  const shoppers = `${count(requests)} shoppers of ${processes} processes`;
  return `${queryText} for ${shoppers} that missed one page at once`;
}

function reportDrill(drill: LoadResult, outage: string): void {
  say(`\n${outage}.`);
  const max = Math.max(...drill.perSecond);
  const rows = drill.perSecond.map((requests, second) => [
    `second ${second + 1}`,
    count(requests).padStart(8),
    '█'.repeat(Math.max(1, Math.round((requests / max) * 40))),
  ]);
  say(`\nRequests in each second:\n${columns(rows)}\n`);
  say(
    `${count(drill.requests)} requests, ${count(drill.wrongPages)} wrong pages, no failed request;`,
  );
  const uncached = count(drill.bySource['database, cache down']);
  say(`${uncached} requests went to the database during the outage.`);
}

/** Checks the promises of the demo; returns exit code 1 when one is broken. */
function verdict(
  without: LoadResult,
  warm: LoadResult,
  all: readonly LoadResult[],
  singleLoad: SingleLoadResult,
): number {
  const drill = all.at(-1)!;
  const faster = warm.requests / warm.seconds / (without.requests / without.seconds);
  const wrong = sum([...all, singleLoad].map(({ wrongPages }) => wrongPages));
  const beforeKill = drill.perSecond.slice(0, Math.floor(KILL_AFTER_SECONDS));
  const last = drill.perSecond.at(-1) ?? 0;
  const promises: readonly (readonly [boolean, string])[] = [
    [saved(warm) >= 0.9, `${percent(saved(warm))} of the database queries saved (promised: 90 %)`],
    [faster >= 10, `${faster.toFixed(1)} × the throughput (promised: 10 ×)`],
    [singleLoad.queries === 1, `${singleLoadText(singleLoad)} (promised: 1 query)`],
    [wrong === 0, `${wrong} wrong pages (promised: 0)`],
    [
      last >= (RECOVERED_SHARE * sum(beforeKill)) / beforeKill.length,
      `throughput has recovered after the kill (promised: ${percent(RECOVERED_SHARE)} of before)`,
    ],
  ];
  say('');
  for (const [kept, promise] of promises) say(`${kept ? '✓' : '✗'} ${promise}`);
  return promises.every(([kept]) => kept) ? 0 : 1;
}

/** Shows the progress of one phase, and its rate at the end. */
async function withBar(
  title: string,
  seconds: number,
  work: (onProgress: (elapsedSeconds: number, requests: number) => void) => Promise<LoadResult>,
): Promise<LoadResult> {
  const bar = progressBar(process.stderr.isTTY ? process.stderr : undefined);
  try {
    const result = await work((elapsed, requests) => {
      bar.draw({
        title,
        fraction: Math.min(1, elapsed / seconds),
        count: requests,
        unit: 'requests',
      });
    });
    bar.clear();
    say(`${title}  ${rate(result).padStart(8)} requests/s`);
    return result;
  } finally {
    bar.clear();
  }
}

/** Finds free TCP ports; another process may take them later. */
async function freePorts(portCount: number): Promise<readonly number[]> {
  const servers = Array.from({ length: portCount }, () => createServer().listen(0, '127.0.0.1'));
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.once('listening', () => {
            const address = server.address();
            resolve(address !== null && typeof address === 'object' ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

function databaseQueries({ bySource }: LoadResult): number {
  return bySource.database + bySource['database, cache down'];
}

function saved(result: LoadResult): number {
  return 1 - databaseQueries(result) / result.requests;
}

function rate({ requests, seconds }: LoadResult): string {
  return count(Math.round(requests / seconds));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function count(value: number): string {
  return value.toLocaleString('en');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
