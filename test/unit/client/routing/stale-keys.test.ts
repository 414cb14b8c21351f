import { describe, expect, test } from 'vitest';
import type { Operation } from '../../../../src/client/connection/operation.ts';
import { FailoverWrites, MissedWrites } from '../../../../src/client/routing/stale-keys.ts';
import { Random, testSeed } from '../../../support/random.ts';
import { FakeTarget } from './fake-target.ts';

const seed = testSeed();
const clock = { now: (): number => 0, unixMs: (): number => 0 };

const createMissedWrites = (): MissedWrites => new MissedWrites(1000, clock);

describe('the writes that a node missed', () => {
  test('the client deletes a missed key at once if the node is up', () => {
    const target = new FakeTarget('a');
    const missed = createMissedWrites();
    missed.invalidate(target, 'k');
    expect(target.requests).toEqual(['delete k']);
    expect(missed.has('k')).toBe(false);
  });

  test('the client keeps missed keys while the node is down, then deletes them', () => {
    const target = new FakeTarget('a');
    const missed = createMissedWrites();
    target.isDown = true;
    for (const key of ['k1', 'k2', 'k1']) missed.invalidate(target, key);
    expect(target.requests).toEqual([]);
    expect([missed.has('k1'), missed.has('k3')]).toEqual([true, false]);
    target.isDown = false;
    missed.replay(target);
    expect(target.requests).toEqual(['delete k2', 'delete k1']);
    expect(missed.has('k1')).toBe(false);
  });

  test('the client keeps a key whose delete failed, and tries again', () => {
    const target = new FakeTarget('a');
    const missed = createMissedWrites();
    target.failure = 'ERR_REPLY_LOST';
    missed.invalidate(target, 'k');
    expect(missed.has('k')).toBe(true);
    target.failure = undefined;
    missed.replay(target);
    expect(missed.has('k')).toBe(false);
  });

  test('a key that was invalidated again stays until its second delete', () => {
    const target = new FakeTarget('a');
    const missed = createMissedWrites();
    const operations: Operation[] = [];
    target.send = (operation) => void operations.push(operation);
    missed.invalidate(target, 'k');
    missed.invalidate(target, 'k');
    expect(operations.length).toBe(2);
    FakeTarget.prototype.send.call(target, operations[0]!);
    expect(missed.has('k')).toBe(true);
    FakeTarget.prototype.send.call(target, operations[1]!);
    expect(missed.has('k')).toBe(false);
  });

  test('the client deletes a missed key before the next request for it', () => {
    const target = new FakeTarget('a');
    const missed = createMissedWrites();
    target.isDown = true;
    missed.invalidate(target, 'k');
    missed.beforeRequest(target, { verb: 'get', key: 'other', cas: false });
    expect(target.requests).toEqual([]);
    missed.beforeRequest(target, { verb: 'get-many', keys: ['other', 'k'] });
    expect(target.requests).toEqual(['delete k']);
  });

  test('the client drops the oldest keys beyond 16,384', () => {
    const target = new FakeTarget('a');
    const missed = createMissedWrites();
    target.isDown = true;
    for (let i = 0; i < 16_384; i++) missed.invalidate(target, `k${i}`);
    missed.invalidate(target, 'k0');
    expect(missed.has('k1')).toBe(true);
    missed.invalidate(target, 'k16384');
    const kept = ['k0', 'k1', 'k2', 'k16384'].map((key) => missed.has(key));
    expect(kept).toEqual([true, false, true, true]);
  });
});

describe('the writes at failover nodes', () => {
  const targets = (): [FakeTarget, FakeTarget, FakeTarget] => {
    return [new FakeTarget('owner'), new FakeTarget('a'), new FakeTarget('b')];
  };

  test('a write at a failover node invalidates the key at its owner', () => {
    const [owner, a] = targets();
    const writes = new FailoverWrites();
    writes.record('k', a, owner);
    writes.record('k', a, owner);
    expect([owner.invalidated, a.invalidated]).toEqual([['k', 'k'], []]);
  });

  test('a write at another node invalidates the key at the failover node, once', () => {
    const [owner, a, b] = targets();
    const writes = new FailoverWrites();
    writes.record('k', a, owner);
    writes.record('k', b, owner);
    expect([a.invalidated, b.invalidated]).toEqual([['k'], []]);
    writes.record('k', owner, owner);
    writes.record('k', owner, owner);
    expect([a.invalidated, b.invalidated]).toEqual([['k'], ['k']]);
  });

  test('the failover node that has a key invalidates it, and no other node', () => {
    const [owner, a, b] = targets();
    const writes = new FailoverWrites();
    writes.record('k', a, owner);
    writes.record('other', b, owner);
    writes.invalidate('k');
    writes.invalidate('k');
    expect([a.invalidated, b.invalidated]).toEqual([['k'], []]);
  });

  test('the client drops the oldest keys beyond 65,536', () => {
    const [owner, a] = targets();
    const writes = new FailoverWrites();
    for (let i = 0; i <= 65_536; i++) writes.record(`k${i}`, a, owner);
    for (const key of ['k0', 'k1', 'k65536']) writes.invalidate(key);
    expect(a.invalidated).toEqual(['k1', 'k65536']);
  });
});

/** A node with its memory of missed writes. Its items survive an outage. */
class ModelNode extends FakeTarget {
  readonly missed = createMissedWrites();
  readonly #random: Random;

  constructor(name: string, random: Random) {
    super(name);
    this.#random = random;
  }

  override invalidate(key: string): void {
    this.missed.invalidate(this, key);
  }

  /** Executes a request, but the reply may be lost; a node that is down executes nothing. */
  override send(operation: Operation): void {
    const { request } = operation;
    if (this.isDown) {
      operation.fail('ERR_NODE_DOWN', this.name);
      return;
    }
    if (request.verb === 'delete') this.items.delete(request.key);
    if (this.#random.oneIn(4)) operation.fail('ERR_REPLY_LOST', this.name);
    else super.send(operation);
  }

  /** What a read of the key returns, after the deletes that the client sends before it. */
  read(key: string): string | undefined {
    this.missed.beforeRequest(this, { verb: 'get', key, cas: false });
    return this.items.get(key);
  }

  write(key: string, value: string): void {
    this.missed.beforeRequest(this, { verb: 'touch', key, exptime: 0 });
    this.items.set(key, value);
  }
}

/**
 * A key's value goes to its owner, or to a failover node while the owner is down. The model is the
 * last value of each key: whichever node serves a read has that value or none.
 */
test.each(Array.from({ length: 20 }, (_, nth) => nth))(
  `no node that is up serves an older value than the last write (seed ${seed}, run %i)`,
  (nth) => {
    const random = new Random(seed).fork(nth);
    const nodes = ['owner', 'a', 'b'].map((name) => new ModelNode(name, random));
    const [owner] = nodes as [ModelNode];
    const writes = new FailoverWrites();
    const latest = new Map<string, string>();
    let hits = 0;
    for (let step = 0; step < 500; step++) {
      const key = `k${random.int(0, 3)}`;
      const node = random.pick(nodes);
      if (random.oneIn(8)) {
        node.isDown = !node.isDown;
        if (!node.isDown) node.missed.replay(node);
      } else if (random.oneIn(2)) {
        const target = owner.isDown ? nodes.find(({ isDown }) => !isDown) : owner;
        if (target === undefined) continue;
        writes.record(key, target, owner);
        target.write(key, `${step}`);
        latest.set(key, `${step}`);
      } else if (!node.isDown) {
        const value = node.read(key);
        if (value === undefined) continue;
        hits++;
        expect(`${key}=${value} at ${node.name}`).toBe(`${key}=${latest.get(key)} at ${node.name}`);
      }
    }
    expect(hits).toBeGreaterThan(0);
  },
);
