import { describe, expect, test } from 'vitest';
import { mainThread, planRuns, threadCount } from '../../../src/node/jobs.ts';
import { NodeMemory } from '../../../src/node/memory.ts';
import { defaultServerOptions } from '../../../src/node/options/server-flags.ts';
import { COUNT } from '../../../src/store/index.ts';

const OPTIONS = { ...defaultServerOptions(), memoryLimitBytes: 8 << 20, threads: 3 };

describe('the jobs of a node', () => {
  test('each run has its own thread number, and the main thread has the last one', () => {
    const runs = planRuns(OPTIONS);
    const serve = ['serve', 'serve', 'serve'];
    expect(runs.map(({ job }) => job)).toEqual([...serve, 'maintain', 'guest', 'guest']);
    expect(runs.map(({ thread }) => thread)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(mainThread(OPTIONS)).toBe(6);
    expect(threadCount(OPTIONS)).toBe(7);
  });
});

describe('the memory of a node', () => {
  test('every thread sees what another thread writes to any segment', () => {
    const share = NodeMemory.allocate(OPTIONS);
    // A message between threads copies the share, but not its memory.
    const one = NodeMemory.open(structuredClone(share), 0);
    const other = NodeMemory.open(structuredClone(share), 1);
    one.config.set({ name: 'a', flags: 7, data: Buffer.from('x') });
    expect(other.config.get('a')).toEqual({ name: 'a', flags: 7, data: Buffer.from('x') });
    one.prefixes.enabled = true;
    expect(other.prefixes.enabled).toBe(true);
    const slot = one.connections.take('tcp:1.2.3.4:5', 'tcp:0.0.0.0:1', 1);
    expect(other.connections.addressOf(slot)).toBe('tcp:1.2.3.4:5');
    one.events.addWatcher(1);
    expect(other.events.counts().watchers).toBe(1);
    one.state.verbosity = 2;
    expect(other.state.verbosity).toBe(2);
    one.store.counters.add(COUNT.get_misses);
    expect(other.store.view.counter('get_misses')).toBe(1);
  });
  test('the segments are as large as the options ask for', () => {
    const share = NodeMemory.allocate({ ...OPTIONS, connLimit: 2, prefixDelimiter: '/' });
    const memory = NodeMemory.open(share, 0);
    expect(memory.connections.limit).toBe(2);
    expect(memory.events.threads).toBe(3);
    expect(memory.prefixes.enabled).toBe(true);
  });
  test('each thread counts in its own block, the main thread too', () => {
    const share = NodeMemory.allocate(OPTIONS);
    const memories = Array.from({ length: threadCount(OPTIONS) }, (_, thread) =>
      NodeMemory.open(share, thread),
    );
    for (const { store } of memories) store.counters.add(COUNT.get_cmds);
    expect(memories[0]!.store.view.counter('get_cmds')).toBe(memories.length);
  });
});

describe('the state of a node', () => {
  test('the state goes from starting over serving to draining, and never back', () => {
    const { state } = NodeMemory.open(NodeMemory.allocate(OPTIONS), 0);
    expect(state.name).toBe('starting');
    state.serve();
    expect(state.name).toBe('serving');
    state.drain();
    state.serve();
    expect(state.name).toBe('draining');
  });
  test('a drain wakes a thread that waits, and one that comes later', async () => {
    const share = NodeMemory.allocate(OPTIONS);
    const [one, other] = [NodeMemory.open(share, 0), NodeMemory.open(share, 1)];
    const stopped = one.state.stopRequested();
    expect(one.state.sleepUntilStop(0)).toBe(false);
    other.state.drain();
    await stopped;
    await one.state.stopRequested();
    expect(one.state.sleepUntilStop(10_000)).toBe(true);
  });
});
