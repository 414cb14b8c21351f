import { expect, test } from 'vitest';
import { adoptedBy } from '../../../../src/cluster/thread/adopted.ts';
import { ADOPTION_MS_MAX, TopologyView } from '../../../../src/cluster/thread/topology-view.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { ManualTimers } from '../../../support/manual-timers.ts';

function viewOf(version: number) {
  const timers = new ManualTimers();
  const view = new TopologyView(timers);
  const adopt = (next: number): void => {
    view.adopt(adoptedBy(topologyWith(3, { version: next }), memberWith(1)));
    view.wake();
  };
  adopt(version);
  const outcomes: string[] = [];
  const wait = (next: number): void =>
    view.whenAdopted(next, (isAdopted) => void outcomes.push(`${next} ${isAdopted}`));
  return { timers, view, adopt, wait, outcomes };
}

test('a request waits for no version that the thread has adopted', () => {
  const { wait, outcomes } = viewOf(3);
  wait(3);
  expect(outcomes).toEqual(['3 true']);
});

test('requests go on when the thread adopts their version or a later one', () => {
  const { wait, outcomes, adopt } = viewOf(3);
  wait(5);
  wait(4);
  adopt(4);
  expect(outcomes).toEqual(['4 true']);
  adopt(6);
  expect(outcomes).toEqual(['4 true', '5 true']);
});

test('a request waits for a bounded time', () => {
  const { wait, outcomes, timers, adopt } = viewOf(3);
  wait(4);
  timers.advance(ADOPTION_MS_MAX - 1);
  expect(outcomes).toEqual([]);
  timers.advance(1);
  adopt(4);
  expect(outcomes).toEqual(['4 false']);
});

test('a bounded number of requests waits', () => {
  const { wait, outcomes } = viewOf(3);
  for (let count = 0; count < 10_001; count++) wait(4);
  expect(outcomes).toEqual(['4 false']);
});

test('no request waits any longer when the thread ends', () => {
  const { wait, outcomes, view } = viewOf(3);
  wait(4);
  view.end();
  expect(outcomes).toEqual(['4 false']);
});

test('the topologies from a version on are known only if none of them is missing', () => {
  const { view, adopt } = viewOf(3);
  const since = (version: number) => view.since(version)?.map(({ topology }) => topology.version);
  expect([since(3), since(2)]).toEqual([[3], undefined]);
  adopt(4);
  expect([since(4), since(3), since(2)]).toEqual([[4], [4, 3], undefined]);
  for (let version = 5; version <= 12; version++) adopt(version);
  expect([since(5)?.length, since(4)]).toEqual([8, undefined]);
});
