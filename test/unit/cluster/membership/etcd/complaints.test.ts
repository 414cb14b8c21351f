import { expect, test } from 'vitest';
import type { RegisteredNode } from '../../../../../src/cluster/membership/etcd/cluster-keys.ts';
import { Complaints } from '../../../../../src/cluster/membership/etcd/complaints.ts';

const saying = (...unreachable: readonly string[]) => {
  return { report: { unreachable } } as unknown as Pick<RegisteredNode, 'report'>;
};

test('a complaint is as old as it has lasted without a break', () => {
  const complaints = new Complaints();
  complaints.note([saying('c'), saying()], 100);
  complaints.note([saying(), saying('c')], 200);
  expect([complaints.areAny, complaints.ageMs('c', 300), complaints.ageMs('a', 300)]).toEqual([
    true,
    200,
    0,
  ]);
  complaints.note([saying(), saying()], 400);
  expect([complaints.areAny, complaints.ageMs('c', 500)]).toEqual([false, 0]);
  complaints.note([saying('c')], 600);
  expect(complaints.ageMs('c', 700)).toBe(100);
});
