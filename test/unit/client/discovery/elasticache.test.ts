import { describe, expect, test } from 'vitest';
import { candidatesOf } from '../../../../src/client/discovery/elasticache.ts';
import { readNodes } from '../../../../src/topology/index.ts';

const candidates = (endpoints: string, known: string | undefined, nth: number): string => {
  const topology = known === undefined ? undefined : { version: 1, nodes: readNodes([...known]) };
  const all = candidatesOf(readNodes([...endpoints]), topology, nth);
  return all.map(({ ringName }) => ringName).join('');
};

describe('the endpoints that a poll queries', () => {
  test.each([
    ['ab', undefined, 0, 'ab'],
    ['ab', undefined, 1, 'ba'],
    ['ab', undefined, 2, 'ab'],
    ['e', 'abc', 0, 'eabc'],
    ['e', 'abc', 3, 'ceab'],
    ['ab', 'bac', 0, 'abc'],
    ['e', 'abcdfghij', 0, 'eabcdfgh'],
    ['e', 'abcdfghij', 9, 'jeabcdfg'],
  ])('endpoints %s, known %s, poll %i: %s', (endpoints, known, nth, queried) => {
    expect(candidates(endpoints, known, nth)).toBe(queried);
  });

  test('an endpoint keeps its own address, also when the topology contains it', () => {
    const [endpoint] = readNodes(['a']);
    const listed = { ...endpoint!, connect: { host: '10.0.0.1', port: 11_211 } };
    expect(candidatesOf([endpoint!], { version: 1, nodes: [listed] }, 0)).toEqual([endpoint]);
  });
});
