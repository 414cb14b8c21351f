import { describe, expect, test } from 'vitest';
import { PendingValue, STREAM } from '../../../../src/commands/index.ts';
import { audit } from '../../../support/audit.ts';
import { CommandHarness } from '../../../support/command-harness.ts';

const casOf = (node: CommandHarness, key: string): string =>
  /VALUE \S+ \d+ \d+ (\d+)/.exec(node.run(`gets ${key}`))?.[1] ?? 'none';

describe.each([
  ['at once', 0],
  ['in one piece', 1],
  ['in three pieces', 3],
])('a value that comes %s', (_name, pieces) => {
  test('a value is stored under the condition of its command', () => {
    const node = new CommandHarness();
    const put = (line: string, value: string): string => node.put(line, value, pieces);
    expect(put('replace a 0 0 3', 'old')).toBe('NOT_STORED\r\n');
    expect(put('append a 0 0 3', 'old')).toBe('NOT_STORED\r\n');
    expect(put('cas a 0 0 3 1', 'old')).toBe('NOT_FOUND\r\n');
    expect(put('add a 1 0 3', 'one')).toBe('STORED\r\n');
    expect(put('add a 2 0 3', 'two')).toBe('NOT_STORED\r\n');
    expect(put('prepend a 9 0 3', '>>>')).toBe('STORED\r\n');
    expect(put('append a 9 0 3', '<<<')).toBe('STORED\r\n');
    expect(node.run('get a')).toBe('VALUE a 1 9\r\n>>>one<<<\r\nEND\r\n');
    const cas = casOf(node, 'a');
    expect(put(`cas a 3 0 3 ${BigInt(cas) + 1n}`, 'xxx')).toBe('EXISTS\r\n');
    expect(put(`cas a 3 0 3 ${cas}`, 'new')).toBe('STORED\r\n');
    expect(put(`cas a 3 0 3 ${cas}`, 'xxx')).toBe('EXISTS\r\n');
    expect(node.run('get a')).toBe('VALUE a 3 3\r\nnew\r\nEND\r\n');
    expect(put('set a 0 0 0', '')).toBe('STORED\r\n');
    expect(node.run('get a')).toBe('VALUE a 0 0\r\n\r\nEND\r\n');
    expect(audit(node.parts)).toEqual([]);
  });
  test('a write counts once for each command', () => {
    const node = new CommandHarness();
    node.put('set a 0 0 3', 'one', pieces);
    node.put('add a 0 0 3', 'two', pieces);
    expect(node.classes('cmd_set')).toBe(2);
    node.put('cas a 0 0 3 999', 'xxx', pieces);
    node.put(`cas a 0 0 3 ${casOf(node, 'a')}`, 'xxx', pieces);
    node.put('cas b 0 0 3 1', 'xxx', pieces);
    expect([node.classes('cas_badval'), node.classes('cas_hits')]).toEqual([1, 1]);
    expect(node.thread('cas_misses')).toBe(1);
  });
  test('a store says nothing to a quiet request, and tells watchers', () => {
    const node = new CommandHarness({ watchedStreams: STREAM.mutations });
    expect(node.put('set a 0 60 3 noreply', 'one', pieces)).toBe('');
    expect(node.put('add a 0 0 3 noreply', 'two', pieces)).toBe('');
    expect(node.events.map((event) => event.replace(/clsid=\d+/, 'clsid=#'))).toEqual([
      'item_store key=a status=stored cmd=set ttl=60 clsid=# cfd=7 size=3',
      'item_store key=a status=not_stored cmd=add ttl=0 clsid=# cfd=7 size=3',
    ]);
  });
  test('a value that is too large is refused; a set removes the old value, an add does not', () => {
    for (const [line, after] of [
      ['set a 0 0 2000', 'END\r\n'],
      ['add a 0 0 2000', 'VALUE a 0 3\r\nold\r\nEND\r\n'],
    ] as const) {
      const node = new CommandHarness({ maxItemSizeBytes: 1024 });
      node.put('set a 0 0 3', 'old');
      const reply = node.put(line, 'v'.repeat(2000), pieces);
      expect(reply).toBe('SERVER_ERROR object too large for cache\r\n');
      expect([node.run('get a'), node.thread('store_too_large')]).toEqual([after, 1]);
      expect(audit(node.parts)).toEqual([]);
    }
  });
  test('a value is refused if there is no memory and nothing may be evicted', () => {
    const node = new CommandHarness({ memoryLimitBytes: 1 << 20, tunables: { evictsToFree: 0 } });
    const value = 'v'.repeat(100);
    const put = (i: number): string => node.put(`set k${i} 0 0 100`, value, pieces);
    let stored = 0;
    while (put(stored) === 'STORED\r\n') stored++;
    expect(stored).toBeGreaterThan(1000);
    expect(put(stored)).toBe('SERVER_ERROR out of memory storing object\r\n');
    expect(node.run('get k0')).toContain('VALUE');
    expect(node.thread('store_no_memory')).toBe(2);
    expect(audit(node.parts)).toEqual([]);
  });
});

test.each([
  ['a small value at once', 100, 0],
  ['a small value in pieces', 100, 2],
  ['a value above 16 KiB at once', 20_000, 0],
  ['a chained value in pieces', 700_000, 3],
])('a set of %s computes its placement once', (_, valueBytes, pieces) => {
  const node = new CommandHarness();
  const { placer } = node.parts;
  const placements: number[] = [];
  const placementFor = placer.placementFor.bind(placer);
  placer.placementFor = (...sizes) => {
    const placement = placementFor(...sizes);
    placements.push(placement);
    return placement;
  };
  const value = 'v'.repeat(valueBytes);
  // A new key, an overwrite, and a replacement by another size.
  for (const bytes of [valueBytes, valueBytes, valueBytes - 50]) {
    placements.length = 0;
    expect(node.put(`set a 7 0 ${bytes}`, value.slice(0, bytes), pieces)).toBe('STORED\r\n');
    expect(placements).toHaveLength(1);
  }
});

describe('a value that does not become complete', () => {
  test('a value that does not become complete leaves the old one, and its memory is freed', () => {
    const node = new CommandHarness();
    node.put('set a 0 0 3', 'old');
    const { writer } = node.commands;
    for (const end of ['abandon', 'bad data'] as const) {
      const pending = new PendingValue();
      expect(writer.begin(node.decode('set a 0 0 600000'), pending, node.classic)).toBe(true);
      writer.receive(pending, Buffer.alloc(300_000), 0, 300_000, node.classic);
      expect(node.run('get a')).toContain('old');
      if (end === 'abandon') writer.abandon(pending);
      else writer.rejectBadData(pending, node.classic);
      const reply = end === 'abandon' ? '' : 'CLIENT_ERROR bad data chunk\r\n';
      expect(node.takeOutput()).toBe(reply);
      writer.abandon(pending);
      expect(audit(node.parts)).toEqual([]);
    }
    expect(node.run('get a')).toBe('VALUE a 0 3\r\nold\r\nEND\r\n');
  });
});
