import { describe, expect, test } from 'vitest';
import { Operation } from '../../../../src/client/connection/operation.ts';
import { lookInRounds } from '../../../../src/client/routing/many-rounds.ts';
import type { Target } from '../../../../src/client/routing/route.ts';
import { FakeTarget } from './fake-target.ts';

/** What came of a look: values by key, and codes of those that failed. */
async function look(
  keys: readonly string[],
  placesOf: (key: string) => readonly Target[],
  missGoesOn = true,
) {
  const found: Record<string, string> = {};
  const failed: Record<string, string> = {};
  const late: string[] = [];
  await new Promise((resolve, reject) => {
    const request = { verb: 'get-many', keys } as const;
    const answered = {
      item: (reply: { readonly index: number; text(): string }): void => {
        found[keys[reply.index]!] = reply.text();
      },
      keyFailed: (index: number, error: { readonly code: string }): void => {
        failed[keys[index]!] = error.code;
      },
      end: () => undefined,
    };
    const operation = new Operation(request, 0, 1e9, answered, resolve, reject);
    const foundLate = (key: string, at: Target, missedAt: readonly Target[]): void => {
      late.push(`${key}: ${at.name} for ${missedAt.map(({ name }) => name).join()}`);
    };
    lookInRounds(operation, request, { placesOf, missGoesOn, foundLate });
  });
  return { found, failed, late };
}

describe('looking for many keys', () => {
  test('asks each place once for all its keys, and keeps each value with its key', async () => {
    const [a, b] = [new FakeTarget('a', { k1: '1', k3: '3' }), new FakeTarget('b', { k2: '2' })];
    const odd = (key: string): readonly Target[] => [Number(key.slice(1)) % 2 === 1 ? a : b];
    const { found, failed } = await look(['k1', 'k2', 'k3', 'k4'], odd);
    expect(found).toEqual({ k1: '1', k2: '2', k3: '3' });
    expect(failed).toEqual({});
    expect([a.asked, b.asked]).toEqual([['get-many k1,k3'], ['get-many k2,k4']]);
  });

  test('goes on after a miss, and tells who missed it', async () => {
    const [a, b] = [new FakeTarget('a', { k1: '1' }), new FakeTarget('b', { k2: '2' })];
    const { found, late } = await look(['k1', 'k2', 'k3'], () => [a, b]);
    expect(found).toEqual({ k1: '1', k2: '2' });
    expect(late).toEqual(['k2: b for a']);
    expect(b.asked).toEqual(['get-many k2,k3']);
  });

  test('goes on after a failure, but not after a miss if that is not wanted', async () => {
    const [a, b] = [new FakeTarget('a'), new FakeTarget('b', { k1: '1', k2: '2' })];
    expect((await look(['k1'], () => [a, b], false)).found).toEqual({});
    a.failure = 'ERR_NODE_DOWN';
    const { found, late } = await look(['k1', 'k2'], () => [a, b], false);
    expect(found).toEqual({ k1: '1', k2: '2' });
    expect(late).toEqual([]);
  });

  test('a miss anywhere is a miss; a key nobody could be asked about has failed', async () => {
    const [a, b, c] = [new FakeTarget('a'), new FakeTarget('b'), new FakeTarget('c')];
    b.failure = 'ERR_REPLY_LOST';
    c.failure = 'ERR_NODE_DOWN';
    const placesOf = (key: string): readonly Target[] => (key === 'k1' ? [a, b] : [b, c]);
    expect(await look(['k1', 'k2'], placesOf)).toEqual({
      found: {},
      failed: { k2: 'ERR_NODE_DOWN' },
      late: [],
    });
  });

  test('of no keys nothing is asked', async () => {
    expect((await look([], () => [])).found).toEqual({});
  });
});
