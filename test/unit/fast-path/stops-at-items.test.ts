import { describe, test } from 'vitest';
import { BUCKET_ITEMS_MAX } from '../../../src/store/items/index-table.ts';
import { CLASS, CONTROL } from '../../../src/store/memory/layout.ts';
import { OP, packet } from '../../support/binary-wire.ts';
import { markCopies } from '../../support/copy-node.ts';
import {
  binarySet,
  checkStop,
  checkUsual,
  type Input,
  inOrder,
  MS_A,
  type Preparation,
  SET_A,
  SET_Z,
  type Stop,
  set,
} from '../../support/fast-stop.ts';
import { Twins } from '../../support/fast-twins.ts';
import type { SessionHarness } from '../../support/session-harness.ts';

const LOCK_HELD = 1;
const STRIPE_MASK = 4095;
const HEADER_BYTES = 32;
const SMALL_CHUNKS = { slabChunkMaxBytes: 8192 };
const BINARY_SET = binarySet('a', 20);
const BINARY_GET = packet({ opcode: OP.get, key: 'a' });

/** Holds a lock while the fast path runs. */
const busy = (
  part: 'control' | 'stripes' | 'classes',
  wordOf: (harness: SessionHarness) => number,
): Pick<Stop, 'but' | 'after'> => {
  const setter = (value: number) => (harness: SessionHarness) => {
    harness.parts.arena[part][wordOf(harness)] = value;
  };
  return { but: setter(LOCK_HELD), after: setter(0) };
};
const hashOf = (harness: SessionHarness, key: string): number =>
  harness.parts.index.hashOf(Buffer.from(key, 'latin1'), 0, key.length);
/** The class of an item with a key of one byte and a value of so many bytes. */
const classOf = (harness: SessionHarness, bytes: number): number =>
  harness.parts.arena.sizeClasses.classFor(HEADER_BYTES + 1 + bytes);
const busyStripe = busy('stripes', (harness) => hashOf(harness, 'a') & STRIPE_MASK);
const busyClass = (bytes: number) =>
  busy('classes', (harness) => classOf(harness, bytes) * CLASS.words + CLASS.lock);

const tick =
  (seconds: number) =>
  ({ parts }: SessionHarness): void =>
    parts.clock.tick(parts.clock.now() + seconds);

const stopsWith = (common: Partial<Stop>, stops: readonly Stop[]): readonly Stop[] =>
  stops.map((stop) => ({ ...common, ...stop }));

const READS: readonly (readonly [string, Input])[] = [
  ['get', 'get a\r\n'],
  ['gets', 'gets a\r\n'],
  ['mg', 'mg a v\r\n'],
  ['a binary get', BINARY_GET],
  ['touch', 'touch a 100\r\n'],
  ['delete', 'delete a\r\n'],
  ['md', 'md a\r\n'],
];
const WRITES: readonly (readonly [string, Input])[] = [
  ['set', SET_A],
  ['ms', MS_A],
  ['a binary set', BINARY_SET],
];

const ITEM_STATES: readonly (readonly [string, Preparation])[] = [
  ['a chained item', set('a', 20_000)],
  ['an expired item', inOrder('touch a 1\r\n', tick(2))],
  ['an item that expires now', inOrder('touch a 1\r\n', tick(1))],
  ['a copy', ({ store }: SessionHarness) => markCopies(store, () => true)],
  ['a flushed item', ({ store }: SessionHarness) => store.items.flushNow()],
];

const STATE_STOPS: readonly Stop[] = ITEM_STATES.flatMap(([state, but]) =>
  [...READS, ...WRITES].map(([name, request]) => ({
    title: `${name} of ${state}`,
    store: SMALL_CHUNKS,
    given: SET_A,
    request,
    but,
  })),
);

const ROOM_STOPS: readonly Stop[] = READS.slice(0, 4).map(([name, request]) => ({
  title: `${name} of a value that is longer than the output buffer`,
  given: SET_A,
  request,
  but: set('a', 300_000),
}));

const META_STOPS: readonly Stop[] = stopsWith({ given: SET_A, request: 'mg a k\r\n' }, [
  { title: 'mg of a stale item', request: 'mg a v\r\n', but: 'md a I T30\r\n' },
  { title: 'mg of a leased item', but: 'delete a\r\nmg a N30\r\n' },
  { title: 'mg of a binary key', but: 'ms YQ== 2 b\r\nhi\r\n' },
]);

const LOCK_STOPS: readonly Stop[] = [
  ...[...READS, ...WRITES].map(([name, request]) => ({
    title: `${name} while the stripe is busy`,
    given: SET_A,
    request,
    ...busyStripe,
  })),
  { title: 'a miss while the stripe is busy', ...busyStripe },
  { title: 'a new key while its class is busy', given: SET_Z, request: SET_A, ...busyClass(20) },
  {
    title: 'delete while the class is busy',
    given: SET_A,
    request: 'delete a\r\n',
    ...busyClass(20),
  },
  { title: 'md while the class is busy', given: SET_A, request: 'md a\r\n', ...busyClass(20) },
  {
    title: 'a set of another length while the class is busy',
    given: SET_A,
    request: set('a', 21),
    ...busyClass(20),
  },
  {
    title: 'a set that moves the item in its list while the class is busy',
    store: { tunables: { segmented: 0 } },
    given: SET_A,
    request: SET_A,
    ...busyClass(20),
  },
];

const OVERWRITE_STOPS: readonly Stop[] = stopsWith({ given: SET_A, request: SET_A }, [
  {
    title: 'a set over an item with a CAS id of its own',
    but: `ms a 20 E99\r\n${'v'.repeat(20)}\r\n`,
  },
  { title: 'a set without client flags over an item with them', but: SET_A.replace('0', '5') },
  {
    title: 'a set with client flags over an item without them',
    request: SET_A.replace('0', '6'),
    given: SET_A.replace('0', '5'),
    but: SET_A,
  },
  {
    title: 'a set that needs another class, of which there is no page',
    given: SET_A + set('b', 300),
    request: set('a', 300),
    unusual: set('a', 600),
  },
  {
    title: 'a set that needs another class while that is busy',
    given: set('b', 300) + SET_A,
    request: set('a', 300),
    ...busyClass(300),
  },
  {
    title: 'a set that needs another class while the old one is busy',
    given: set('b', 300) + SET_A,
    request: set('a', 300),
    ...busyClass(20),
  },
]);

/** Keys of the bucket of `a`, in an index with few buckets. */
const bucketKeys: string[] = [];
function keysOfBucket(harness: SessionHarness): readonly string[] {
  const bucket = hashOf(harness, 'a') & STRIPE_MASK;
  for (let nth = 0; bucketKeys.length < BUCKET_ITEMS_MAX; nth++) {
    if ((hashOf(harness, `key-${nth}`) & STRIPE_MASK) === bucket) bucketKeys.push(`key-${nth}`);
  }
  return bucketKeys;
}

function fillBucket(harness: SessionHarness, count: number): void {
  harness.parts.arena.control[CONTROL.buckets] = STRIPE_MASK + 1;
  for (const key of keysOfBucket(harness).slice(0, count)) harness.send(set(key, 18 - key.length));
}

const SET_BIG = set('a', 900);

/** Fills a class until it has no free chunk, with no page left in the pool. */
function fillClass(harness: SessionHarness): void {
  const { pagePool, slabs } = harness.parts;
  pagePool.setLimit(1);
  const sizeClass = classOf(harness, 900);
  for (let nth = 0; nth === 0 || slabs.freeChunkCount(sizeClass) > 0; nth++) {
    harness.send(set(`key-${nth}`, 896));
  }
}

/** Fills the store with items of the largest class; every second one has a value of `bytes`. */
const fillLargest =
  (bytes: number) =>
  (harness: SessionHarness): void => {
    harness.send('flush_all\r\n');
    for (let nth = 0; nth < 600; nth++) harness.send(set(`key-${nth}`, nth % 2 ? 1900 : bytes));
  };

const countSizes = ({ store }: SessionHarness): void => store.tuning.enableSizeHistogram();

const MEMORY_STOPS: readonly Stop[] = stopsWith({ request: SET_A }, [
  { title: 'a new key of a class without a page', given: SET_Z, unusual: set('a', 300) },
  {
    title: 'a new key in a full bucket',
    given: inOrder(SET_Z, (harness) => fillBucket(harness, BUCKET_ITEMS_MAX - 1)),
    but: (harness) => fillBucket(harness, BUCKET_ITEMS_MAX),
  },
  {
    title: 'a new key while the class may take a page of the pool',
    given: fillClass,
    request: SET_BIG,
    but: ({ parts }) => parts.pagePool.setLimit(8),
  },
  {
    title: 'a new key without memory on a node that does not evict',
    given: fillClass,
    request: SET_BIG,
    but: ({ parts }) => parts.tunables.set('evictsToFree', 0),
  },
  {
    title: 'an eviction whose first candidate is chained',
    store: { slabChunkMaxBytes: 2048, memoryLimitBytes: 1 << 20, tunables: { segmented: 0 } },
    given: fillLargest(1900),
    request: set('new', 1900),
    but: fillLargest(3000),
  },
  { title: 'a new key with a size histogram', given: SET_Z, but: countSizes },
]);

const HISTOGRAM_STOPS: readonly Stop[] = [
  ...WRITES,
  ...READS.filter(([name]) => name === 'delete' || name === 'md'),
].map(([name, request]) => ({
  title: `${name} with a size histogram`,
  given: SET_A,
  request,
  but: countSizes,
}));

describe.each(['memory32', 'memory64'] as const)('the fast path with %s', (kind) => {
  test.each([
    ...STATE_STOPS,
    ...ROOM_STOPS,
    ...META_STOPS,
    ...LOCK_STOPS,
    ...OVERWRITE_STOPS,
    ...MEMORY_STOPS,
    ...HISTOGRAM_STOPS,
  ])('the fast path leaves to JavaScript: $title', (stop) => {
    const { store = {} } = stop;
    checkUsual(new Twins({ kind, store }), stop);
    checkStop(new Twins({ kind, store }), stop);
  });
});
