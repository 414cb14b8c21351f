/**
 * As death.test.ts, for a thread that dies inside the WebAssembly of the fast path: at each of its
 * stores, also those of 16 bytes that copy values, and at each atomic operation.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildFastPath } from '../../scripts/fast-path/build.ts';
import { EVICTION, type WasmMemoryKind } from '../../src/store/index.ts';
import { CONTROL, TOTAL } from '../../src/store/memory/layout.ts';
import { fastStore, type SessionHarness } from '../support/session-harness.ts';
import {
  checkEveryDeath,
  faulty,
  KEYS,
  LARGE_CHUNKS,
  type Scenario,
  sendAll,
  sendEach,
  set,
  storeSmallValues,
} from './dying-thread.ts';

const nothing = (): void => {};
const OLDER_KEYS = Array.from({ length: 100 }, (_, i) => `older-${i}`);
const fillLargeChunks = sendAll(
  ...OLDER_KEYS.map((key) => set(key, 0, 40)),
  ...KEYS.map((key) => set(key, 0, 40)),
);
/** The next victims, among keys that are evicted already. */
const readOldest = sendAll(`get ${OLDER_KEYS.slice(0, 24).join(' ')}\r\n`);
const expectMoreThan =
  (count: number, slot: 'evicted' | 'movesToWarm' | 'movesWithinLru') =>
  ({ parts }: SessionHarness): void => {
    expect(parts.totals.get(1, TOTAL[slot])).toBeGreaterThan(count);
  };
/** How many items of `fillLargeChunks` have no room in two pages. */
const EVICTED_BEFORE = 18;
const EXTRA_ITEMS = 1_000_000;
const inTurn =
  (...steps: readonly ((harness: SessionHarness) => void)[]) =>
  (harness: SessionHarness): void => {
    for (const step of steps) step(harness);
  };
const usePolicy =
  (eviction: number, segmented: number) =>
  ({ parts }: SessionHarness): void => {
    parts.tunables.set('eviction', eviction);
    parts.tunables.set('segmented', segmented);
  };
/** A binary get or set of a key of five bytes. */
const binary = (opcode: number, extras: string, value = ''): string => {
  const header = Buffer.alloc(24);
  header.writeUInt8(0x80, 0);
  header.writeUInt8(opcode, 1);
  header.writeUInt16BE(5, 2);
  header.writeUInt8(extras.length, 4);
  header.writeUInt32BE(extras.length + 5 + value.length, 8);
  return `${header.toString('latin1')}${extras}key-3${value}`;
};

const SCENARIOS: readonly Scenario[] = [
  { name: 'read items', prepare: storeSmallValues, steps: sendEach('get key-3 key-4 key-3\r\n') },
  { name: 'miss', prepare: storeSmallValues, steps: sendEach('get absent\r\n', 'mg absent v\r\n') },
  { name: 'overwrite an item', prepare: storeSmallValues, steps: sendEach(set('key-3', 1, 200)) },
  {
    name: 'overwrite an item with a shorter value and a ttl',
    prepare: storeSmallValues,
    steps: sendEach(set('key-3', 1, 190, 100)),
  },
  {
    name: 'overwrite an item with client flags',
    prepare: sendAll('set key-3 7 0 3\r\nold\r\n'),
    steps: sendEach('set key-3 8 0 3\r\nnew\r\n'),
  },
  {
    name: 'overwrite an item and move it to the head of its list',
    prepare: inTurn(usePolicy(EVICTION.segmented, 1), storeSmallValues),
    steps: sendEach(set('key-3', 1, 200)),
  },
  {
    name: 'replace an item by one in another class',
    prepare: inTurn(storeSmallValues, sendAll(set('key-9', 0, 3000))),
    steps: sendEach(set('key-9', 1, 150), set('fresh', 0, 200)),
  },
  {
    name: 'store a new key in a chunk that was never in use',
    prepare: storeSmallValues,
    steps: sendEach(set('fresh', 0, 200, 100)),
  },
  {
    name: 'store a new key in a free chunk',
    prepare: inTurn(storeSmallValues, sendAll('delete key-0\r\ndelete key-1\r\n')),
    steps: sendEach(set('fresh', 0, 200)),
  },
  {
    name: 'evict for a new key',
    prepare: fillLargeChunks,
    steps: [
      ...sendEach(set('fresh', 0, 40), set('older-0', 1, 40)),
      expectMoreThan(EVICTED_BEFORE, 'evicted'),
    ],
    options: LARGE_CHUNKS,
  },
  {
    name: 'evict after second chances',
    prepare: inTurn(fillLargeChunks, readOldest),
    steps: [...sendEach(set('fresh', 0, 40)), expectMoreThan(3, 'movesToWarm')],
    options: LARGE_CHUNKS,
  },
  {
    name: 'evict from one list with second chances',
    prepare: inTurn(usePolicy(EVICTION.s3fifo, 0), fillLargeChunks, readOldest),
    steps: [...sendEach(set('fresh', 0, 40)), expectMoreThan(3, 'movesWithinLru')],
    options: LARGE_CHUNKS,
  },
  { name: 'delete an item', prepare: storeSmallValues, steps: sendEach('delete key-3\r\n') },
  {
    name: 'delete an item by a meta command',
    prepare: storeSmallValues,
    steps: sendEach('md key-3 k\r\n'),
  },
  { name: 'touch an item', prepare: storeSmallValues, steps: sendEach('touch key-3 100\r\n') },
  {
    name: 'read an item and touch it',
    prepare: storeSmallValues,
    steps: sendEach('mg key-3 v T100 t c\r\n'),
  },
  {
    name: 'store by a meta command',
    prepare: storeSmallValues,
    steps: sendEach(
      `ms key-3 190 c\r\n${'b'.repeat(190)}\r\n`,
      `ms fresh 180 T90 F5\r\n${'c'.repeat(180)}\r\n`,
    ),
  },
  {
    name: 'read and overwrite an item by binary requests',
    prepare: storeSmallValues,
    steps: [
      (harness) => {
        harness.reconnect();
        harness.send(binary(0x00, ''));
        harness.send(binary(0x01, '\0\0\0\0\0\0\0\x63', 'b'.repeat(190)));
        harness.reconnect();
      },
    ],
  },
  {
    name: 'split a bucket',
    prepare: (harness) => {
      storeSmallValues(harness);
      // Makes the index look full.
      Atomics.add(harness.parts.arena.control, CONTROL.itemCount, EXTRA_ITEMS);
    },
    steps: sendEach(set('fresh', 0, 200)),
    beforeAudit: ({ parts }) => {
      Atomics.sub(parts.arena.control, CONTROL.itemCount, EXTRA_ITEMS);
    },
  },
];

beforeAll(async () => void (await buildFastPath(undefined, { instrumented: true })));
afterAll(() => faulty.close());

/** The two modules have the same source: one of them dies at every write of all scenarios. */
const IN_BOTH = new Set([
  'overwrite an item with a shorter value and a ttl',
  'store a new key in a free chunk',
  'evict after second chances',
  'replace an item by one in another class',
  'delete an item',
]);
const CASES: readonly (readonly [WasmMemoryKind, string, Scenario])[] = SCENARIOS.flatMap(
  (scenario) => [
    ['memory32', scenario.name, scenario] as const,
    ...(IN_BOTH.has(scenario.name) ? [['memory64', scenario.name, scenario] as const] : []),
  ],
);

test.each(CASES)(
  'a thread that dies in %s leaves a sound store or locks: %s',
  (kind, _, scenario) => {
    const { writes, wasmWrites } = checkEveryDeath({
      beforeAudit: nothing,
      ...scenario,
      observerUsesFastPath: kind === 'memory64',
      options: { ...fastStore(kind), ...scenario.options },
    });
    expect(wasmWrites, 'WebAssembly does all the work').toBe(writes);
  },
);
