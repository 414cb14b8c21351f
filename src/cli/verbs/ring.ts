import type { CacheClient } from '../../client/index.ts';
import { defineCacheVerb } from '../cache/cache-verb.ts';
import { EXIT } from '../process/exit-codes.ts';
import { columns, DEFAULT_COLUMNS, widthOf } from '../terminal/columns.ts';

const SAMPLE_KEYS = 100_000;
const BAR_CHARS_MAX = 40;

/** `slabring ring` */
export const ringVerb = defineCacheVerb({
  name: 'ring',
  summary: 'show the share of keys of each node, and the nodes of given keys',
  description:
    'Shows the share of keys of each node (measured with 100,000 keys: key0, key1, …), and the ' +
    'owner of each key given; with --replicas also the other nodes that hold a replica. It ' +
    'computes this from the names of the nodes, and sends no request to the nodes of --nodes.\n' +
    'Exit code 0: always;',
  parameters: ['[key...]'],
  flags: {},
  examples: [
    { command: 'slabring ring --nodes 10.0.0.1,10.0.0.2,10.0.0.3', effect: 'the shares of keys' },
    { command: 'slabring ring user:1 --nodes 10.0.0.1@2,10.0.0.2', effect: 'the owner of user:1' },
    {
      command: 'slabring ring user:1 --nodes a,b,c --replicas 2',
      effect: 'the nodes of its replicas',
    },
    {
      command: 'slabring ring --discovery elasticache:10.0.0.1',
      effect: 'the shares in a cluster',
    },
  ],
  async run(cache, { json, replicas }, host, keys) {
    const locations = keys.map((key) => ({
      key,
      node: cache.nodeOf(key),
      nodes: cache.nodesOf(key),
    }));
    const shares = sharesOf(cache);
    const tables = replicas === 1 ? ownerTables : replicaTables;
    if (json) host.out(JSON.stringify({ nodes: shares, keys: locations }));
    else host.out(tables(shares, locations, host.columns));
    return EXIT.ok;
  },
});

interface NodeShare {
  readonly node: string;
  /** The fraction of keys that the node owns: 0 … 1. */
  readonly share: number;
  /** The fraction of keys that the node holds, as owner or as another replica: 0 … 1. */
  readonly held: number;
}

interface KeyLocation {
  readonly key: string;
  readonly node: string;
  /** All nodes that hold the key; the owner is the first. */
  readonly nodes: readonly string[];
}

function sharesOf(cache: CacheClient): readonly NodeShare[] {
  const counts = new Map([...cache.metrics().keys()].map((node) => [node, { owned: 0, held: 0 }]));
  for (let i = 0; i < SAMPLE_KEYS; i++) {
    for (const [rank, node] of cache.nodesOf(`key${i}`).entries()) {
      const count = counts.get(node)!;
      if (rank === 0) count.owned++;
      count.held++;
    }
  }
  return [...counts].map(([node, { owned, held }]) => {
    return { node, share: owned / SAMPLE_KEYS, held: held / SAMPLE_KEYS };
  });
}

function ownerTables(
  shares: readonly NodeShare[],
  locations: readonly KeyLocation[],
  columnsMax?: number,
): string {
  const rows = shares.map(({ node, share }) => [node, percent(share)]);
  return tables(
    withBars(
      rows,
      shares.map(({ share }) => share),
      columnsMax,
    ),
    locations.map(({ key, node }) => [key, node]),
  );
}

function replicaTables(
  shares: readonly NodeShare[],
  locations: readonly KeyLocation[],
  columnsMax?: number,
): string {
  const rows = shares.map(({ node, share, held }) => [node, percent(share), percent(held)]);
  const bars = withBars(
    rows,
    shares.map(({ held }) => held),
    columnsMax,
  );
  return tables(
    [['node', '   owns', '  holds', ''], ...bars],
    locations.map(({ key, nodes }) => [key, ...nodes]),
  );
}

/** Adds a bar for the share to each row, in what the row leaves of the width. */
function withBars(
  rows: readonly (readonly string[])[],
  shares: readonly number[],
  columnsMax = DEFAULT_COLUMNS,
): readonly string[][] {
  const room = columnsMax - widthOf(columns(rows)) - 2;
  const chars = Math.max(0, Math.min(BAR_CHARS_MAX, room));
  return rows.map((row, i) => [...row, '█'.repeat(shares[i]! * chars)]);
}

function tables(nodes: readonly string[][], keys: readonly string[][]): string {
  return keys.length === 0 ? columns(nodes) : `${columns(nodes)}\n\n${columns(keys)}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1).padStart(5)} %`;
}
