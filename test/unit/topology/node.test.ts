import { describe, expect, test } from 'vitest';
import { type NodeSpec, readNodes, TopologyError } from '../../../src/topology/index.ts';

describe('readNodes', () => {
  test.each([
    ['cache', 'cache:11211', 'cache'],
    ['cache:11211', 'cache:11211', 'cache'],
    ['cache:11212', 'cache:11212', 'cache:11212'],
    ['[::1]:11212', '[::1]:11212', '::1:11212'],
    ['::1', '[::1]:11211', '::1'],
    ['/run/cache.sock', '/run/cache.sock', '/run/cache.sock'],
  ])('%s has the name %s, and on the ring the name %s', (spec, name, ringName) => {
    expect(readNodes([spec])[0]).toMatchObject({ name, ringName });
  });
  test.each([
    [[]],
    [['a', 'a:11211']],
    [['']],
    [['a:0']],
    [['a:65536']],
    [['a b']],
    [[{ host: 'a', weight: 0 }]],
  ])('%j is refused', (specs) => {
    expect(() => readNodes(specs as readonly NodeSpec[])).toThrow(TopologyError);
  });
});
