import { expect, test } from 'vitest';
import { skipNumbers } from '../../../../src/cluster/node/number-floor.ts';
import { MEMBERS_MAX } from '../../../../src/topology/cluster/cluster-topology.ts';
import { CopyNode, set } from '../../../support/copy-node.ts';

const NOW_MS = 1_800_000_000_000;

/** The CAS id of the first item that a new primary stores. */
function firstId(version: number, unixMs: number): bigint {
  const node = new CopyNode();
  skipNumbers(node.copies, version, unixMs);
  node.send(set('a', 'x'));
  return BigInt(/ (\d+)\r\n/.exec(node.send('gets a\r\n'))![1]!);
}

test('a primary without any predecessor left draws numbers above all of theirs', () => {
  const first = firstId(1, NOW_MS);
  const numbersOfASecond = 60_000n;
  expect(firstId(1, NOW_MS + 1000)).toBeGreaterThan(first + numbersOfASecond);
  expect(firstId(2, NOW_MS)).toBeGreaterThan(first + 2n ** 23n);
  expect(firstId(3, 0)).toBeLessThan(first);
});

test('all members of a topology skip fewer numbers than lie between two topologies', () => {
  const last = new CopyNode();
  for (let nth = 0; nth < MEMBERS_MAX; nth++) skipNumbers(last.copies, 1, NOW_MS);
  const { high, low } = last.copies.sequence();
  expect(firstId(2, NOW_MS)).toBeGreaterThan(BigInt(high) * 2n ** 32n + BigInt(low));
});

test('a primary that is ahead of the time skips numbers all the same', () => {
  const node = new CopyNode();
  node.copies.raiseSequence(0x1000, 0);
  skipNumbers(node.copies, 1, NOW_MS);
  expect(node.copies.sequence()).toEqual({ high: 0x1000, low: 2 ** 24 });
});

test('with the version of a cluster on one machine, numbers stay below 2^47 until 2060', () => {
  const until = Date.UTC(2060, 0);
  expect(firstId(Math.floor(until / 1000), until)).toBeLessThan(2n ** 47n);
  expect(firstId(1_796_028_512, NOW_MS)).toBeLessThan(2n ** 45n);
});
