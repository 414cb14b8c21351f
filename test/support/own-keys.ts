import { createDistribution, readNodes } from '../../src/topology/index.ts';

/** Keys whose primary is the node at this place of the list: no other node holds them. */
export function ownKeys(addresses: readonly string[], at: number, count: number): string[] {
  const ring = createDistribution('ketama', readNodes(addresses));
  const keys: string[] = [];
  for (let nth = 0; keys.length < count; nth++) {
    if (ring.ownerOf(`own-${nth}`) === at) keys.push(`own-${nth}`);
  }
  return keys;
}
