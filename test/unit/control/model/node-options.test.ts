import { describe, expect, test } from 'vitest';
import { memoryMibOf, nodeOptions } from '../../../../src/control/model/node-options.ts';
import { nodeType } from '../../../../src/control/model/node-types.ts';

describe('the options of a node', () => {
  test('a node type of ElastiCache leaves 100 MiB to connections, unless a group says more', () => {
    const type = nodeType('cache.t3.micro')!;
    expect(memoryMibOf(type, {})).toBe(412);
    expect(memoryMibOf(type, { memcached_connections_overhead: '200' })).toBe(312);
    expect(memoryMibOf(type, { memcached_connections_overhead: '9999' })).toBe(8);
  });

  test('a node type of slabring says the memory for items', () => {
    const type = nodeType('slabring.64x1')!;
    expect(memoryMibOf(type, {})).toBe(64);
    expect(memoryMibOf(type, { memcached_connections_overhead: '16' })).toBe(48);
  });

  test('parameters are options, switches only when they switch something', () => {
    expect(nodeOptions({})).toEqual([]);
    expect(
      nodeOptions({
        watch: '0',
        cas_disabled: '0',
        max_item_size: '4194304',
        idle_timeout: '60',
        hash_algorithm: 'murmur3',
        lru_crawler: '1',
        disable_flush_all: '1',
      }),
    ).toEqual([
      '--disable-flush-all',
      '--extended=idle_timeout=60',
      '--max-item-size=4194304',
      '--disable-watch',
    ]);
  });
});
