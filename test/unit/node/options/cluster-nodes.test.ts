import { expect, test } from 'vitest';
import { clusterNodesRefusal, publishCluster } from '../../../../src/node/options/cluster-nodes.ts';
import { ConfigTable } from '../../../../src/node/shared/config-table.ts';

const namesOf = (count: number, chars: number): string[] =>
  Array.from({ length: count }, (_, at) => `${`${at}`.padStart(chars, 'n')}:11211`);

test.each([
  [['a:1', 'b', '[::1]:2', 'c|10.0.0.1|3'], undefined],
  [namesOf(1000, 50), undefined],
  [namesOf(1001, 10), /has 1001 nodes; a cluster has at most 1000/],
  [namesOf(1000, 60), /makes a reply of 6\d{4} bytes; the maximum is 65536/],
  [['a', 'b', 'a:11211'], /names a:11211 twice/],
  [['a|10.0.0.1|1', 'a|10.0.0.2|1'], /names a:1 twice/],
  [['0.0.0.0:1'], /has 0\.0\.0\.0:1, to which no client can connect/],
  [['[::]:1'], /has \[::\]:1, to which no client can connect/],
  [['a|0.0.0.0|1'], /has a:1, to which no client can connect/],
])('the nodes %j are published or refused with a reason', (clusterNodes, refusal) => {
  const options = { clusterNodes, clusterVersion: 1 };
  const table = new ConfigTable(ConfigTable.allocate());
  if (refusal === undefined) {
    expect(clusterNodesRefusal(options)).toBeUndefined();
    publishCluster(table, options);
    expect(table.get('cluster')?.data.toString()).toMatch(/^1\n/);
  } else {
    expect(clusterNodesRefusal(options)).toMatch(refusal);
    expect(() => publishCluster(table, options)).toThrow(refusal);
    expect(table.get('cluster')).toBeUndefined();
  }
});
