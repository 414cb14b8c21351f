import { expect, test } from 'vitest';
import { TestNode } from '../../../support/cluster-node.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';

const three = [memberWith(1), memberWith(2), memberWith(3)];

test('a node decides keys at its first grants, and adopts newer topologies before', async () => {
  const node = new TestNode();
  node.mayDecide = false;
  await node.adopt(topologyWith(three, { version: 1 }));
  await node.adopt(topologyWith([...three, memberWith(4, { state: 'joining' })], { version: 2 }));
  expect(node.steps.filter((step) => step.startsWith('decide'))).toEqual([]);
  node.grant();
  await node.until(() => node.steps.includes('decide 2'));
});
