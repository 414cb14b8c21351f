import { describe, expect, test } from 'vitest';
import { CodedError } from '../../../../src/base/index.ts';
import { PARKED_MS_MAX, ParkedForwards } from '../../../../src/cluster/thread/parked-forwards.ts';
import { ManualTimers } from '../../../support/manual-timers.ts';

function harness() {
  const timers = new ManualTimers();
  const parked = new ParkedForwards(timers);
  const events: string[] = [];
  const add = (peer: string, name: string, bytes = 1): void =>
    parked.add(peer, {
      bytes: Buffer.alloc(bytes),
      sinceMs: timers.nowMs(),
      error: new CodedError('ERR_FORWARD', 'down'),
      retry: () => void events.push(`${name} again`),
      fail: ({ message }) => void events.push(`${name}: ${message}`),
    });
  return { timers, parked, events, add };
}
const FULL = 'too many requests wait for the nodes of their keys';

describe('parked forwards', () => {
  test('the requests of one peer go on in their order', () => {
    const { parked, events, add } = harness();
    add('b', 'first');
    add('c', 'other');
    add('b', 'second');
    expect([parked.has('b'), parked.has('d')]).toEqual([true, false]);
    parked.retry('b');
    expect(events).toEqual(['first again', 'second again']);
    expect([parked.has('b'), parked.has('c'), parked.count]).toEqual([false, true, 1]);
    parked.retryAll();
    expect(events.slice(2)).toEqual(['other again']);
  });

  test('each request fails after its own time', () => {
    const { timers, events, add } = harness();
    add('b', 'first');
    timers.advance(PARKED_MS_MAX / 2);
    add('b', 'second');
    timers.advance(PARKED_MS_MAX / 2);
    expect(events).toEqual(['first: down']);
    timers.advance(PARKED_MS_MAX / 2);
    expect(events).toEqual(['first: down', 'second: down']);
  });

  test('a bounded number of requests waits', () => {
    const { events, add } = harness();
    for (let count = 0; count <= 10_000; count++) add('b', 'one');
    expect(events).toEqual([`one: ${FULL}`]);
  });

  test('requests of a bounded size wait', () => {
    const { parked, events, add } = harness();
    for (let count = 0; count < 17; count++) add('b', 'large', 1024 * 1024);
    expect([parked.count, events]).toEqual([16, [`large: ${FULL}`]]);
    parked.retryAll();
    add('b', 'next', 1024 * 1024);
    expect(parked.count).toBe(1);
  });
});
