import { describe, expect, test } from 'vitest';
import { holdersOf, primaryOf } from '../../../../src/cli/cache/key-holders.ts';
import type { Member } from '../../../../src/topology/index.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';

const members = [1, 2, 3].map((nth) => memberWith(nth));
const topology = topologyWith(members);
const at = (address: string): Member => members.find((member) => member.address === address)!;

/** A key that the first member is the primary of, and the member that holds it, too. */
const key = Array.from({ length: 100 }, (_, nth) => Buffer.from(`key-${nth}`)).find(
  (each) => primaryOf(topology, each) === members[0]!.address,
)!;
const [, second] = holdersOf(topology, key, () => undefined);
const stats = (rows: Readonly<Record<string, string>>) => () => new Map(Object.entries(rows));
const statesOf = (rows: Readonly<Record<string, string>>) =>
  holdersOf(topology, key, stats(rows)).map(({ state }) => state);

describe('who has a key', () => {
  test('the primary is first, and the other holders follow', () => {
    expect(holdersOf(topology, key, () => undefined)).toEqual([
      {
        node: 'web-1',
        address: members[0]!.address,
        role: 'primary',
        state: 'in sync',
        lagMs: 0,
      },
      {
        node: at(second!.address).name,
        address: second!.address,
        role: 'holder',
        state: undefined,
        lagMs: undefined,
      },
    ]);
  });
  test('a holder is in sync until it has not acknowledged a change for two seconds', () => {
    const lag = (ms: number) => ({ [`peer:${second!.node}:lag_ms`]: `${ms}` });
    expect(statesOf(lag(0))).toEqual(['in sync', 'in sync']);
    expect(statesOf(lag(1999))).toEqual(['in sync', 'in sync']);
    expect(statesOf(lag(2000))).toEqual(['in sync', 'lags']);
  });
  test('a holder gets its items until the primary has sent them all', () => {
    const rows = { [`peer:${second!.node}:lag_ms`]: '0', topology_version: '7' };
    expect(statesOf({ ...rows, complete_version: '6' })).toEqual(['in sync', 'gets its items']);
    expect(statesOf({ ...rows, complete_version: '7' })).toEqual(['in sync', 'in sync']);
  });
  test('a member that joins and gets the key is a receiver', () => {
    const joining = topologyWith([...members, memberWith(4, { state: 'joining' })]);
    const keys = Array.from({ length: 100 }, (_, nth) => Buffer.from(`key-${nth}`));
    const all = keys.flatMap((each) => holdersOf(joining, each, () => undefined));
    const found = all.filter(({ node }) => node === 'web-4');
    expect(found.length).toBeGreaterThan(10);
    for (const { role, state } of found) {
      expect([role, state]).toEqual(['receiver', 'gets its items']);
    }
  });
  test('a key without a primary has no holders', () => {
    const down = topologyWith(members.map((member) => ({ ...member, state: 'down' as const })));
    expect([holdersOf(down, key, () => undefined), primaryOf(down, key)]).toEqual([[], undefined]);
  });
});
