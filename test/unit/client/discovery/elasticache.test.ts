import { describe, expect, test } from 'vitest';
import { candidatesOf, topologyOf } from '../../../../src/client/discovery/elasticache.ts';
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

describe('the topology of a cluster config', () => {
  const config = {
    version: 12,
    nodes: [
      { host: 'a', ip: '10.0.0.1', port: 11_211 },
      { host: '::1', ip: '', port: 11_212 },
    ],
  };
  const v6 = {
    name: '[::1]:11212',
    ringName: '::1:11212',
    weight: 1,
    connect: { host: '::1', port: 11_212 },
  };
  test('nodes have names, and the ip if the config has it', () => {
    const a = {
      name: 'a:11211',
      ringName: 'a',
      weight: 1,
      ip: '10.0.0.1',
      connect: { host: 'a', port: 11_211 },
    };
    expect(topologyOf(config, 'host')).toStrictEqual({ version: 12, nodes: [a, v6] });
  });
  test('connectBy ip: nodes keep their names and connect to their addresses', () => {
    const [a, other] = topologyOf(config, 'ip').nodes;
    expect(a).toMatchObject({ name: 'a:11211', connect: { host: '10.0.0.1', port: 11_211 } });
    expect(other).toStrictEqual(v6);
  });
});
