import { describe, expect, test } from 'vitest';
import {
  memoryMibOf,
  nodeOptions,
  shapeOf,
  whyTooLarge,
} from '../../../../src/control/model/node-options.ts';
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

  test('cache_memlimit lowers the memory for items, and never raises it', () => {
    const type = nodeType('slabring.64x2')!;
    expect(memoryMibOf(type, { cache_memlimit: '32' })).toBe(32);
    expect(memoryMibOf(type, { cache_memlimit: '128' })).toBe(64);
    expect(shapeOf(type, { cache_memlimit: '32' })).toEqual({
      memoryMib: 32,
      options: ['--threads=2'],
    });
  });

  test('an item may have a quarter of the memory for items', () => {
    const type = nodeType('slabring.64x1')!;
    expect(whyTooLarge(type, { max_item_size: '16777216' })).toBeUndefined();
    expect(whyTooLarge(type, { max_item_size: '33554432' })).toContain('64 MiB');
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
