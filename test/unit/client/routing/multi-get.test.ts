import { describe, expect, test } from 'vitest';
import { Operation } from '../../../../src/client/connection/operation.ts';
import { multiGet } from '../../../../src/client/routing/multi-get.ts';
import type { Target } from '../../../../src/client/routing/target.ts';
import { FakeTarget } from './fake-target.ts';

/** Runs a multi-get; returns the values and failure codes by key, and the repairs. */
async function get(
  keys: readonly string[],
  targetsOf: (key: string) => readonly Target[],
  retryMisses = true,
) {
  const found: Record<string, string> = {};
  const failed: Record<string, string> = {};
  const repairs: string[] = [];
  await new Promise((resolve, reject) => {
    const request = { verb: 'get-many', keys } as const;
    const handler = {
      onItem: (reply: { readonly index: number; text(): string }): void => {
        found[keys[reply.index]!] = reply.text();
      },
      onKeyFailed: (index: number, error: { readonly code: string }): void => {
        failed[keys[index]!] = error.code;
      },
      onReply: () => undefined,
    };
    const operation = new Operation(
      request,
      { now: () => 0, unixMs: () => 0 },
      1e9,
      handler,
      resolve,
      reject,
    );
    const onRepairNeeded = (key: string, at: Target, missedAt: readonly Target[]): void => {
      repairs.push(`${key}: ${at.name} for ${missedAt.map(({ name }) => name).join()}`);
    };
    multiGet(operation, request, { targetsOf, retryMisses, onRepairNeeded });
  });
  return { found, failed, repairs };
}

describe('a multi-get', () => {
  test('a multi-get sends each target one request, and each value gets its key', async () => {
    const [a, b] = [new FakeTarget('a', { k1: '1', k3: '3' }), new FakeTarget('b', { k2: '2' })];
    const odd = (key: string): readonly Target[] => [Number(key.slice(1)) % 2 === 1 ? a : b];
    const { found, failed } = await get(['k1', 'k2', 'k3', 'k4'], odd);
    expect(found).toEqual({ k1: '1', k2: '2', k3: '3' });
    expect(failed).toEqual({});
    expect([a.requests, b.requests]).toEqual([['get-many k1,k3'], ['get-many k2,k4']]);
  });

  test('a multi-get asks the next target after a miss, and reports where it missed', async () => {
    const [a, b] = [new FakeTarget('a', { k1: '1' }), new FakeTarget('b', { k2: '2' })];
    const { found, repairs } = await get(['k1', 'k2', 'k3'], () => [a, b]);
    expect(found).toEqual({ k1: '1', k2: '2' });
    expect(repairs).toEqual(['k2: b for a']);
    expect(b.requests).toEqual(['get-many k2,k3']);
  });

  test('a multi-get without retryMisses asks the next target after a failure only', async () => {
    const [a, b] = [new FakeTarget('a'), new FakeTarget('b', { k1: '1', k2: '2' })];
    expect((await get(['k1'], () => [a, b], false)).found).toEqual({});
    a.failure = 'ERR_NODE_DOWN';
    const { found, repairs } = await get(['k1', 'k2'], () => [a, b], false);
    expect(found).toEqual({ k1: '1', k2: '2' });
    expect(repairs).toEqual([]);
  });

  test('a multi-get reports a miss if one target misses, a failure if all failed', async () => {
    const [a, b, c] = [new FakeTarget('a'), new FakeTarget('b'), new FakeTarget('c')];
    b.failure = 'ERR_REPLY_LOST';
    c.failure = 'ERR_NODE_DOWN';
    const targetsOf = (key: string): readonly Target[] => (key === 'k1' ? [a, b] : [b, c]);
    expect(await get(['k1', 'k2'], targetsOf)).toEqual({
      found: {},
      failed: { k2: 'ERR_NODE_DOWN' },
      repairs: [],
    });
  });

  test('a multi-get of no keys sends no request', async () => {
    expect((await get([], () => [])).found).toEqual({});
  });
});
