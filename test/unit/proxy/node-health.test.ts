import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { NodeHealth } from '../../../src/proxy/node-health.ts';
import { readProxiedNodes } from '../../../src/proxy/placement.ts';

describe('the health of the nodes of a proxy', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('a node is down while it does not reply, and is asked until it does', async () => {
    const asked: string[] = [];
    const changes: (readonly string[])[] = [];
    let isDead = true;
    const health = new NodeHealth({
      nodes: readProxiedNodes(['a:1', 'b:2']),
      probe: async ({ name }) => {
        asked.push(name);
        if (isDead) throw new Error('connection refused');
      },
      changed: (down) => void changes.push([...down].map((each) => each.join(': '))),
    });
    health.suspect(1);
    // One probe at a time.
    health.suspect(1);
    await vi.advanceTimersByTimeAsync(0);
    expect([asked, changes]).toEqual([['b:2'], [['1: connection refused']]]);
    await vi.advanceTimersByTimeAsync(2000);
    expect([asked.length, changes.length]).toEqual([3, 1]);
    isDead = false;
    await vi.advanceTimersByTimeAsync(1000);
    expect(changes[1]).toEqual([]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked.length).toBe(4);
    health.suspect(0);
    await vi.advanceTimersByTimeAsync(0);
    expect([asked[4], changes.length]).toEqual(['a:1', 2]);
    health.close();
  });
});
