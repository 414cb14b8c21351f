import { expect, test } from 'vitest';
import { TestNode } from '../../../support/cluster-node.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { settleAll } from '../../../support/settle-all.ts';

const three = [memberWith(1), memberWith(2), memberWith(3)];
const topology = (version: number, ...members: typeof three) =>
  topologyWith(members, { version, replicas: 1 });

test('a fill waits until no old primary may change a key of this member', async () => {
  const test1 = new TestNode();
  await test1.adopt(topology(1, ...three));
  test1.isUndecided = true;
  await test1.adopt(topology(2, ...three, memberWith(4, { state: 'joining' })));
  await test1.until(() => test1.cluster.report().clean === 2);
  await settleAll();
  expect(test1.fills).toEqual([]);
  test1.isUndecided = false;
  const mark = { name: 'web-2', incarnation: 1002, version: 2, complete: 0 };
  await test1.cluster.told({ kind: 'marked', ...mark });
  await test1.until(() => test1.fills.length === 1);
  test1.fills[0]!.end('done');
  await test1.until(() => test1.cluster.report().complete === 2);
});
