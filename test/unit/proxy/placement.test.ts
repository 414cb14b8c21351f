import { describe, expect, test } from 'vitest';
import { Placement, readProxiedNodes } from '../../../src/proxy/placement.ts';

const nodes = readProxiedNodes(['a:1', 'b:2', 'c:3']);
const keys = Array.from({ length: 300 }, (_, nth) => Buffer.from(`key-${nth}`));
const placesOf = (placement: Placement) =>
  keys.map((key) => placement.nodeOf(Buffer.concat([Buffer.from('get '), key]), 4, key.length + 4));

describe('the placement of a proxy', () => {
  test('nodes have a weight behind their port', () => {
    const [first, second, socket] = readProxiedNodes(['a:1:3', '[::1]:2:5', '/run/m.sock']);
    expect([first!.weight, second!.weight, socket!.weight]).toEqual([3, 5, 1]);
    expect([first!.name, second!.name]).toEqual(['a:1', '[::1]:2']);
    expect(() => readProxiedNodes(['a:1', 'a:1'])).toThrow('names a node twice');
  });

  test('keys of a node that is down go to the others, and come back', () => {
    const placement = new Placement(nodes, {
      distribution: 'ketama',
      hash: undefined,
      deadNode: 'next',
    });
    const before = placesOf(placement);
    placement.setDown(new Set([1]));
    const moved = placesOf(placement);
    expect(new Set(moved)).toEqual(new Set([0, 2]));
    const stayed = before.map((place, at) => place === 1 || place === moved[at]);
    expect(stayed.every(Boolean)).toBe(true);
    placement.setDown(new Set());
    expect(placesOf(placement)).toEqual(before);
    expect(placement.version).toBe(3);
  });

  test('keys stay if their node is down, with error, or if all are down', () => {
    const options = { distribution: 'ketama', hash: undefined } as const;
    const strict = new Placement(nodes, { ...options, deadNode: 'error' });
    const before = placesOf(strict);
    strict.setDown(new Set([1]));
    expect([placesOf(strict), strict.version]).toEqual([before, 1]);
    const loose = new Placement(nodes, { ...options, deadNode: 'next' });
    loose.setDown(new Set([0, 1, 2]));
    expect(placesOf(loose)).toEqual(before);
  });
});
