import { describe, expect, test } from 'vitest';
import { FrozenCheck } from '../../../src/cluster/frozen-check.ts';
import type { NodeFacts } from '../../../src/cluster/node-messages.ts';

const FACTS: NodeFacts = { items: 0, bytes: 0, memoryLimitBytes: 1 };

/** A node that replies until the test freezes it. */
class TestNode {
  readonly name = 'node-1';
  isUp = true;
  pid = 1;
  isFrozen = false;
  kills = 0;

  facts(): Promise<NodeFacts | undefined> {
    return this.isFrozen ? new Promise(() => {}) : Promise.resolve(FACTS);
  }

  killProcess(): void {
    this.kills++;
  }
}

/** Runs rounds, one second after the other, until a node has been killed. */
async function roundsUntilKill(check: FrozenCheck, node: TestNode, roundsMax = 100) {
  for (let rounds = 1; rounds <= roundsMax; rounds++) {
    nowMs += 1000;
    check.round(nowMs);
    await new Promise((resolve) => setImmediate(resolve));
    if (node.kills > 0) return rounds;
  }
  return undefined;
}

let nowMs = performance.now();

describe('the check for frozen nodes', () => {
  const checkOf = (node: TestNode, isHeldElsewhere = true) =>
    new FrozenCheck(
      () => [node],
      () => isHeldElsewhere,
    );
  test('a node that replies lives', async () => {
    const node = new TestNode();
    expect(await roundsUntilKill(checkOf(node), node)).toBeUndefined();
  });
  test('a frozen node whose keys others hold is killed within seconds', async () => {
    const node = new TestNode();
    node.isFrozen = true;
    expect(await roundsUntilKill(checkOf(node), node)).toBeLessThan(8);
  });
  test('a frozen node that alone holds its keys gets more time', async () => {
    const node = new TestNode();
    node.isFrozen = true;
    const rounds = await roundsUntilKill(checkOf(node, false), node);
    expect(rounds).toBeGreaterThan(20);
    expect(rounds).toBeLessThan(60);
  });
  test('time in which the supervisor stood still does not count', () => {
    const node = new TestNode();
    node.isFrozen = true;
    const check = checkOf(node);
    for (let rounds = 0; rounds < 50; rounds++) {
      nowMs += 60_000;
      check.round(nowMs);
    }
    expect(node.kills).toBe(0);
  });
  test('the silence of one process does not count for the next one', async () => {
    const node = new TestNode();
    node.isFrozen = true;
    const check = checkOf(node);
    expect(await roundsUntilKill(check, node, 3)).toBeUndefined();
    node.pid = 2;
    expect(await roundsUntilKill(check, node, 4)).toBeUndefined();
    node.isUp = false;
    expect(await roundsUntilKill(check, node, 20)).toBeUndefined();
  });
});
