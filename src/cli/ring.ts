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
    'owns the keys named; with --replicas every node that holds a copy, too. No node is asked, but\n' +
    'for the list (--discovery): it follows from their names alone.\n' +
    'Exit code 0: always;',
  words: ['[key...]'],
  flags: {},
  examples: [
    { command: 'slabring ring --nodes 10.0.0.1,10.0.0.2,10.0.0.3', does: 'the shares' },
    { command: 'slabring ring user:1 --nodes 10.0.0.1@2,10.0.0.2', does: 'where user:1 is' },
    { command: 'slabring ring user:1 --nodes a,b,c --replicas 2', does: 'where its copies are' },
    { command: 'slabring ring --discovery elasticache:10.0.0.1', does: 'of a cluster' },
  ],
  async run(cache, { json, replicas }, host, keys) {
    const places = keys.map((key) => ({ key, node: cache.nodeOf(key), nodes: cache.nodesOf(key) }));
    const shares = sharesOf(cache);
    if (json) host.out(JSON.stringify({ nodes: shares, keys: places }));
    else host.out(replicas === 1 ? asOwners(shares, places) : asCopies(shares, places));
    return EXIT.ok;
  },
});

interface NodeShare {
  readonly node: string;
  /** Of the keys, those that it owns: 0 … 1. */
  readonly share: number;
  /** Of the keys, those that it owns or holds a copy of: 0 … 1. */
  readonly held: number;
}

interface KeyPlace {
  readonly key: string;
  readonly node: string;
  /** The owner first. */
  readonly nodes: readonly string[];
}

function sharesOf(cache: CacheClient): readonly NodeShare[] {
  const counts = new Map([...cache.metrics().keys()].map((node) => [node, { owned: 0, held: 0 }]));
  for (let i = 0; i < SAMPLE_KEYS; i++) {
    for (const [at, node] of cache.nodesOf(`key${i}`).entries()) {
      const count = counts.get(node)!;
      if (at === 0) count.owned++;
      count.held++;
    }
  }
  return [...counts].map(([node, { owned, held }]) => {
    return { node, share: owned / SAMPLE_KEYS, held: held / SAMPLE_KEYS };
  });
}

function asOwners(shares: readonly NodeShare[], places: readonly KeyPlace[]): string {
  const rows = shares.map(({ node, share }) => [node, percent(share), bar(share)]);
  return tables(
    rows,
    places.map(({ key, node }) => [key, node]),
  );
}

function asCopies(shares: readonly NodeShare[], places: readonly KeyPlace[]): string {
  const rows = shares.map(({ node, share, held }) => {
    return [node, percent(share), percent(held), bar(held)];
  });
  return tables(
    [['node', '   owns', '  holds', ''], ...rows],
    places.map(({ key, nodes }) => [key, ...nodes]),
  );
}

function tables(nodes: readonly string[][], keys: readonly string[][]): string {
  return keys.length === 0 ? columns(nodes) : `${columns(nodes)}\n\n${columns(keys)}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1).padStart(5)} %`;
}

function bar(share: number): string {
  return '█'.repeat(share * BAR_CHARS);
}
