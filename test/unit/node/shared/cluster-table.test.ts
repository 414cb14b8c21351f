import { expect, test } from 'vitest';
import { ClusterTable } from '../../../../src/node/shared/cluster-table.ts';
import { clusterViewWith } from '../../../support/cluster-view.ts';

test('a node that has shown nothing is in no cluster', () => {
  expect(new ClusterTable(ClusterTable.allocate()).view()).toBeUndefined();
});

test('another thread reads the last view whole, also a shorter one', () => {
  const memory = ClusterTable.allocate();
  const [writer, reader] = [new ClusterTable(memory), new ClusterTable(memory)];
  for (const peers of [clusterViewWith().peers, []]) {
    const view = clusterViewWith({ peers });
    writer.show(view);
    expect(reader.view()).toEqual(view);
  }
});

test('the table has room for a thousand peers with the longest names', () => {
  const table = new ClusterTable(ClusterTable.allocate());
  const peers = Array.from({ length: 1000 }, (_, nth) => ({
    name: `${nth}`.padStart(64, 'n'),
    linksUp: 64,
    backlogBytes: 2 ** 40,
    unansweredRequests: 2 ** 32,
    lagMs: 10_000,
  }));
  table.show(clusterViewWith({ peers }));
  expect(table.view()?.peers).toEqual(peers);
});
