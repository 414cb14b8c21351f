import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { buildFastPath } from '../../scripts/fast-path/build.ts';
import { LOCK_WORD, webAssembly } from '../../src/base/index.ts';
import type { StoreShare, WasmMemoryKind } from '../../src/store/index.ts';
import { countingModule } from '../support/faulty-memory.ts';
import { fastStore, SessionHarness, testShare } from '../support/session-harness.ts';
import type { WaiterJob } from './lock-waiter.ts';

const ROUNDS = 20;
/** So many turns of an empty loop let the other thread go from its exchange to its wait. */
const TURNS = 300_000;
const KINDS: readonly WasmMemoryKind[] = ['memory32', 'memory64'];
let waiter: Worker | undefined;

beforeAll(async () => void (await buildFastPath(undefined, { instrumented: true })));
afterEach(() => waiter?.terminate());

/** Joins with a fast path that calls `beforeWrite` before each of its writes. */
function join(share: StoreShare, kind: WasmMemoryKind, before_write: () => void): SessionHarness {
  const { Instance } = webAssembly!;
  const Hooked = new Proxy(Instance, {
    construct: (target, [, imports]: ConstructorParameters<typeof Instance>) =>
      new target(countingModule(kind), { env: { ...imports['env'], before_write } }),
  });
  Object.assign(webAssembly!, { Instance: Hooked });
  try {
    return new SessionHarness(share);
  } finally {
    Object.assign(webAssembly!, { Instance });
  }
}

test.each(KINDS)('a thread that waits for a lock of the fast path in %s is woken', async (kind) => {
  const share = testShare(fastStore(kind));
  let whileLocked: (() => void) | undefined;
  const harness = join(share, kind, () => whileLocked?.());
  const { index, arena } = harness.parts;
  const at = index.hashOf(Buffer.from('key'), 0, 3) & (arena.stripes.length - 1);
  const request = new Int32Array(new SharedArrayBuffer(4));
  const workerData: WaiterJob = { locks: arena.stripes, at, request };
  waiter = new Worker(new URL('./lock-waiter.ts', import.meta.url), { workerData });
  const endings: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    whileLocked = () => {
      if (Atomics.load(arena.stripes, at) !== LOCK_WORD.held) return;
      whileLocked = undefined;
      Atomics.store(request, 0, 1);
      Atomics.notify(request, 0);
      while (Atomics.load(arena.stripes, at) !== LOCK_WORD.contended);
      for (let turn = 0; turn < TURNS; turn++) Atomics.load(request, 0);
    };
    const ending = once(waiter, 'message');
    expect(harness.send('set key 0 0 1\r\nx\r\nget key\r\n')).toContain('VALUE key');
    endings.push(String((await ending)[0]));
  }
  expect(new Set(endings)).not.toContain('timed-out');
  expect(endings, 'some waits end by a wake-up').toContain('ok');
});
