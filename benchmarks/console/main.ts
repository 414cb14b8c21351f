/**
 * Measures how soon a page of the console is seen after another one: first contentful paint in a
 * real Chromium, with an empty cache and with a full one, over a cluster of three nodes with items.
 * `node benchmarks/console/main.ts [--no-record]`
 */
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright-core';
import { openBrowser } from '../../test/support/browser.ts';
import { temporaryFolder } from '../../test/support/folder.ts';
import { startVerb } from '../../test/support/node-process.ts';
import { freePort } from '../../test/support/ports.ts';
import { waitUntil } from '../../test/support/wait.ts';
import { exchangeOnce } from '../../test/support/wire.ts';
import { describeMachine } from '../macro/machine.ts';
import { writeRecord } from '../macro/record.ts';
import { formatTable } from '../macro/summary.ts';

const LOADS = 15;
const ITEMS = 20_000;
const WAIT_MS = 60_000;
const PAGES = ['/console/', '/console/clusters/web', '/console/clusters/web/scale'] as const;
const CACHES = ['empty', 'full'] as const;
const CREATE =
  'Action=CreateCacheCluster&CacheClusterId=web&NumCacheNodes=3&CacheNodeType=slabring.64x1';

/** The milliseconds from the navigation to the first contentful paint, and to the first byte. */
const PAINT = `new Promise((resolve) => new PerformanceObserver((list) => {
  const paint = list.getEntriesByName('first-contentful-paint')[0];
  if (!paint) return;
  const { responseStart } = performance.getEntriesByType('navigation')[0];
  resolve([paint.startTime, responseStart]);
}).observe({ type: 'paint', buffered: true }))`;

interface Paint {
  readonly page: string;
  readonly cache: (typeof CACHES)[number];
  readonly paintMs: number;
  readonly firstByteMs: number;
}

async function measure(browser: Browser, url: string): Promise<readonly Paint[]> {
  const paints: Paint[] = [];
  for (const path of PAGES) {
    for (let load = 0; load < LOADS; load++) {
      // Another context has another cache.
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
      const page = await context.newPage();
      await signIn(page, url);
      for (const cache of CACHES) {
        if (cache === 'empty') {
          const session = await context.newCDPSession(page);
          await session.send('Network.clearBrowserCache');
        }
        await page.goto(url + path);
        const [paintMs, firstByteMs] = (await page.evaluate(PAINT)) as [number, number];
        paints.push({ page: path, cache, paintMs, firstByteMs });
      }
      await context.close();
    }
  }
  return paints;
}

async function signIn(page: Awaited<ReturnType<Browser['newPage']>>, url: string) {
  await page.goto(`${url}/console/sign-in`);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Clusters' }).waitFor();
}

/** A cluster with items, of which the manager has samples. */
async function prepare(url: string): Promise<void> {
  const ask = async (form: string): Promise<string> => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return (await fetch(url, { method: 'POST', headers, body: form })).text();
  };
  await ask(CREATE);
  const shown = await waitUntil(
    'the cluster is available',
    async () => {
      const text = await ask('Action=DescribeCacheClusters');
      return text.includes('>available<') && text;
    },
    WAIT_MS,
  );
  const port = Number(/<Port>(\d+)/.exec(shown)![1]);
  const sets = Array.from({ length: ITEMS }, (_, nth) => `set key-${nth} 0 0 5\r\nvalue\r\n`);
  await exchangeOnce({ host: '127.0.0.1', port }, sets.join(''));
}

function summaryOf(paints: readonly Paint[]): string {
  const quantile = (values: readonly number[], share: number): string =>
    values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))]!.toFixed(0);
  const rows = PAGES.flatMap((page) =>
    CACHES.map((cache) => {
      const of = paints.filter((paint) => paint.page === page && paint.cache === cache);
      const seen = of.map(({ paintMs }) => paintMs);
      const bytes = of.map(({ firstByteMs }) => firstByteMs);
      return [page, cache, quantile(seen, 0.5), quantile(seen, 0.95), quantile(bytes, 0.5)];
    }),
  );
  return formatTable([
    ['page', 'cache', 'first paint, ms: median', '95 %', 'first byte, ms: median'],
    ...rows,
  ]);
}

const { values } = parseArgs({ options: { 'no-record': { type: 'boolean', default: false } } });
const browser = await openBrowser();
if (typeof browser === 'string') throw new Error(`The console is not measured: ${browser}`);
const folder = await temporaryFolder();
const args = ['manage', `--data=${folder.path}/data`, '--port=0', '--no-auth'];
const manager = startVerb([...args, `--first-port=${await freePort()}`]);
try {
  await waitUntil('the console listens', () => manager.stdout.includes('Try:'), WAIT_MS);
  const url = /http:\S+/.exec(manager.stdout)![0];
  await prepare(url);
  const paints = await measure(browser, url);
  const summary = summaryOf(paints);
  console.log(summary);
  if (!values['no-record']) {
    const machine = describeMachine();
    const commands = [`slabring ${args.join(' ').replace(folder.path, '<folder>')}`];
    const record = await writeRecord({ machine, commands, summary, raw: paints });
    console.error(`The record is in ${record}`);
  }
} finally {
  await browser.close();
  await manager.stop();
  await folder.remove();
}
