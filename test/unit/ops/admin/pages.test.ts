import { expect, test } from 'vitest';
import { AdminPages } from '../../../../src/ops/admin/pages.ts';
import type { MetricSource } from '../../../../src/ops/metrics/sample.ts';

/** What /readyz says of a node in this state, which is such a member of a cluster. */
function readiness(state: string, member?: string): readonly [number, unknown] {
  const pages = new AdminPages();
  const cluster = member === undefined ? undefined : { state: member };
  const control = { health: () => ({ state }), cluster: () => cluster };
  pages.show({ control } as unknown as MetricSource);
  const { status, body } = pages.readiness();
  return [status, JSON.parse(body)];
}

test('a node of no cluster is ready while it serves', () => {
  expect(readiness('serving')).toEqual([200, { ready: true, state: 'serving' }]);
  expect(readiness('draining')).toEqual([503, { ready: false, state: 'draining' }]);
});

test.each([
  ['joining', 503],
  ['filling', 503],
  ['serving', 200],
  ['leaving', 200],
  ['down', 503],
  ['removed', 503],
])('a member that is %s is ready only if it has its items: %i', (member, status) => {
  const ready = status === 200;
  expect(readiness('serving', member)).toEqual([status, { ready, state: 'serving', member }]);
});

test('a member that drains is not ready', () => {
  expect(readiness('draining', 'serving')[0]).toBe(503);
});
