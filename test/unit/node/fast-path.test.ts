import { describe, expect, test } from 'vitest';
import { type Logger, silentLogger } from '../../../src/base/index.ts';
import { fastPathState, loadFastPath } from '../../../src/node/fast-path.ts';
import { NodeMemory } from '../../../src/node/memory.ts';
import {
  defaultServerOptions,
  type ServerOptions,
} from '../../../src/node/options/server-flags.ts';
import { processLimit } from '../../../src/node/process-limits.ts';

const UNLIMITED = Number.POSITIVE_INFINITY;

/** The state of a node that has allocated its memory, and the lines that it logged. */
async function start(changes: Partial<ServerOptions>, addressSpaceBytes = UNLIMITED) {
  const options = { ...defaultServerOptions(), memoryLimitBytes: 8 << 20, ...changes };
  const loaded = await loadFastPath(options, addressSpaceBytes);
  const share = NodeMemory.allocate(options, loaded.modules);
  const lines: unknown[] = [];
  const log: Logger = { ...silentLogger, warn: (facts) => lines.push(facts) };
  return { share, state: fastPathState(options, share.store, loaded, log), lines };
}

describe('the fast path of a node', () => {
  test('a small node gets the module for its memory, and passes it to its threads', async () => {
    const { share, state, lines } = await start({});
    expect(state).toEqual({ kind: 'memory32' });
    expect(share.store.kind).toBe('memory32');
    expect(String(structuredClone(share).fastPath)).toBe('[object WebAssembly.Module]');
    expect(lines).toEqual([]);
  });
  test('a node with 2 GiB that may grow has addresses of 64 bits', async () => {
    const { state } = await start({ memoryLimitBytes: 2 * 2 ** 30 });
    expect(state).toEqual({ kind: 'memory64' });
  });
  test('-o no_fast_path turns the fast path off, without a word', async () => {
    const { share, state, lines } = await start({ noFastPath: true });
    expect(state).toEqual({ kind: 'off', choice: '-o no_fast_path' });
    expect({ kind: share.store.kind, module: share.fastPath }).toEqual({
      kind: 'plain',
      module: undefined,
    });
    expect(lines).toEqual([]);
  });
  test('a node whose address space is limited leaves it to its threads, and logs why', async () => {
    const { share, state, lines } = await start({}, 40 * 2 ** 30);
    expect(share.store.kind).toBe('plain');
    expect(state).toEqual({ kind: 'off' });
    expect(lines).toEqual([
      { reason: 'the address space of the process is limited: run ulimit -v unlimited' },
    ]);
  });
  test('a node above 16 GiB logs that WebAssembly has no such memory', async () => {
    const { share, lines } = await start({ memoryLimitBytes: 17 * 2 ** 30 });
    expect(share.store.kind).toBe('plain');
    expect(lines).toEqual([{ reason: expect.stringContaining('it ends at 16 GiB') }]);
  });
});

test('a process has limits, which may be infinite', () => {
  expect(processLimit('open_files')).toBeGreaterThan(0);
  expect(processLimit('virtual_memory_bytes')).toBeGreaterThan(0);
});
