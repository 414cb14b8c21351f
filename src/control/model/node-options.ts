/** What a node type and the parameters of a node mean for its process; pure. */
import type { NodeType } from './node-types.ts';
import { PARAMETERS, type ParameterValues, parameterValue } from './parameters.ts';

/** A node with less memory for items than this does not start. */
const MEMORY_MIB_MIN = 8;
/** An item may have so much of the memory of a node. Source: ElastiCache. */
const ITEM_SHARE = 4;
const MEBIBYTE = 2 ** 20;

/** How the process of a node should run. */
export interface NodeShape {
  /** For items: `-m`. */
  readonly memoryMib: number;
  /** Options of `slabring serve`, such as `--threads=2`, in a fixed order. */
  readonly options: readonly string[];
}

export const shapeOf = (type: NodeType, values: ParameterValues): NodeShape => ({
  memoryMib: memoryMibOf(type, values),
  options: [`--threads=${type.threads}`, ...nodeOptions(values)],
});

/**
 * The memory for items: that of the type without what connections need, or less if
 * `cache_memlimit` says so. A type of slabring says the memory for items itself, so it loses only
 * what a group names.
 */
export function memoryMibOf({ name, memoryMib }: NodeType, values: ParameterValues): number {
  const overhead = 'memcached_connections_overhead';
  const isOwn = name.startsWith('slabring.') && !Object.hasOwn(values, overhead);
  const room = memoryMib - (isOwn ? 0 : Number(parameterValue(overhead, values)));
  const limit = Number(parameterValue('cache_memlimit', values));
  return Math.max(MEMORY_MIB_MIN, limit === 0 ? room : Math.min(room, limit));
}

/** Why no node of a type can have these values; undefined if it can. Source: ElastiCache. */
export function whyTooLarge(type: NodeType, values: ParameterValues): string | undefined {
  const item = Number(parameterValue('max_item_size', values));
  const memoryMib = memoryMibOf(type, values);
  if (item <= (memoryMib * MEBIBYTE) / ITEM_SHARE) return undefined;
  return (
    `max_item_size is ${item}; a node of ${type.name} has ${memoryMib} MiB for items, and one ` +
    `item may have a quarter of them.`
  );
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

/**
 * The options of a node with these parameters. A default needs none, and those without a meaning
 * for a node have none.
 */
export function nodeOptions(values: ParameterValues): readonly string[] {
  return PARAMETERS.flatMap((parameter) => {
    const value = parameterValue(parameter.name, values);
    if (value === parameter.default) return [];
    return OPTIONS[parameter.name]?.(value) ?? [];
  });
}
