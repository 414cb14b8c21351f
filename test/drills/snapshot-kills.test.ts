/** A process that is killed (SIGKILL) at each step of a dump, a restore or a warm restart. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import { adminUrl } from '../support/admin-url.ts';
import { startSlabring, startVerb } from '../support/node-process.ts';
import { freePort } from '../support/ports.ts';
import { MAIN } from '../support/program.ts';
import { OwnedProcess, type TestServer } from '../support/server.ts';
import { decodeSnapshot } from '../support/snapshots.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const KILL = ['--import', fileURLToPath(new URL('../support/kill-preload.ts', import.meta.url))];
/** The steps of writing a file: each call, and for the last ones also the call after it. */
const WRITE_STEPS = [
  'openSync',
  'writeSync:1',
  'writeSync:2',
  'fsyncSync:1',
  'closeSync:1',
  'renameSync',
  // The folder: the file has its name already.
  'openSync:2',
  'fsyncSync:2',
] as const;
/** From here on the new file counts. */
const isRenamed = (step: string): boolean => step === 'openSync:2' || step === 'fsyncSync:2';

const { pathTo, cleanups } = folderForEachTest();
let file = '';
beforeEach(() => {
  file = pathTo('items.snapshot');
});

const kill = (step: string | undefined) =>
  step === undefined ? {} : { nodeArgs: KILL, env: { KILL_AT: step, KILL_IN: pathTo() } };

async function start(
  args: readonly string[],
  step?: string,
  options: { readonly port?: number } = {},
): Promise<TestServer> {
  const node = await startSlabring({ args: ['-t', '1', '-v', ...args], ...kill(step), ...options });
  cleanups.push(() => node.stop());
  return node;
}

const startWithAdmin = (...args: readonly string[]) => start(['--admin-port', '0', ...args]);

const slabring = (args: readonly string[], step?: string): OwnedProcess =>
  startVerb(args, kill(step));
const run = (...args: readonly string[]) => slabring(args).result();

const exchange = ({ address }: TestServer, request: string): Promise<string> =>
  exchangeOnce(address, request);

/** More than one block. */
const fill = (node: TestServer, word: string): Promise<string> =>
  exchange(
    node,
    Array.from({ length: 400 }, (_, nth) => `set key-${nth} 0 0 1000 noreply\r\n`)
      .map((line) => `${line}${word.repeat(1000 / word.length)}\r\n`)
      .join(''),
  );

/** The word of all items in a file; fails if they are not all there. */
function wordIn(path: string): string {
  const { items, totals } = decodeSnapshot(readFileSync(path));
  expect([totals.isComplete, items.size]).toEqual([true, 400]);
  const words = new Set([...items.values()].map((text) => text.slice(-4)));
  expect(words.size).toBe(1);
  return [...words][0]!;
}

const files = (): string[] => readdirSync(pathTo()).sort();

describe('a dump', () => {
  test.each(WRITE_STEPS)('the old file or the new one counts, killed at %s', async (step) => {
    const node = await startWithAdmin();
    const args = ['dump', file, '--admin', adminUrl(node)];
    await fill(node, 'old!');
    expect(await run(...args)).toMatchObject({ code: 0, err: '' });
    await fill(node, 'new!');
    expect(await slabring(args, step).exited).toMatchObject({ signal: 'SIGKILL' });
    expect(wordIn(file)).toBe(isRenamed(step) ? 'new!' : 'old!');
    expect(await run(...args)).toMatchObject({ code: 0, err: '' });
    expect([wordIn(file), files()]).toEqual(['new!', ['items.snapshot']]);
  });
});

describe.skipIf(process.platform === 'win32')('a restore into a running node', () => {
  /** A restore that waits for the rest of its snapshot, which comes through a pipe. */
  async function half(node: TestServer, begin = slabring) {
    const source = await startWithAdmin();
    await fill(source, 'item');
    await run('dump', file, '--admin', adminUrl(source));
    const path = pathTo('pipe');
    spawnSync('mkfifo', [path]);
    const restore = begin(['restore', path, '--admin', adminUrl(node)]);
    const pipe = await open(path, 'w');
    await pipe.write(readFileSync(file).subarray(0, 350_000));
    await waitUntil('the node restores', () => node.process.stderr.includes('"restore"'));
    return { restore, pipe };
  }

  test('the verb says which node was killed, and the next run works', async () => {
    const node = await startWithAdmin();
    const { restore, pipe } = await half(node);
    process.kill(node.pid!, 'SIGKILL');
    await node.process.exited;
    await pipe.close();
    expect(await restore.exited).toMatchObject({ code: 1 });
    expect(restore.stderr).toContain(`The admin port ${adminUrl(node)}`);
    const next = await startWithAdmin();
    expect((await run('restore', file, '--admin', adminUrl(next))).code).toBe(0);
    expect(await exchange(next, 'stats\r\n')).toContain('STAT curr_items 400\r\n');
  });
  test('the verb ends with the process that has started it, and waits for it', async () => {
    const node = await startWithAdmin();
    const { restore, pipe } = await half(node, (args) => {
      return new OwnedProcess([process.execPath, MAIN, ...args], { ipc: true });
    });
    // After a disconnect of this side there is no event "close".
    const exited = once(restore.child, 'exit');
    restore.child.disconnect();
    // Node.js exits once its threads have, and one of them reads from the pipe.
    await pipe.close();
    expect(await exited).toEqual([1, null]);
    await waitUntil('its output ends', () => restore.child.stderr!.readableEnded);
    // The verb did not come to see that the snapshot is cut off.
    expect(restore.stderr).toBe('');
  });
  test('a killed verb leaves whole items, and the next run adds the others', async () => {
    const node = await startWithAdmin();
    const { restore, pipe } = await half(node);
    restore.child.kill('SIGKILL');
    await restore.exited;
    await pipe.close();
    const next = await waitUntil('the node has seen the end of the first one', async () => {
      const result = await run('restore', file, '--admin', adminUrl(node), '--json');
      return result.code === 0 && result;
    });
    const { restored, existed } = JSON.parse(next.out).nodes[0];
    expect(restored + existed).toBe(400);
    expect(await exchange(node, 'stats\r\n')).toContain('STAT curr_items 400\r\n');
    expect(await exchange(node, 'get key-399\r\n')).toContain('itemitem');
  });
});

describe('a scheduled snapshot', () => {
  const steps = ['openSync', 'writeSync:2', 'renameSync', 'fsyncSync:2'] as const;
  test.each(steps)('no half file has a name, and the next node removes it, %s', async (step) => {
    const port = await freePort();
    const args = ['--snapshot-every', '1s', '--snapshot-keep', '2', '--snapshot-to', pathTo()];
    const killed = await start(args, step, { port });
    await fill(killed, 'item');
    expect(await killed.process.exited).toMatchObject({ signal: 'SIGKILL' });
    const wholeFiles = () => files().filter((name) => name.endsWith('.snapshot'));
    for (const name of wholeFiles()) decodeSnapshot(readFileSync(pathTo(name)));
    const before = new Set(files());
    const next = await start(args, undefined, { port });
    await fill(next, 'item');
    await waitUntil('the next node has written two', () => {
      return wholeFiles().filter((name) => !before.has(name)).length === 2;
    });
    await next.stop();
    expect(files().filter((name) => name.endsWith('.part'))).toEqual([]);
    expect(wordIn(pathTo(wholeFiles()[1]!))).toBe('item');
  });
});

describe('a warm restart', () => {
  const warm = (step?: string) => start(['-e', file], step);
  const hasItems = async (node: TestServer): Promise<boolean> =>
    (await exchange(node, 'stats\r\n')).includes('STAT curr_items 400\r\n');
  const end = async (node: TestServer, signal: NodeJS.Signals) => {
    process.kill(node.pid!, signal);
    return node.process.exited;
  };

  test.each(WRITE_STEPS)('a stopping node leaves all or nothing, killed at %s', async (step) => {
    const first = await warm(step);
    await fill(first, 'item');
    expect(await end(first, 'SIGTERM')).toMatchObject({ signal: 'SIGKILL' });
    expect(existsSync(file)).toBe(isRenamed(step));
    if (isRenamed(step)) expect(wordIn(file)).toBe('item');
    const second = await warm();
    expect(await hasItems(second)).toBe(isRenamed(step));
    await end(second, 'SIGTERM');
    expect(files()).toEqual(['items.snapshot']);
  });
  test.each([
    ['readSync:1', true],
    ['readSync:2', true],
    ['renameSync', true],
    // From here on the file counts no more: a later crash must not bring its items back.
    ['rmSync:3', false],
  ] as const)('a starting node uses the file once, killed at %s', async (step, counts) => {
    const first = await warm();
    await fill(first, 'item');
    await end(first, 'SIGTERM');
    const args = ['serve', '-l', '127.0.0.1', '-p', `${await freePort()}`, '-t', '1', '-e', file];
    expect(await slabring(args, step).exited).toMatchObject({ signal: 'SIGKILL' });
    const third = await warm();
    expect(await hasItems(third)).toBe(counts);
    expect(files()).toEqual([]);
  });
});
