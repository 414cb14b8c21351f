import { describe, expect, test } from 'vitest';
import { Random, testSeed } from '../support/random.ts';
import { SessionHarness, testShare } from '../support/session-harness.ts';
import { decodeSnapshot } from '../support/snapshots.ts';
import { dumpStore, restoreStore } from '../support/store-snapshots.ts';

const KEYS = 2000;
/** Steps of the dump between two changes; a dump has 2^16 steps. */
const STEPS_PER_CHANGE = 8;
const MEMORY = { memoryLimitBytes: 64 << 20 };
/** Both stores start in the same second. */
const CLOCK = { nowMs: () => 1_700_000_000_000 };
const seed = testSeed();

/** What a client sees of a key: flags, size, remaining time, CAS id and value. */
const view = (harness: SessionHarness, key: string): string =>
  harness.send(`mg ${key} f s t c v\r\n`);
const set = (command: string, key: string, value: string, flags = 0, ttl = 0): string =>
  `${command} ${key} ${flags} ${ttl} ${value.length}\r\n${value}\r\n`;

/** Writes random values, and remembers which ones each key has had since `beginDump`. */
class WriteLoad {
  readonly harness: SessionHarness;
  /** All states that a key had during the dump; undefined stands for no item. */
  readonly states = new Map<string, Set<string | undefined>>();
  readonly #random: Random;
  #writes = 0;

  constructor(harness: SessionHarness, random: Random) {
    this.harness = harness;
    this.#random = random;
  }

  beginDump(): void {
    for (const key of this.keys()) this.#note(key);
  }

  keys(): readonly string[] {
    return Array.from({ length: KEYS }, (_, nth) => `key-${nth}`);
  }

  write(key: string): void {
    const value = `${this.#writes++} ${'v'.repeat(this.#length())}`;
    const flags = this.#random.oneIn(3) ? this.#random.int(1, 1000) : 0;
    const ttl = this.#random.oneIn(4) ? this.#random.int(100, 1000) : 0;
    const casFlag = this.#random.oneIn(5) ? ` E${this.#random.int(1, 1e9)}` : '';
    this.harness.send(`ms ${key} ${value.length} F${flags} T${ttl}${casFlag}\r\n${value}\r\n`);
  }

  /** Changes a random key. */
  readonly change = (): void => {
    const key = `key-${this.#random.int(0, KEYS - 1)}`;
    const kind = this.#random.int(0, 5);
    if (kind === 0) this.harness.send(`delete ${key}\r\n`);
    else if (kind === 1) this.harness.send(set('append', key, '+'));
    else this.write(key);
    this.#note(key);
  };

  #length(): number {
    // Some values are chained, and some are larger than a block.
    return this.#random.oneIn(200) ? this.#random.int(1, 900_000) : this.#random.int(0, 2000);
  }

  #note(key: string): void {
    const reply = view(this.harness, key);
    const states = this.states.get(key) ?? new Set();
    this.states.set(key, states.add(reply === 'EN\r\n' ? undefined : reply));
  }
}

describe('a snapshot of a store', () => {
  test(`each item is as it was at one moment under write load, seed ${seed}`, () => {
    const random = new Random(seed);
    const source = new SessionHarness(testShare(MEMORY, CLOCK));
    const load = new WriteLoad(source, random);
    for (const key of load.keys()) load.write(key);
    load.beginDump();
    let steps = 0;
    const snapshot = dumpStore(source.store, () => {
      if (++steps % STEPS_PER_CHANGE === 0) load.change();
    });
    const target = new SessionHarness(testShare(MEMORY, CLOCK));
    const { totals, restored } = restoreStore(target.store, snapshot);
    expect(totals.isComplete).toBe(true);
    expect(restored).toBe(totals.items);
    let missing = 0;
    for (const [key, states] of load.states) {
      const reply = view(target, key);
      if (reply === 'EN\r\n') missing++;
      // Only a key that had no item for a moment may be missing.
      expect(states.has(reply === 'EN\r\n' ? undefined : reply), key).toBe(true);
    }
    expect(restored).toBe(KEYS - missing);
    expect(missing).toBeLessThan(KEYS / 4);
    expect(source.store.view.total('outOfMemory')).toBe(0);
  });
});

describe('restored items', () => {
  const pair = (options = {}) => ({
    source: new SessionHarness(testShare(MEMORY, CLOCK)),
    target: new SessionHarness(testShare({ ...MEMORY, ...options }, CLOCK)),
  });
  test('a restored item keeps its CAS id, and later writes get higher ones', () => {
    const { source, target } = pair();
    for (let nth = 0; nth < 50; nth++) source.send(set('set', 'a', 'x'));
    source.send(set('set', 'b', 'x') + set('set', 'gone', 'x'));
    source.send('delete gone\r\nms own 1 E99999\r\nx\r\n');
    restoreStore(target.store, dumpStore(source.store));
    for (const key of ['a', 'b', 'own']) expect(view(target, key)).toBe(view(source, key));
    expect(target.send('mg own c\r\n')).toBe('HD c99999\r\n');
    target.send(set('set', 'new', 'x'));
    expect(Number(target.send('mg new c\r\n').slice(4))).toBeGreaterThan(53);
    expect(target.send('cas a 0 0 1 50\r\ny\r\n')).toBe('STORED\r\n');
  });
  test('a restored item is visible after a flush, with a new CAS id', () => {
    const { source, target } = pair();
    source.send(set('set', 'a', 'x'));
    for (let nth = 0; nth < 9; nth++) target.send(set('set', 'b', 'x'));
    target.send('flush_all\r\n');
    restoreStore(target.store, dumpStore(source.store));
    expect(target.send('mg a c v\r\n')).toBe('VA 1 c11\r\nx\r\n');
  });
  test('a restored item keeps the marks of a binary key, of a stale value and of a lease', () => {
    const { source, target } = pair();
    source.send('ms AAE= 1 b\r\nx\r\nms stale 1\r\nx\r\nmd stale I T100\r\n');
    source.send('mg stale v\r\n');
    const snapshot = dumpStore(source.store);
    restoreStore(target.store, snapshot);
    expect(target.send('mg AAE= b k v\r\n')).toBe('VA 1 kAAE= b\r\nx\r\n');
    expect(target.send('mg stale v\r\n')).toBe(source.send('mg stale v\r\n'));
    expect(target.send('mg stale v\r\n')).toBe('VA 1 Z X\r\nx\r\n');
  });
  test('a restored item replaces no newer one unless the operator asks for it', () => {
    const { source, target } = pair();
    source.send(set('set', 'a', 'old') + set('set', 'big', 'o'.repeat(700_000)));
    target.send(set('set', 'a', 'new') + set('set', 'big', 'new'));
    const snapshot = dumpStore(source.store);
    expect(restoreStore(target.store, snapshot)).toMatchObject({ restored: 0, existed: 2 });
    expect(target.send('get a\r\n')).toContain('new');
    expect(target.send('get big\r\n')).toContain('new');
    expect(restoreStore(target.store, snapshot, true)).toMatchObject({ restored: 2, existed: 0 });
    expect(target.send('get a\r\n')).toContain('old');
    expect(target.send('mg big s\r\n')).toBe('HD s700000\r\n');
  });
  test('an item that has expired since, or is too large for the node, is left out', () => {
    const { source, target } = pair({ maxItemSizeBytes: 100_000 });
    source.send(set('set', 'soon', 'x', 0, 5) + set('set', 'later', 'x', 0, 500));
    source.send(set('set', 'large', 'x'.repeat(200_000)) + set('set', 'huge', 'x'.repeat(800_000)));
    const snapshot = dumpStore(source.store);
    target.parts.clock.tick(target.parts.clock.now() + 10);
    const counts = restoreStore(target.store, snapshot);
    expect(counts).toMatchObject({ restored: 1, expired: 1, tooLarge: 2 });
    expect(target.send('get soon later\r\n')).toContain('VALUE later');
  });
  test('a smaller node keeps the items that clients request', () => {
    const { source, target } = pair({ memoryLimitBytes: 8 << 20 });
    const keys = Array.from({ length: 20_000 }, (_, nth) => `key-${nth}`);
    for (const key of keys) source.send(set('set', key, 'v'.repeat(1000)));
    const hot = keys.filter((_, nth) => nth % 10 === 0);
    for (const key of hot) source.send(`get ${key}\r\nget ${key}\r\n`);
    restoreStore(target.store, dumpStore(source.store));
    const kept = hot.filter((key) => target.send(`mg ${key} s\r\n`) !== 'EN\r\n');
    expect(kept.length).toBeGreaterThan(0.9 * hot.length);
  });
});

describe('damage', () => {
  test('a damaged snapshot gives no item that the store did not have', () => {
    const random = new Random(seed);
    const source = new SessionHarness(testShare(MEMORY, CLOCK));
    for (let nth = 0; nth < 300; nth++) {
      source.send(set('set', `key-${nth}`, `${nth} `.repeat(random.int(1, 2000)), nth));
    }
    const snapshot = dumpStore(source.store, undefined, 'zstd');
    for (let round = 0; round < 40; round++) {
      const damaged = Buffer.from(snapshot);
      damaged[random.int(10, snapshot.length - 1)]! ^= random.int(1, 255);
      const { items, totals } = decodeSnapshot(damaged, 70_000);
      expect(totals.isComplete).toBe(false);
      for (const [key, text] of items) {
        expect(text.endsWith(`${key.slice(4)} `), key).toBe(true);
      }
    }
  });
});
