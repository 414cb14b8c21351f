import type { CacheClient } from '../client/index.ts';
import { defineCacheVerb } from './cache-verb.ts';
import { columns } from './columns.ts';
import { EXIT } from './exit-codes.ts';

const SAMPLE_KEYS = 100_000;
const BAR_CHARS = 40;

/** `slabring ring` */
export const ringVerb = defineCacheVerb({
  name: 'ring',
  summary: 'show which node has which share of keys, and where keys are',
  about:
    'Shows what share of the keys each node has (of 100,000 keys, key0, key1, …), and which node\n' +
    'owns the keys named. No node is asked: it follows from their names alone.\n' +
    'Exit code 0: always;',
  words: ['[key...]'],
  flags: {},
  examples: [
    { command: 'slabring ring --nodes 10.0.0.1,10.0.0.2,10.0.0.3', does: 'the shares' },
    { command: 'slabring ring user:1 --nodes 10.0.0.1@2,10.0.0.2', does: 'where user:1 is' },
  ],
  async run(cache, { json }, host, keys) {
    const placement = keys.map((key) => ({ key, node: cache.nodeOf(key) }));
    const shares = sharesOf(cache);
    if (json) {
      host.out(JSON.stringify({ nodes: shares, keys: placement }));
      return EXIT.ok;
    }
    const rows = shares.map(({ node, share }) => {
      return [node, `${(share * 100).toFixed(1).padStart(5)} %`, '█'.repeat(share * BAR_CHARS)];
    });
    host.out(columns(rows));
    if (keys.length > 0) {
      host.out(`\n${columns(placement.map(({ key, node }) => [key, node]))}`);
    }
    return EXIT.ok;
  },
});

interface NodeShare {
  readonly node: string;
  /** 0 … 1. */
  readonly share: number;
}

function sharesOf(cache: CacheClient): readonly NodeShare[] {
  const counts = new Map([...cache.metrics().keys()].map((node) => [node, 0]));
  for (let i = 0; i < SAMPLE_KEYS; i++) {
    const node = cache.nodeOf(`key${i}`);
    counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  return [...counts].map(([node, count]) => ({ node, share: count / SAMPLE_KEYS }));
}
