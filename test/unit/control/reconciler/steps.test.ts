import { describe, expect, test } from 'vitest';
import type { ClusterRecord, NodeRecord } from '../../../../src/control/model/records.ts';
import * as steps from '../../../../src/control/reconciler/steps.ts';
import type { Observed } from '../../../../src/control/runtime/runtime.ts';
import { clusterRecord } from '../../../support/control-records.ts';

/** `0001:64:128 --a`: 64 MiB, which may become 128 MiB without a restart, and the option --a. */
const running = (...ids: readonly string[]): Observed => ({
  isRunning: true,
  nodes: ids.map((text) => {
    const [shape = '', ...options] = text.split(' ');
    const [id, memory = '512', max = '0'] = shape.split(':');
    const memoryMib = Number(memory);
    return { id: id!, serves: true, memoryMib, memoryMibMax: Number(max), options };
  }),
});

const wanted = {
  shapeOf: () => ({ memoryMib: 512, options: [] }),
  parameters: {},
  users: undefined,
};
const nextStep = (cluster: ClusterRecord, observed: Observed) =>
  steps.nextStep(cluster, observed, wanted);
const settle = (cluster: ClusterRecord, observed: Observed) =>
  steps.settle(cluster, observed, wanted);

const STOPPED: Observed = { isRunning: false, nodes: [] };

const withStatuses = (...statuses: readonly NodeRecord['status'][]): ClusterRecord => {
  const record = clusterRecord({ nodes: statuses.length });
  const nodes = record.nodes.map((node, nth) => ({ ...node, status: statuses[nth]! }));
  return { ...record, status: 'modifying', nodes };
};

describe('the next step', () => {
  test('a cluster that does not run is started, whatever it waits for', () => {
    expect(nextStep(clusterRecord({ status: 'creating' }), STOPPED)).toEqual({ kind: 'start' });
    expect(nextStep(withStatuses('available', 'deleting'), STOPPED)).toEqual({ kind: 'start' });
  });

  test('a cluster as it is wanted needs none', () => {
    expect(nextStep(clusterRecord({}), running('0001', '0002', '0003'))).toBeUndefined();
  });

  test('nodes come, then change, then restart, then go', () => {
    const record = withStatuses('available', 'rebooting', 'deleting', 'creating');
    const steps = [
      running('0001:64', '0002', '0003'),
      running('0001:64', '0002', '0003', '0004'),
      running('0001', '0002', '0003', '0004'),
    ].map((observed) => nextStep(record, observed));
    expect(steps).toEqual([
      { kind: 'add-node', node: '0004' },
      { kind: 'restart-node', node: '0001' },
      { kind: 'restart-node', node: '0002' },
    ]);
    const calm = withStatuses('available', 'available', 'deleting', 'available');
    expect(nextStep(calm, running('0001', '0002', '0003', '0004'))).toEqual({
      kind: 'remove-node',
      node: '0003',
    });
  });

  test('the only node restarts while another one has its items, which then goes', () => {
    const record = withStatuses('rebooting');
    expect(nextStep(record, running('0001'))).toEqual({ kind: 'add-node', node: '0002' });
    expect(nextStep(record, running('0001', '0002'))).toEqual({
      kind: 'restart-node',
      node: '0001',
    });
    const { cluster } = steps.restarted(record, '0001', '1.2.3');
    expect(nextStep(cluster, running('0001', '0002'))).toEqual({
      kind: 'remove-node',
      node: '0002',
    });
    expect(nextStep(cluster, running('0001'))).toBeUndefined();
  });

  test('memory changes while a node serves, as far as the node can', () => {
    const record = withStatuses('available', 'available');
    expect(nextStep(record, running('0001', '0002:128:512'))).toEqual({
      kind: 'resize-node',
      node: '0002',
    });
    expect(nextStep(record, running('0001', '0002:128:511'))).toEqual({
      kind: 'restart-node',
      node: '0002',
    });
  });

  test('other options need a restart, also where memory could change at once', () => {
    const record = withStatuses('available', 'available');
    const restart = { kind: 'restart-node', node: '0001' };
    expect(nextStep(record, running('0001:64:512 --disable-cas', '0002'))).toEqual(restart);
  });

  test('the nodes get the users of now before they change', () => {
    const record = withStatuses('rebooting');
    const users = { ...wanted, users: 'a:b' };
    expect(steps.nextStep(record, running('0001'), users)).toEqual({ kind: 'set-users' });
    const known = { ...running('0001'), users: 'a:b' };
    expect(steps.nextStep(record, known, users)).toEqual({ kind: 'add-node', node: '0002' });
  });

  test('a node that does not reply is waited for', () => {
    const { nodes } = running('0001 --disable-cas');
    const silent = nodes.map((node) => ({ ...node, memoryMib: undefined }));
    expect(nextStep(withStatuses('available'), { isRunning: true, nodes: silent })).toBeUndefined();
  });

  test('a node that goes is not made larger first', () => {
    expect(nextStep(withStatuses('available', 'deleting'), running('0001', '0002:64'))).toEqual({
      kind: 'remove-node',
      node: '0002',
    });
  });

  test('a new cluster gets its items once all its nodes are there', () => {
    const record = { ...clusterRecord({ status: 'creating', nodes: 2 }), restoreFrom: 'daily' };
    expect(nextStep(record, running('0001'))).toEqual({ kind: 'add-node', node: '0002' });
    const restore = { kind: 'restore', snapshot: 'daily' };
    expect(nextStep(record, running('0001', '0002'))).toEqual(restore);
    expect(settle(record, running('0001', '0002')).cluster.status).toBe('creating');
  });

  test('a cluster that is deleted has its snapshot before, also if it does not run', () => {
    const record = { ...clusterRecord({}), status: 'deleting', snapshot: 'last' } as const;
    expect(nextStep(record, STOPPED)).toEqual({ kind: 'start' });
    expect(nextStep(record, running('0001'))).toEqual({ kind: 'snapshot', snapshot: 'last' });
  });

  test('a cluster that could not be restored stays so', () => {
    const record = { ...clusterRecord({}), status: 'restore-failed' } as const;
    const observed = running('0001', '0002', '0003');
    expect(settle(record, observed).cluster.status).toBe('restore-failed');
  });

  test('a cluster that is deleted stops and is forgotten', () => {
    const record = { ...clusterRecord({}), status: 'deleting' } as const;
    expect(nextStep(record, running('0001'))).toEqual({ kind: 'stop' });
    expect(nextStep(record, STOPPED)).toEqual({ kind: 'forget' });
  });
});

describe('what has come true', () => {
  test('a node that runs before the record names it gets the parameters of the group', () => {
    const record = clusterRecord({ status: 'creating', nodes: 1 });
    const ofGroup = { ...wanted, parameters: { watch: '0' } };
    const { cluster } = steps.settle(record, running('0001'), ofGroup);
    expect(cluster.nodes[0]).toMatchObject({ status: 'available', parameters: { watch: '0' } });
  });
  test('a cluster is available once all its nodes serve', () => {
    const record = clusterRecord({ status: 'creating', nodes: 2 });
    const first = settle(record, running('0001'));
    expect([first.cluster.status, first.events]).toEqual([
      'creating',
      ['Added cache node 0001 in availability zone local-1a'],
    ]);
    const second = settle(first.cluster, running('0001', '0002'));
    expect([second.cluster.status, second.events.at(-1)]).toEqual([
      'available',
      'Cache cluster created',
    ]);
    expect(settle(second.cluster, running('0001', '0002')).events).toEqual([]);
  });

  test('a node that has gone is in the record no more', () => {
    const { cluster, events } = settle(withStatuses('available', 'deleting'), running('0001'));
    expect(cluster.nodes.map(({ id }) => id)).toEqual(['0001']);
    expect(events).toEqual(['Removed cache node 0002', 'Finished modifying the cache cluster']);
  });

  test('a node that joins is not available before it serves', () => {
    const { nodes } = running('0001');
    const joining = nodes.map((node) => ({ ...node, serves: false }));
    const record = clusterRecord({ status: 'creating', nodes: 1 });
    expect(settle(record, { isRunning: true, nodes: joining }).cluster).toEqual(record);
  });

  test('nothing comes true of a cluster that does not run, or is deleted', () => {
    const record = clusterRecord({ status: 'creating' });
    expect(settle(record, STOPPED)).toEqual({ cluster: record, events: [] });
    const deleting = { ...record, status: 'deleting' } as const;
    expect(settle(deleting, running('0001'))).toEqual({ cluster: deleting, events: [] });
  });

  test.each(['modifying', 'available'] as const)(
    'a failure of a cluster that is %s is forgotten once all is well',
    (status) => {
      const record = { ...withStatuses('available'), status, failure: 'no memory' };
      const { cluster } = settle(record, running('0001'));
      expect(cluster).toMatchObject({ status: 'available', failure: undefined });
    },
  );
});
