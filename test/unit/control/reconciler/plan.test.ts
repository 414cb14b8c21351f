import { describe, expect, test } from 'vitest';
import type { ClusterRecord, NodeRecord } from '../../../../src/control/model/records.ts';
import { planOf } from '../../../../src/control/reconciler/plan.ts';
import type { Observed } from '../../../../src/control/runtime/runtime.ts';
import { clusterRecord } from '../../../support/control-records.ts';

const MEBIBYTE = 2 ** 20;
const STOPPED: Observed = { isRunning: false, nodes: [] };
const HELD = { items: 60_000, bytes: 60 * MEBIBYTE };

const running = (count: number, memoryMib = 64): Observed => ({
  isRunning: true,
  nodes: Array.from({ length: count }, (_, nth) => ({
    ...{ id: `000${nth + 1}`, serves: true, memoryMib, memoryMibMax: memoryMib, options: [] },
  })),
});

const wanted = {
  shapeOf: () => ({ memoryMib: 64, options: [] }),
  parameters: {},
  users: undefined,
};

function withStatuses(...statuses: readonly NodeRecord['status'][]): ClusterRecord {
  const record = clusterRecord({ nodes: statuses.length });
  const nodes = record.nodes.map((node, nth) => ({ ...node, status: statuses[nth]! }));
  return { ...record, status: 'modifying', nodes };
}

const stepsOf = ({ steps }: ReturnType<typeof planOf>) =>
  steps.map(({ step, keys }) => [step.kind, 'node' in step ? step.node : '', keys]);

describe('a plan', () => {
  test('a new cluster starts, and loses nothing', () => {
    const plan = planOf(clusterRecord({ status: 'creating' }), STOPPED, wanted, HELD);
    expect(stepsOf(plan)).toEqual([['start', '', 0]]);
    expect(plan).toMatchObject({ keysLost: 0, bytesLost: 0, limitBytes: 3 * 64 * MEBIBYTE });
  });
  test('nodes that come get their share, and one that goes gives its own', () => {
    const record = withStatuses('available', 'available', 'deleting', 'creating');
    const plan = planOf(record, running(3), wanted, HELD);
    expect(stepsOf(plan)).toEqual([
      ['add-node', '0004', 15_000],
      ['remove-node', '0003', 15_000],
    ]);
    expect(plan.keysLost).toBe(0);
  });
  test('a cluster at rest needs nothing', () => {
    expect(planOf(clusterRecord({}), running(3), wanted, HELD).steps).toEqual([]);
  });
  test('the only node restarts while another one has its items', () => {
    const plan = planOf(withStatuses('rebooting'), running(1), wanted, HELD);
    expect(stepsOf(plan)).toEqual([
      ['add-node', '0002', 30_000],
      ['restart-node', '0001', 60_000],
      ['remove-node', '0002', 30_000],
    ]);
  });
  test('each node that gets another size is a step', () => {
    const plan = planOf(withStatuses('available', 'available'), running(2, 32), wanted, HELD);
    expect(plan.steps.map(({ step }) => step.kind)).toEqual(['restart-node', 'restart-node']);
    const live = running(2, 128);
    expect(stepsOf(planOf(withStatuses('available', 'available'), live, wanted, HELD))).toEqual([
      ['resize-node', '0001', 0],
      ['resize-node', '0002', 0],
    ]);
  });
  test('what does not fit into the nodes that stay is told', () => {
    const held = { items: 100_000, bytes: 100 * MEBIBYTE };
    const plan = planOf(withStatuses('available', 'deleting'), running(2), wanted, held);
    expect(plan.limitBytes).toBe(64 * MEBIBYTE);
    expect([plan.keysLost, plan.bytesLost]).toEqual([36_000, 36 * MEBIBYTE]);
  });
  test('a cluster that is deleted loses all, unless a last snapshot has it', () => {
    const deleting = { ...clusterRecord({}), status: 'deleting' } as const;
    const plan = planOf(deleting, running(3), wanted, HELD);
    expect([stepsOf(plan), plan.keysLost]).toEqual([[['stop', '', 0]], 60_000]);
    const last = planOf({ ...deleting, snapshot: 'last' }, running(3), wanted, HELD);
    expect(stepsOf(last)).toEqual([
      ['snapshot', '', 60_000],
      ['stop', '', 0],
    ]);
    expect(last.keysLost).toBe(0);
  });
  test('replicated keys are counted once, and fill a node that restarts', () => {
    const record = { ...withStatuses('rebooting', 'available', 'available'), replicas: 2 };
    const plan = planOf(record, running(3), wanted, HELD);
    expect(stepsOf(plan)).toEqual([['restart-node', '0001', 20_000]]);
  });
});
