import { describe, expect, test } from 'vitest';
import { STREAM } from '../../../../src/commands/index.ts';
import { CommandHarness } from '../../../support/command-harness.ts';

describe('get', () => {
  test('get returns the hits in the order of the keys, and leaves out the misses', () => {
    const node = new CommandHarness();
    node.put('set a 5 0 1', 'x');
    node.put('set b 0 0 0', '');
    expect(node.run('get b none a a')).toBe(
      'VALUE b 0 0\r\n\r\nVALUE a 5 1\r\nx\r\nVALUE a 5 1\r\nx\r\nEND\r\n',
    );
    expect([node.thread('get_cmds'), node.thread('get_misses')]).toEqual([4, 1]);
    expect(node.parts.sums.hits()).toBe(3);
  });
  test('gats sets the ttl of each hit, and counts touches only', () => {
    const node = new CommandHarness();
    node.put('set a 0 0 1', 'x');
    expect(node.run('gats 10 a none')).toMatch(/^VALUE a 0 1 \d+\r\nx\r\nEND\r\n$/);
    const { clock } = node.parts;
    clock.tick(clock.now() + 9);
    expect(node.run('get a')).toContain('VALUE');
    clock.tick(clock.now() + 1);
    expect(node.run('get a')).toBe('END\r\n');
    expect([node.thread('touch_cmds'), node.thread('touch_misses')]).toEqual([2, 1]);
    expect([node.classes('touch_hits'), node.thread('get_cmds')]).toEqual([1, 2]);
  });
  test('get grows the output for a value that does not fit, and returns it unchanged', () => {
    const node = new CommandHarness();
    const value = 'v'.repeat(200_000);
    node.put(`set big 0 0 ${value.length}`, value, 3);
    expect(node.run('get big')).toBe(`VALUE big 0 200000\r\n${value}\r\nEND\r\n`);
  });
  test('get stops after 64 KiB of output, and goes on at the next key', () => {
    const node = new CommandHarness();
    node.put('set k 0 0 10000', 'v'.repeat(10_000));
    const request = node.decode(`get ${Array(20).fill('k').join(' ')}`);
    const { retriever } = node.commands;
    const steps: number[] = [];
    let bytes = 0;
    for (let next = request.firstKey; next < request.endKey; ) {
      ({ next } = retriever.answer(request, node.classic, next, request.endKey));
      steps.push(next);
      bytes += node.takeOutput().length;
    }
    expect(steps).toEqual([8, 15, 21]);
    expect(bytes).toBe(20 * ('VALUE k 0 10000\r\n'.length + 10_002) + 'END\r\n'.length);
  });
  test('get finds its own keys after another get stopped early', () => {
    const node = new CommandHarness();
    node.put('set k 0 0 10000', 'v'.repeat(10_000));
    node.put('set a 0 0 1', 'x');
    const request = node.decode(`get ${Array(20).fill('k').join(' ')}`);
    node.commands.retriever.answer(request, node.classic, request.firstKey, request.endKey);
    node.takeOutput();
    expect(node.run('get a none a')).toBe('VALUE a 0 1\r\nx\r\nVALUE a 0 1\r\nx\r\nEND\r\n');
    expect(node.run('get a')).toBe('VALUE a 0 1\r\nx\r\nEND\r\n');
  });
  test('get stops at a value in several chunks; the caller writes it before the next key', () => {
    const node = new CommandHarness({ maxItemSizeBytes: 1 << 20 });
    const value = 'v'.repeat(600_000);
    node.put(`set big 0 0 ${value.length}`, value, 5);
    node.put('set small 0 0 1', 'x');
    const request = node.decode('get big small');
    const { retriever } = node.commands;
    const { next, stream } = retriever.answer(
      request,
      node.classic,
      request.firstKey,
      request.endKey,
    );
    expect(next).toBe(request.firstKey + 1);
    let output = node.takeOutput();
    for (let isDone = false; !isDone; ) {
      isDone = stream!.write(node.sink);
      output += node.takeOutput();
    }
    retriever.answer(request, node.classic, next, request.endKey);
    output += node.takeOutput();
    expect(output).toBe(`VALUE big 0 600000\r\n${value}\r\nVALUE small 0 1\r\nx\r\nEND\r\n`);
  });
  test('get tells watchers of each hit and why a key was not found', () => {
    const node = new CommandHarness({ watchedStreams: STREAM.fetchers });
    node.put('set a 0 0 1', 'x');
    node.put('set dead 0 -1 1', 'x');
    node.events.length = 0;
    node.run('get a none dead');
    expect(node.events.map((event) => event.replace(/clsid=\d+/, 'clsid=#'))).toEqual([
      'item_get key=a status=found clsid=# cfd=7 size=1',
      'item_get key=none status=not_found clsid=# cfd=7 size=0',
      'item_get key=dead status=expired clsid=# cfd=7 size=0',
    ]);
  });
});
