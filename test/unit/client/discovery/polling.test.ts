import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Topology } from '../../../../src/client/discovery/discovery.ts';
import { resolvePace } from '../../../../src/client/discovery/pace.ts';
import {
  type Found,
  type Look,
  nextTopology,
  PollingDiscovery,
} from '../../../../src/client/discovery/polling.ts';
import { type CacheError, readNodes } from '../../../../src/client/index.ts';

const found = (hosts: string, version?: number): Found => {
  const nodes = readNodes([...hosts]);
  return version === undefined ? { nodes } : { nodes, version };
};
const topology = (hosts: string, version: number): Topology => ({ ...found(hosts), version });

describe('what is known after a look', () => {
  test.each([
    [undefined, found('ab', 7), 'ab', 7, true],
    [undefined, found('ab'), 'ab', 1, true],
    [topology('ab', 7), found('abc', 8), 'abc', 8, true],
    [topology('ab', 7), found('ab', 8), 'ab', 8, false],
    [topology('ab', 7), found('abc', 7), 'ab', 7, false],
    [topology('ab', 7), found('abc', 6), 'ab', 7, false],
    [topology('ab', 7), found('a'), 'a', 8, true],
    [topology('ab', 7), found('ab'), 'ab', 7, false],
  ])('%# ', (known, look, hosts, version, isNews) => {
    const next = nextTopology(known, look);
    expect(next).toEqual(topology(hosts, version));
    expect(next.nodes !== known?.nodes).toBe(isNews);
  });
});

describe('a discovery that looks again and again', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** A look that each test answers by hand; `pace` is 10 s, 1 s between looks, 500 ms for each. */
  function rig(keepsProcessAlive = false) {
    const asked: {
      answer: (found: Found) => void;
      fail: (error: Error) => void;
      signal: AbortSignal;
    }[] = [];
    const look: Look = (signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<Found>();
      asked.push({ answer: resolve, fail: reject, signal });
      return promise;
    };
    const pace = resolvePace(
      { intervalMs: 10_000, refreshGapMs: 1000, deadlineMs: 500, keepsProcessAlive },
      10_000,
    );
    const heard: (string | CacheError)[] = [];
    const discovery = new PollingDiscovery(look, pace, () => 0.5);
    const listener = {
      topology: ({ version, nodes }: Topology) =>
        heard.push(`${version}:${nodes.map(({ ringName }) => ringName).join('')}`),
      trouble: (error: CacheError) => heard.push(error),
    };
    return { asked, heard, discovery, listener };
  }
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  test('looks at once, then at its interval, and tells of changes alone', async () => {
    const { asked, heard, discovery, listener } = rig();
    expect(asked).toHaveLength(0);
    discovery.start(listener);
    expect(asked).toHaveLength(1);
    asked[0]!.answer(found('ab', 3));
    await pass(9999);
    expect([asked.length, heard]).toEqual([1, ['3:ab']]);
    await pass(1);
    asked[1]!.answer(found('ab', 4));
    await pass(10_000);
    asked[2]!.answer(found('abc', 5));
    await pass(0);
    expect(heard).toEqual(['3:ab', '5:abc']);
    await discovery.close();
  });

  test('a failure is trouble with a code; it looks again sooner, and less often with each failure', async () => {
    const { asked, heard, discovery, listener } = rig();
    discovery.start(listener);
    for (const [nth, waitMs] of [1000, 2000, 4000, 8000, 10_000, 10_000].entries()) {
      asked[nth]!.fail(new Error(`no luck ${nth}`));
      await pass(waitMs - 1);
      expect(asked).toHaveLength(nth + 1);
      await pass(1);
      expect(asked).toHaveLength(nth + 2);
    }
    asked[6]!.answer(found('a'));
    await pass(10_000);
    expect(asked).toHaveLength(8);
    asked[7]!.fail(new Error('again'));
    await pass(1000);
    expect(asked).toHaveLength(9);
    expect(heard[0]).toMatchObject({ code: 'ERR_DISCOVERY', cause: new Error('no luck 0') });
    expect(heard.map((each) => (typeof each === 'string' ? each : each.code))).toEqual([
      ...Array<string>(6).fill('ERR_DISCOVERY'),
      '1:a',
      'ERR_DISCOVERY',
    ]);
    await discovery.close();
  });

  test('a look that takes too long is told, given up and not listened to', async () => {
    const { asked, heard, discovery, listener } = rig();
    discovery.start(listener);
    await pass(499);
    expect(asked[0]!.signal.aborted).toBe(false);
    await pass(1);
    expect(asked[0]!.signal.aborted).toBe(true);
    expect(heard).toEqual([expect.objectContaining({ code: 'ERR_DISCOVERY' })]);
    asked[0]!.answer(found('late'));
    await pass(1000);
    asked[1]!.answer(found('a'));
    await pass(0);
    expect(heard[1]).toBe('1:a');
    await discovery.close();
  });

  test('looks sooner when asked, but no more often than its gap allows, however often it is asked', async () => {
    const { asked, discovery, listener } = rig();
    discovery.start(listener);
    asked[0]!.answer(found('a'));
    await pass(0);
    for (let i = 0; i < 1000; i++) discovery.refresh();
    await pass(1049);
    expect(asked).toHaveLength(1);
    await pass(1);
    expect(asked).toHaveLength(2);
    asked[1]!.answer(found('a'));
    await pass(3000);
    discovery.refresh();
    await pass(50);
    expect(asked).toHaveLength(3);
    asked[2]!.answer(found('a'));
    await pass(9999);
    expect(asked).toHaveLength(3);
    await pass(1);
    expect(asked).toHaveLength(4);
    await discovery.close();
  });

  test('asked during a look, it looks once more: that one may have seen the old state', async () => {
    const { asked, discovery, listener } = rig();
    discovery.start(listener);
    discovery.refresh();
    discovery.refresh();
    await pass(100);
    expect(asked).toHaveLength(1);
    asked[0]!.answer(found('a'));
    await pass(950);
    expect(asked).toHaveLength(2);
    await discovery.close();
  });

  test('closed, it says nothing more, and leaves no timer and no look behind', async () => {
    const { asked, heard, discovery, listener } = rig();
    discovery.start(listener);
    const closed = discovery.close();
    expect(asked[0]!.signal.aborted).toBe(true);
    asked[0]!.answer(found('a'));
    await closed;
    discovery.refresh();
    await pass(60_000);
    expect([asked.length, heard, vi.getTimerCount()]).toEqual([1, [], 0]);
    await discovery.close();
  });

  test('closed between looks, and before the start', async () => {
    const { asked, discovery, listener } = rig();
    discovery.start(listener);
    asked[0]!.answer(found('a'));
    await pass(0);
    await discovery.close();
    expect(vi.getTimerCount()).toBe(0);
    const never = rig();
    await never.discovery.close();
    never.discovery.start(never.listener);
    expect(never.asked).toHaveLength(0);
  });

  test('its listener may close it', async () => {
    const { asked, discovery } = rig();
    discovery.start({ topology: () => void discovery.close(), trouble: () => {} });
    asked[0]!.answer(found('a'));
    await pass(60_000);
    expect([asked.length, vi.getTimerCount()]).toEqual([1, 0]);
  });

  test.each([true, false])('keeps the process alive between looks: %s', async (keeps) => {
    const { asked, discovery, listener } = rig(keeps);
    discovery.start(listener);
    const set = vi.spyOn(globalThis, 'setTimeout');
    asked[0]!.answer(found('a'));
    await pass(0);
    const timer = set.mock.results.at(-1)!.value as NodeJS.Timeout;
    expect(timer.hasRef()).toBe(keeps);
    set.mockRestore();
    await discovery.close();
  });
});
