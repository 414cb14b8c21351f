import { describe, expect, test } from 'vitest';
import { STREAM } from '../../../../src/commands/index.ts';
import { NO_ITEM } from '../../../../src/store/memory/item-layout.ts';
import { TOTAL } from '../../../../src/store/memory/layout.ts';
import { audit } from '../../../support/audit.ts';
import { CommandHarness } from '../../../support/command-harness.ts';
import { murmurCollisions } from '../../../support/murmur-collisions.ts';
import { Random } from '../../../support/random.ts';

/** The bound of a bucket (index-table.ts). */
const BUCKET_ITEMS_MAX = 64;
/** The low bits of a hash that choose the bucket of an index that has not grown. */
const BUCKET_MASK = 0xffff;

/** Finds keys of one bucket, as nobody can who does not know the key of the hash. */
function keysOfOneBucket(node: CommandHarness, count: number): readonly string[] {
  const bytes = Buffer.from('key-0000000', 'latin1');
  const { index } = node.parts;
  const keys: string[] = [];
  for (let n = 0; keys.length < count; n++) {
    let rest = n;
    for (let at = bytes.length - 1; at > 3; at--) {
      bytes[at] = 0x61 + (rest % 26);
      rest = Math.floor(rest / 26);
    }
    const bucket = index.hashOf(bytes, 0, bytes.length) & BUCKET_MASK;
    if (bucket === 77) keys.push(bytes.toString('latin1'));
  }
  return keys;
}

const bucketLengths = (node: CommandHarness): readonly number[] => {
  const { index } = node.parts;
  return Array.from({ length: index.bucketCount() }, (_, bucket) => {
    let length = 0;
    for (let id = index.first(bucket); id !== NO_ITEM; id = index.next(id)) length++;
    return length;
  });
};

test('keys that collide in murmur3 are spread over the buckets, and each is found', () => {
  const node = new CommandHarness();
  const keys = murmurCollisions(new Random(2), 12);
  for (const key of keys) expect(node.put(`set ${key} 0 0 1`, 'x')).toBe('STORED\r\n');
  expect(Math.max(...bucketLengths(node))).toBeLessThan(10);
  expect(node.present(keys)).toHaveLength(4096);
});

describe('a bucket whose keys were searched for', () => {
  test('a full bucket evicts its last item for a new key, and every newer key is found', () => {
    const node = new CommandHarness({ watchedStreams: STREAM.evictions });
    const keys = keysOfOneBucket(node, 100);
    for (const [nth, key] of keys.entries()) {
      expect(node.put(`set ${key} 0 0 3`, String(nth).padEnd(3))).toBe('STORED\r\n');
      expect(node.run(`get ${key}`)).toContain(`\r\n${String(nth).padEnd(3)}\r\n`);
    }
    expect(node.present(keys)).toEqual(keys.slice(-BUCKET_ITEMS_MAX));
    expect(Math.max(...bucketLengths(node))).toBe(BUCKET_ITEMS_MAX);
    const { totals } = node.parts.arena;
    const sizeClass = node.parts.items.lruClassOf(node.idOf(keys[99]!));
    expect(totals[sizeClass * TOTAL.slots + TOTAL.evicted]).toBe(36);
    const evicted = node.events.map((event) => /key=(\S+)/.exec(event)?.[1]);
    expect(evicted).toEqual(keys.slice(0, 36));
    expect(audit(node.parts)).toEqual([]);
  });
  test('an overwrite and a delete in a full bucket evict nothing', () => {
    const node = new CommandHarness();
    const keys = keysOfOneBucket(node, BUCKET_ITEMS_MAX);
    for (const key of keys) node.put(`set ${key} 0 0 1`, 'x');
    for (const bytes of [1, 400]) {
      for (const key of keys) node.put(`set ${key} 0 0 ${bytes}`, 'y'.repeat(bytes));
      expect(node.present(keys)).toEqual(keys);
    }
    node.run(`delete ${keys[5]}`);
    node.put(`set ${keys[5]} 0 0 1`, 'x');
    expect(node.present(keys)).toEqual(keys);
    expect(audit(node.parts)).toEqual([]);
  });
  test('every command that creates an item keeps the bound', () => {
    const node = new CommandHarness({ memoryLimitBytes: 64 << 20 });
    const keys = keysOfOneBucket(node, 5 * BUCKET_ITEMS_MAX);
    const create = [
      (key: string) => node.put(`add ${key} 0 0 1`, 'x'),
      (key: string) => node.put(`set ${key} 0 0 1`, 'x', 1),
      (key: string) => node.run(`mg ${key} v N60`),
      (key: string) => node.run(`ma ${key} N0`),
      (key: string) => node.put(`set ${key} 0 0 700000`, 'x'.repeat(700_000)),
    ];
    for (const [nth, key] of keys.entries()) {
      create[nth % create.length]!(key);
      expect(node.idOf(key)).not.toBe(NO_ITEM);
    }
    expect(Math.max(...bucketLengths(node))).toBe(BUCKET_ITEMS_MAX);
    expect(audit(node.parts)).toEqual([]);
  });
  test('a client gets the rest of a value that a full bucket evicts', () => {
    const node = new CommandHarness();
    const keys = keysOfOneBucket(node, BUCKET_ITEMS_MAX + 1);
    const value = 'v'.repeat(600_000);
    node.put(`set ${keys[0]} 0 0 600000`, value);
    const request = node.decode(`get ${keys[0]}`);
    const { stream } = node.commands.retriever.answer(request, node.classic, 1, request.endKey);
    let reply = node.takeOutput();
    for (const key of keys.slice(1)) node.put(`set ${key} 0 0 1`, 'x');
    expect(node.idOf(keys[0]!)).toBe(NO_ITEM);
    for (let isDone = false; !isDone; reply += node.takeOutput()) isDone = stream!.write(node.sink);
    expect(reply).toBe(`VALUE ${keys[0]} 0 600000\r\n${value}\r\n`);
    expect(audit(node.parts)).toEqual([]);
  });
});
