import { describe, expect, test } from 'vitest';
import {
  nextTopology,
  type Poll,
  PollingDiscovery,
  type PollResult,
} from '../../../../src/client/discovery/polling.ts';
import type { CacheError } from '../../../../src/client/index.ts';
import { readNodes, type Topology } from '../../../../src/topology/index.ts';
import { ManualTiming } from '../../../support/manual-timing.ts';

const resultOf = (hosts: string, version?: number): PollResult => {
  const nodes = readNodes([...hosts]);
  return version === undefined ? { nodes } : { nodes, version };
};
const topologyOf = (hosts: string, version: number): Topology => ({ ...resultOf(hosts), version });

describe('the topology after a poll', () => {
  test.each([
    [undefined, resultOf('ab', 7), 'ab', 7, true],
    [undefined, resultOf('ab'), 'ab', 1, true],
    [topologyOf('ab', 7), resultOf('abc', 8), 'abc', 8, true],
    [topologyOf('ab', 7), resultOf('ab', 8), 'ab', 8, false],
    [topologyOf('ab', 7), resultOf('abc', 7), 'ab', 7, false],
    [topologyOf('ab', 7), resultOf('abc', 6), 'ab', 7, false],
    [topologyOf('ab', 7), resultOf('a'), 'a', 8, true],
    [topologyOf('ab', 7), resultOf('ab'), 'ab', 7, false],
  ])('case %#', (known, result, hosts, version, hasChanged) => {
    const next = nextTopology(known, result);
    expect(next).toEqual(topologyOf(hosts, version));
    expect(next.nodes !== known?.nodes).toBe(hasChanged);
  });
});

describe('a polling discovery', () => {
  /** A discovery whose polls the test settles: interval 10 s, minimum gap 1 s, deadline 500 ms. */
  function createDiscovery(keepProcessAlive = false) {
    const polls: {
      resolve: (result: PollResult) => void;
      reject: (error: Error) => void;
      signal: AbortSignal;
    }[] = [];
    const poll: Poll = (signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<PollResult>();
      polls.push({ resolve, reject, signal });
      return promise;
    };
    const times = { intervalMs: 10_000, minRefreshGapMs: 1000, deadlineMs: 500 };
    const options = { ...times, keepProcessAlive };
    const events: (string | CacheError)[] = [];
    const timing = new ManualTiming();
    const discovery = new PollingDiscovery(poll, options, timing);
    const advance = (ms: number) => timing.advance(ms);
    const listener = {
      topology: ({ version, nodes }: Topology) =>
        events.push(`${version}:${nodes.map(({ ringName }) => ringName).join('')}`),
      error: (error: CacheError) => events.push(error),
    };
    return { polls, events, discovery, listener, timing, advance };
  }

  test('a discovery polls at once, then at the interval, and reports only changes', async () => {
    const { polls, events, discovery, listener, advance } = createDiscovery();
    expect(polls).toHaveLength(0);
    discovery.start(listener);
    expect(polls).toHaveLength(1);
    polls[0]!.resolve(resultOf('ab', 3));
    await advance(9999);
    expect([polls.length, events]).toEqual([1, ['3:ab']]);
    await advance(1);
    polls[1]!.resolve(resultOf('ab', 4));
    await advance(10_000);
    polls[2]!.resolve(resultOf('abc', 5));
    await advance(0);
    expect(events).toEqual(['3:ab', '5:abc']);
    await discovery.close();
  });

  test('a discovery reports a failure and polls again sooner, with a growing delay', async () => {
    const { polls, events, discovery, listener, advance } = createDiscovery();
    discovery.start(listener);
    for (const [nth, waitMs] of [1000, 2000, 4000, 8000, 10_000, 10_000].entries()) {
      polls[nth]!.reject(new Error(`failure ${nth}`));
      await advance(waitMs - 1);
      expect(polls).toHaveLength(nth + 1);
      await advance(1);
      expect(polls).toHaveLength(nth + 2);
    }
    polls[6]!.resolve(resultOf('a'));
    await advance(10_000);
    expect(polls).toHaveLength(8);
    polls[7]!.reject(new Error('again'));
    await advance(1000);
    expect(polls).toHaveLength(9);
    expect(events[0]).toMatchObject({ code: 'ERR_DISCOVERY', cause: new Error('failure 0') });
    expect(events.map((each) => (typeof each === 'string' ? each : each.code))).toEqual([
      ...Array<string>(6).fill('ERR_DISCOVERY'),
      '1:a',
      'ERR_DISCOVERY',
    ]);
    await discovery.close();
  });

  test('a discovery aborts a poll at its deadline, reports it, ignores a late result', async () => {
    const { polls, events, discovery, listener, advance } = createDiscovery();
    discovery.start(listener);
    await advance(499);
    expect(polls[0]!.signal.aborted).toBe(false);
    await advance(1);
    expect(polls[0]!.signal.aborted).toBe(true);
    expect(events).toEqual([expect.objectContaining({ code: 'ERR_DISCOVERY' })]);
    polls[0]!.resolve(resultOf('late'));
    await advance(1000);
    polls[1]!.resolve(resultOf('a'));
    await advance(0);
    expect(events[1]).toBe('1:a');
    await discovery.close();
  });

  test('refresh polls sooner, but never more often than the minimum gap allows', async () => {
    const { polls, discovery, listener, advance } = createDiscovery();
    discovery.start(listener);
    polls[0]!.resolve(resultOf('a'));
    await advance(0);
    for (let i = 0; i < 1000; i++) discovery.refresh();
    await advance(1049);
    expect(polls).toHaveLength(1);
    await advance(1);
    expect(polls).toHaveLength(2);
    polls[1]!.resolve(resultOf('a'));
    await advance(3000);
    discovery.refresh();
    await advance(50);
    expect(polls).toHaveLength(3);
    polls[2]!.resolve(resultOf('a'));
    await advance(9999);
    expect(polls).toHaveLength(3);
    await advance(1);
    expect(polls).toHaveLength(4);
    await discovery.close();
  });

  test('refresh during a poll causes one more poll', async () => {
    const { polls, discovery, listener, advance } = createDiscovery();
    discovery.start(listener);
    discovery.refresh();
    discovery.refresh();
    await advance(100);
    expect(polls).toHaveLength(1);
    polls[0]!.resolve(resultOf('a'));
    await advance(950);
    expect(polls).toHaveLength(2);
    await discovery.close();
  });

  test('after close it reports nothing and leaves no timer and no poll', async () => {
    const { polls, events, discovery, listener, advance, timing } = createDiscovery();
    discovery.start(listener);
    const closed = discovery.close();
    expect(polls[0]!.signal.aborted).toBe(true);
    polls[0]!.resolve(resultOf('a'));
    await closed;
    discovery.refresh();
    await advance(60_000);
    expect([polls.length, events, timing.timerCount]).toEqual([1, [], 0]);
    await discovery.close();
  });

  test('close works between polls and before the start', async () => {
    const { polls, discovery, listener, advance, timing } = createDiscovery();
    discovery.start(listener);
    polls[0]!.resolve(resultOf('a'));
    await advance(0);
    await discovery.close();
    expect(timing.timerCount).toBe(0);
    const unstarted = createDiscovery();
    await unstarted.discovery.close();
    unstarted.discovery.start(unstarted.listener);
    expect(unstarted.polls).toHaveLength(0);
  });

  test('the listener may close the discovery', async () => {
    const { polls, discovery, advance, timing } = createDiscovery();
    discovery.start({ topology: () => void discovery.close(), error: () => {} });
    polls[0]!.resolve(resultOf('a'));
    await advance(60_000);
    expect([polls.length, timing.timerCount]).toEqual([1, 0]);
  });

  test.each([true, false])(
    'keepProcessAlive %s: the timer between polls holds the process accordingly',
    async (keepProcessAlive) => {
      const { polls, discovery, listener, advance, timing } = createDiscovery(keepProcessAlive);
      discovery.start(listener);
      polls[0]!.resolve(resultOf('a'));
      await advance(0);
      expect(timing.timerCount).toBe(1);
      expect(timing.keepsProcessAlive).toBe(keepProcessAlive);
      await discovery.close();
    },
  );
});
