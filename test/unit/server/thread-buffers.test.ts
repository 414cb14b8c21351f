import { describe, expect, test } from 'vitest';
import { BufferBudget } from '../../../src/server/sockets/buffer-budget.ts';
import { ThreadBuffers } from '../../../src/server/sockets/thread-buffers.ts';

const KIB = 1024;
const PAUSED_TICKS_MAX = 100;

/** A connection that holds buffers. */
class Holder {
  heldKib = 0;
  readonly events: string[];
  readonly #name: string;

  constructor(name: string, events: string[]) {
    this.#name = name;
    this.events = events;
  }

  admit(): void {
    this.events.push(`${this.#name} admitted`);
  }
  expel(): void {
    this.events.push(`${this.#name} expelled`);
  }
}

/** The threads of a node with this limit. */
function node(limitKib: number, threads = 1) {
  const memory = BufferBudget.allocate(threads);
  const events: string[] = [];
  const hooks = { onPaused: () => {}, onExpelled: () => {} };
  const buffers = Array.from({ length: threads }, (_, thread) => {
    return new ThreadBuffers(new BufferBudget(memory, limitKib), thread, hooks);
  });
  const budget = new BufferBudget(memory, limitKib);
  return { buffers, budget, events, holder: (name: string) => new Holder(name, events) };
}

describe('the buffers of a thread', () => {
  test('beyond the limit the thread closes the connection that holds most', () => {
    const { buffers, budget, events, holder } = node(100);
    const [small, large, other] = [holder('small'), holder('large'), holder('other')];
    buffers[0]!.hold(small, 10 * KIB);
    buffers[0]!.hold(large, 80 * KIB);
    buffers[0]!.hold(other, 20 * KIB);
    expect(events).toEqual(['large expelled']);
    expect(budget.heldKib).toBe(30);
    buffers[0]!.release(large);
    buffers[0]!.release(small);
    buffers[0]!.release(other);
    expect(budget.heldKib).toBe(0);
  });

  test('among connections of similar size the thread closes the oldest', () => {
    const { buffers, events, holder } = node(100);
    for (const name of ['a', 'b', 'c', 'd']) buffers[0]!.hold(holder(name), 40 * KIB);
    expect(events).toEqual(['a expelled', 'b expelled']);
  });

  test('the thread that has the largest holder closes it, and no other thread does', () => {
    const { buffers, budget, events, holder } = node(100, 2);
    buffers[0]!.hold(holder('large'), 90 * KIB);
    buffers[1]!.hold(holder('small'), 20 * KIB);
    expect(events).toEqual([]);
    buffers[1]!.tick();
    expect(events).toEqual([]);
    buffers[0]!.tick();
    expect(events).toEqual(['large expelled']);
    expect(budget.heldKib).toBe(20);
  });

  test('a long line pauses while the budget is short, and grows when memory is free', () => {
    const { buffers, events, holder } = node(100);
    const [first, second] = [holder('first'), holder('second')];
    buffers[0]!.hold(first, 60 * KIB);
    buffers[0]!.hold(second, 10 * KIB);
    expect(buffers[0]!.admitsOrPauses(first, 5 * KIB)).toBe(true);
    expect(buffers[0]!.admitsOrPauses(second, 40 * KIB)).toBe(false);
    buffers[0]!.tick();
    expect(events).toEqual([]);
    buffers[0]!.release(first);
    buffers[0]!.tick();
    expect(events).toEqual(['second admitted']);
  });

  test('a pause that lasts too long closes the largest holder, also of another thread', () => {
    const { buffers, events, holder } = node(100, 2);
    buffers[0]!.hold(holder('stuck'), 60 * KIB);
    const line = holder('line');
    buffers[1]!.hold(line, 30 * KIB);
    expect(buffers[1]!.admitsOrPauses(line, 20 * KIB)).toBe(false);
    for (let i = 0; i < PAUSED_TICKS_MAX; i++) for (const each of buffers) each.tick();
    expect(events).toEqual([]);
    for (let i = 0; i < 3; i++) for (const each of buffers) each.tick();
    expect(events).toEqual(['stuck expelled', 'line admitted']);
  });

  test('the longest of the paused lines may use a larger part of the budget', () => {
    const { buffers, events, holder } = node(100);
    const [short, long] = [holder('short'), holder('long')];
    buffers[0]!.hold(short, 30 * KIB);
    buffers[0]!.hold(long, 40 * KIB);
    expect(buffers[0]!.admitsOrPauses(short, 20 * KIB)).toBe(false);
    expect(buffers[0]!.admitsOrPauses(long, 16 * KIB)).toBe(false);
    buffers[0]!.tick();
    expect(events).toEqual(['long admitted']);
  });

  test('a connection that closes during its pause is not admitted', () => {
    const { buffers, events, holder } = node(100);
    const line = holder('line');
    buffers[0]!.hold(line, 80 * KIB);
    expect(buffers[0]!.admitsOrPauses(line, 10 * KIB)).toBe(false);
    buffers[0]!.release(line);
    buffers[0]!.tick();
    expect(events).toEqual([]);
  });
});
