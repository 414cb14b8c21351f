import { setTimeout as sleep } from 'node:timers/promises';
import { choice, flag, integer, machineClock, text } from '../../base/index.ts';
import { type CacheClient, CacheError } from '../../client/index.ts';
import { type HotReport, KeyCensus, Pacer, readHotReport } from '../../ops/index.ts';
import type { ListedItem } from '../../protocol/client.ts';
import { defineCacheVerb } from '../cache/cache-verb.ts';
import { exitCodeOf } from '../cache/each-node.ts';
import { nodeStats } from '../cache/node-stats.ts';
import { keyOfShown } from '../terminal/key-text.ts';
import { censusJson, censusText, PREFIX_SORTS, type PrefixSort } from '../terminal/keys-page.ts';
import { ListingProgress } from '../terminal/listing-progress.ts';
import { progressBar } from '../terminal/progress-bar.ts';

const ROWS_MAX = 10_000;
const LARGEST_DEFAULT = 10;

const keysFlags = {
  prefix: text({
    isCommandLineOnly: true,
    placeholder: '<text>',
    doc: 'Count only keys that begin with this; %XX is one byte, %25 a percent sign.',
  }),
  largest: integer({
    isCommandLineOnly: true,
    default: 0,
    min: 0,
    max: ROWS_MAX,
    doc: `Show so many of the largest items. Default: ${LARGEST_DEFAULT} without --by-prefix.`,
  }),
  byPrefix: flag({
    isCommandLineOnly: true,
    doc: 'Show keys and bytes by prefix. Default: on without --largest.',
  }),
  separator: text({
    isCommandLineOnly: true,
    default: ':',
    placeholder: '<text>',
    doc: 'Where a prefix ends.',
  }),
  depth: integer({
    isCommandLineOnly: true,
    default: 1,
    min: 1,
    max: 16,
    doc: 'How many parts a prefix has, beyond that of --prefix.',
  }),
  top: integer({
    isCommandLineOnly: true,
    default: 20,
    min: 1,
    max: ROWS_MAX,
    doc: 'How many prefixes to show; the others are one row.',
  }),
  sort: choice({
    isCommandLineOnly: true,
    words: Object.keys(PREFIX_SORTS) as PrefixSort[],
    default: 'bytes',
    doc: 'The order of the prefixes, the largest number first.',
  }),
  rate: integer({
    isCommandLineOnly: true,
    default: 50_000,
    min: 100,
    max: 10_000_000,
    doc: 'How many keys of each node to list in a second, at most.',
  }),
};

/** `slabring keys` */
export const keysVerb = defineCacheVerb({
  name: 'keys',
  summary: 'show what fills the memory: the largest items, and keys and bytes by prefix',
  description:
    'Lists the keys of every node, without their values, and shows the largest items and what ' +
    'the keys of each prefix occupy: how many, their bytes with keys and headers, how many bytes ' +
    'no client has read since they were stored, and how many keys never expire. It lists slowly ' +
    '(--rate) and with bounded memory, so that the nodes serve as before. It works with every ' +
    'Memcached node (lru_crawler metadump); a login needs the role admin.\n' +
    'Exit code 0: every node listed its keys;',
  flags: keysFlags,
  examples: [
    { command: 'slabring keys', effect: 'the largest items and prefixes of all nodes' },
    { command: 'slabring keys --by-prefix --sort unread', effect: 'what nobody reads' },
    { command: 'slabring keys --prefix user: --by-prefix --depth 2', effect: 'inside of user:' },
    { command: 'slabring keys --largest 100 --json --nodes a,b,c', effect: 'for a program' },
  ],
  async run(_cache, options, host, _args, { each, list }) {
    const { prefix, largest, byPrefix, json, rate } = options;
    const showsAll = largest === 0 && !byPrefix;
    const census = new KeyCensus({
      ...options,
      keyPrefix: keyOfShown(prefix).toString('latin1'),
      separator: Buffer.from(options.separator).toString('latin1'),
      largestMax: showsAll ? LARGEST_DEFAULT : largest,
    });
    const progress = new ListingProgress(progressBar(host.terminal));
    const startedMs = machineClock.nowMs();
    const results = await each(async (node) => {
      await progress.expect(itemCount(node));
      const [name = ''] = node.metrics().keys();
      const pacer = new Pacer(rate);
      let keys = 0;
      for await (const items of list(node)) {
        addAll(census, items, name);
        keys += items.length;
        progress.add(items.length);
        const restMs = pacer.restMs(items.length, machineClock.nowMs());
        if (restMs > 0) await sleep(restMs);
      }
      return { keys, prefixes: await hotPrefixes(node) };
    }).finally(() => progress.clear());
    const seconds = (machineClock.nowMs() - startedMs) / 1000;
    const page = { ...options, census, results, seconds, byPrefix: byPrefix || showsAll };
    host.out(json ? censusJson(page) : censusText(page, host));
    return exitCodeOf(results, host);
  },
});

async function itemCount(node: CacheClient): Promise<number> {
  return Number((await nodeStats(node)).get('curr_items') ?? 0);
}

/** What the node has sampled of prefixes; a node that tells nothing has sampled none. */
async function hotPrefixes(node: CacheClient): Promise<HotReport> {
  try {
    return readHotReport(await nodeStats(node, 'hot_prefixes'));
  } catch (error) {
    if (error instanceof CacheError && error.code === 'ERR_REFUSED')
      return readHotReport(new Map());
    throw error;
  }
}

function addAll(census: KeyCensus, items: readonly ListedItem[], node: string): void {
  const now = Math.floor(Date.now() / 1000);
  for (const item of items) census.add(item, node, now);
}
