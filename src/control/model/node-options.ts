/** What a node type and a parameter group mean for a node; pure. */
import type { NodeType } from './node-types.ts';
import { parameterNamed } from './parameters.ts';

type Values = Readonly<Record<string, string>>;

const OVERHEAD = 'memcached_connections_overhead';
/** A node with less memory for items than this does not start. */
const MEMORY_MIB_MIN = 8;

/**
 * The memory for items (`-m`): that of the type without what connections need. A type of slabring
 * says the memory for items itself, so it loses only what a group names.
 */
export function memoryMibOf({ name, memoryMib }: NodeType, values: Values): number {
  const isOwn = name.startsWith('slabring.');
  const given = Object.hasOwn(values, OVERHEAD) ? values[OVERHEAD] : undefined;
  const overhead = Number(given ?? (isOwn ? 0 : parameterNamed(OVERHEAD)!.default));
  return Math.max(MEMORY_MIB_MIN, memoryMib - overhead);
}

/** How a parameter reaches a node: its option with a value, or its option when it is 0 or 1. */
const OPTIONS: Readonly<Record<string, (value: string) => string | undefined>> = {
  binding_protocol: (value) => `--protocol=${value}`,
  cas_disabled: when('1', '--disable-cas'),
  chunk_size: (value) => `--slab-min-size=${value}`,
  chunk_size_growth_factor: (value) => `--slab-growth-factor=${value}`,
  disable_flush_all: when('1', '--disable-flush-all'),
  error_on_memory_exhausted: when('1', '--disable-evictions'),
  idle_timeout: (value) => `--extended=idle_timeout=${value}`,
  lru_crawler: when('0', '--no-lru-crawler'),
  lru_maintainer: when('0', '--no-lru-maintainer'),
  max_item_size: (value) => `--max-item-size=${value}`,
  slab_automove: (value) => `--slab-automove=${value}`,
  slab_chunk_max: (value) => `--extended=slab_chunk_max=${value}`,
  slab_reassign: when('0', '--no-slab-reassign'),
  track_sizes: when('1', '--track-sizes'),
  watch: when('0', '--disable-watch'),
};

function when(only: string, option: string): (value: string) => string | undefined {
  return (value) => (value === only ? option : undefined);
}

/** The options of a node with these parameters. Those without a meaning for a node have none. */
export function nodeOptions(values: Values): readonly string[] {
  return Object.entries(values)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value]) => OPTIONS[name]?.(value) ?? []);
}
