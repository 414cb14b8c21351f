import { describe, expect, test } from 'vitest';
import { beginMetadump } from '../../../../src/commands/admin/dump.ts';
import { CommandHarness } from '../../../support/command-harness.ts';

/** The whole dump; `between` runs after each piece. */
function dump(node: CommandHarness, words: readonly string[], between = (): void => {}): string {
  const stream = beginMetadump(node.store, words, true);
  if (typeof stream === 'string') return stream;
  let output = '';
  for (let isDone = false; !isDone; ) {
    isDone = stream.write(node.sink);
    output += node.takeOutput();
    between();
  }
  return output;
}

describe('metadump', () => {
  test('a metadump has a line with the facts of each item, and an end', () => {
    const node = new CommandHarness();
    const { clock } = node.parts;
    node.put('set a%\xff~. 3 100 5', 'value');
    node.run('get a%\xff~.');
    node.put('set b 0 0 0', '');
    const expiry = clock.epoch() + clock.now() + 100;
    const lines = dump(node, ['lru_crawler', 'metadump', 'all']).split('\n').sort();
    expect(lines[1]).toBe('END\r');
    expect(lines[2]).toBe('OK\r');
    expect(lines[3]).toMatch(
      new RegExp(
        `^key=a%25%FF~. exp=${expiry} la=\\d+ cas=\\d+ fetch=yes cls=\\d+ size=46 flags=3 $`,
      ),
    );
    expect(lines[4]).toMatch(/^key=b exp=-1 la=\d+ cas=\d+ fetch=no cls=1 size=33 flags=0 $/);
  });
  test('a metadump lists each key that stays, in pieces, while the store changes', () => {
    const node = new CommandHarness({ memoryLimitBytes: 16 << 20 });
    for (let i = 0; i < 5000; i++) node.put(`set stays${i} 0 0 0`, '');
    let added = 0;
    let pieces = 0;
    const output = dump(node, ['lru_crawler', 'metadump', 'hash'], () => {
      pieces++;
      for (let i = 0; i < 500; i++) node.put(`set other${added++} 0 0 0`, '');
      node.run(`delete other${added - 1}`);
    });
    expect(pieces).toBeGreaterThan(3);
    const keys = [...output.matchAll(/^key=stays(\d+) /gm)].map(([, nth]) => Number(nth));
    expect(new Set(keys).size).toBe(5000);
    expect(keys).toHaveLength(5000);
  });
  test('a metadump lists only the classes that it names', () => {
    const node = new CommandHarness();
    node.put('set small 0 0 0', '');
    node.put('set large 0 0 5000', 'v'.repeat(5000));
    const cls = /cls=(\d+)/.exec(node.run('me large'))![1]!;
    expect(dump(node, ['lru_crawler', 'metadump', cls])).toMatch(/^OK\r\nkey=large .*\nEND\r\n$/);
    expect(dump(node, ['lru_crawler', 'metadump', `1,${cls}`])).toContain('key=small ');
    expect(dump(node, ['lru_crawler', 'metadump', '2'])).toBe('OK\r\nEND\r\n');
  });
  test.each(['0', '64', '1,64', 'x', '', '-1', '1,'])(
    'a metadump refuses the classes %j',
    (which) => {
      const node = new CommandHarness();
      expect(dump(node, ['lru_crawler', 'metadump', which])).toBe('BADCLASS invalid class id');
    },
  );
  test('a metadump is refused where the operator does not allow it', () => {
    const node = new CommandHarness({ dumpingAllowed: false });
    expect(node.run('lru_crawler metadump all')).toBe('ERROR metadump not allowed\r\n');
    expect(node.run('lru_crawler mgdump all')).toBe('ERROR key dump not allowed\r\n');
  });
});

test('mgdump lists request lines that fetch the items', () => {
  const node = new CommandHarness();
  node.put('set plain 0 0 1', 'x');
  node.put('ms YWI= 1 b', 'y');
  const lines = dump(node, ['lru_crawler', 'mgdump', 'all']).split('\r\n');
  expect([...lines].sort()).toEqual(['', 'EN', 'OK', 'mg YWI= b', 'mg plain']);
  for (const line of lines.filter((each) => each.startsWith('mg'))) {
    expect(node.run(`${line} v`)).toMatch(/^VA 1\r\n[xy]\r\n$/);
  }
});
