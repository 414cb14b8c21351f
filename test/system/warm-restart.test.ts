import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { startSlabring, startVerb } from '../support/node-process.ts';
import { freePort, isFree } from '../support/ports.ts';
import type { TestServer } from '../support/server.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce, RawConnection } from '../support/wire.ts';

const { pathTo, cleanups } = folderForEachTest();
let file = '';
beforeEach(() => {
  file = pathTo('items');
});

async function start(...more: readonly string[]): Promise<TestServer> {
  const node = await startSlabring({ args: ['-e', file, '-t', '1', '-v', ...more] });
  cleanups.push(() => node.stop());
  return node;
}

/** Ends a node; resolves once its process has ended. */
async function end(node: TestServer, signal: NodeJS.Signals): Promise<void> {
  process.kill(node.pid!, signal);
  await node.process.exited;
}

const exchange = ({ address }: TestServer, request: string): Promise<string> =>
  exchangeOnce(address, request);

const set = (key: string, value: string): string =>
  `set ${key} 5 0 ${value.length} noreply\r\n${value}\r\n`;

/** Stores many items and a chained one; returns the reply for some of them. */
async function fill(node: TestServer, items: number): Promise<string> {
  const text = Array.from({ length: items }, (_, nth) => set(`key-${nth}`, `value-${nth}`));
  await exchange(node, text.join('') + set('large', 'x'.repeat(900_000)));
  return exchange(node, SOME);
}
const SOME = 'gets key-0 key-7\r\nmg key-9 f s t c v\r\nmg large f s c\r\n';

/** A file of 2000 items behind a pipe: the node reads on when this end gets more. */
async function fileAsPipe() {
  const first = await start();
  const before = await fill(first, 2000);
  await end(first, 'SIGTERM');
  const snapshot = await readFile(file);
  await rm(file);
  spawnSync('mkfifo', [file]);
  return { before, snapshot };
}

/** A node that has closed its port, and is frozen before it writes its file. */
async function startFrozenInDrain() {
  for (;;) {
    const first = await start();
    await fill(first, 10);
    // The node waits two seconds for a client that stays.
    const idle = await RawConnection.connect(first.address);
    process.kill(first.pid, 'SIGTERM');
    await waitUntil('the port is free', () => isFree(first.port));
    process.kill(first.pid, 'SIGSTOP');
    if (existsSync(`${file}.part`) && statSync(`${file}.part`).size === 0) return { first, idle };
    // The machine was slow, and the node has written.
    process.kill(first.pid, 'SIGCONT');
    await first.process.exited;
    await rm(file, { force: true });
  }
}

describe('a warm restart', () => {
  test('a stopped node has its items and CAS ids again, and the file counts once', async () => {
    const first = await start();
    const before = await fill(first, 2000);
    expect(before).toContain('value-7');
    await end(first, 'SIGTERM');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const second = await start();
    expect(await exchange(second, SOME)).toBe(before);
    expect(await exchange(second, 'stats\r\n')).toContain('STAT curr_items 2001\r\n');
    await exchange(second, set('new', 'x'));
    const [, cas] = /HD c(\d+)/.exec(await exchange(second, 'mg new c\r\n')) ?? [];
    expect(Number(cas)).toBeGreaterThan(2001);
    // After a crash, what it had written over would come back from the file.
    expect(existsSync(file)).toBe(false);
    await end(second, 'SIGKILL');
    const third = await start();
    expect(await exchange(third, 'get key-0\r\n')).toBe('END\r\n');
  });
  test('a node that is killed while it writes leaves no file under the name', async () => {
    const first = await start('-m', '200');
    for (let nth = 0; nth < 150; nth++)
      await exchange(first, set(`big-${nth}`, 'x'.repeat(999_999)));
    process.kill(first.pid!, 'SIGTERM');
    const isWriting = () => existsSync(`${file}.part`) && statSync(`${file}.part`).size > 0;
    await waitUntil('it writes', isWriting);
    await end(first, 'SIGKILL');
    expect(existsSync(file)).toBe(false);
    const second = await start('-m', '200');
    expect(await exchange(second, 'get big-0\r\n')).toBe('END\r\n');
    expect(second.process.stderr).toContain('the node starts empty');
  });
  test.skipIf(process.platform === 'win32')(
    'a node that is killed while it reads has the file again at the next start',
    async () => {
      const { before, snapshot } = await fileAsPipe();
      // The node reads until this end of the pipe closes.
      const port = `${await freePort()}`;
      const args = ['-l', '127.0.0.1', '-p', port, '-t', '1', '-e', file];
      const reading = startVerb(['serve', ...args]);
      const pipe = await open(file, 'w');
      await pipe.write(snapshot.subarray(0, 60_000));
      reading.child.kill('SIGKILL');
      expect(await reading.exited).toMatchObject({ signal: 'SIGKILL' });
      await pipe.close();
      expect(existsSync(file)).toBe(true);
      await rm(file);
      await writeFile(file, snapshot);
      expect(await exchange(await start(), SOME)).toBe(before);
    },
  );
  test('a node is not ready while it reads, and does not listen', async () => {
    const { before, snapshot } = await fileAsPipe();
    const [port, adminPort] = [await freePort(), await freePort()];
    const options = ['-l', '127.0.0.1', '-p', `${port}`, '-t', '1', '-e', file];
    const admin = ['--admin-port', `${adminPort}`];
    const reading = startVerb(['serve', ...options, ...admin]);
    cleanups.push(() => reading.stop());
    const pipe = await open(file, 'w');
    await pipe.write(snapshot.subarray(0, 60_000));
    const ready = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([503, { ready: false, state: 'starting' }]);
    expect((await fetch(`http://127.0.0.1:${adminPort}/healthz`)).status).toBe(200);
    expect(await isFree(port)).toBe(true);
    await pipe.write(snapshot.subarray(60_000));
    await pipe.close();
    await reading.failOnExit(waitUntil('it listens', async () => !(await isFree(port))));
    expect(await exchangeOnce({ host: '127.0.0.1', port }, SOME)).toBe(before);
    const now = () => fetch(`http://127.0.0.1:${adminPort}/readyz`);
    await waitUntil('it is ready', async () => (await now()).status === 200);
  });
  test('a node that drains when the next one begins to serve leaves no file', async () => {
    const { first, idle } = await startFrozenInDrain();
    const second = await startSlabring({ args: ['-e', file, '-t', '1'], port: first.port });
    cleanups.push(() => second.stop());
    await exchange(second, set('key-0', 'new'));
    process.kill(first.pid, 'SIGCONT');
    await first.process.exited;
    idle.destroy();
    expect(first.process.stderr).toContain('cannot write the file of the warm restart');
    await end(second, 'SIGKILL');
    expect(existsSync(file)).toBe(false);
  });
  test('a node that keeps its items for its supervisor writes no file at a signal', async () => {
    const first = await start('--warm-restart-on', 'restart');
    await fill(first, 10);
    await end(first, 'SIGTERM');
    expect([existsSync(file), existsSync(`${file}.part`)]).toEqual([false, false]);
    const second = await start('--warm-restart-on', 'restart');
    const before = await fill(second, 10);
    second.process.child.send({ type: 'stop', forRestart: true });
    await second.process.exited;
    expect(await exchange(await start(), SOME)).toBe(before);
  });
  test('stats settings names the file', async () => {
    const node = await start();
    expect(await exchange(node, 'stats settings\r\n')).toContain(`STAT memory_file ${file}\r\n`);
  });
  test('a node that cannot listen keeps the file', async () => {
    const first = await start();
    const before = await fill(first, 10);
    await end(first, 'SIGTERM');
    const other = await startSlabring({ args: ['-t', '1'] });
    cleanups.push(() => other.stop());
    const failing = startSlabring({ args: ['-e', file], port: other.port });
    await expect(failing).rejects.toThrow();
    expect(await exchange(await start(), SOME)).toBe(before);
  });
  test('the log of a smaller node says how many items of the file it evicted', async () => {
    const first = await start();
    const values = Array.from({ length: 30 }, (_, nth) => set(`large-${nth}`, 'x'.repeat(500_000)));
    await exchange(first, values.join(''));
    await end(first, 'SIGTERM');
    const second = await start('-m', '8');
    const evicted = /evicted in the meantime: (\d+) items/.exec(second.process.stderr)?.[1];
    const stats = await exchange(second, 'stats\r\n');
    expect(Number(evicted)).toBe(30 - Number(/STAT curr_items (\d+)/.exec(stats)![1]));
  });
  test('a node that could not write its items at its stop does not start', async () => {
    const starting = (path: string) => startSlabring({ args: ['-t', '1', '-e', path] });
    await expect(starting(pathTo('none', 'items'))).rejects.toThrow('there is no folder');
    await mkdir(file);
    await expect(starting(file)).rejects.toThrow('it is a folder; name a file in it');
    expect(await readdir(pathTo())).toEqual(['items']);
  });
  test('a file that is no snapshot is kept beside, and the node starts empty', async () => {
    await writeFile(file, 'not a snapshot');
    const node = await start();
    expect(await exchange(node, 'get a\r\n')).toBe('END\r\n');
    expect(node.process.stderr).toContain('no snapshot of slabring');
    expect(await readFile(`${file}.rejected`, 'utf8')).toBe('not a snapshot');
  });
  test('a cut file gives what is whole, and the log says what is missing', async () => {
    const first = await start();
    await fill(first, 2000);
    await end(first, 'SIGTERM');
    await truncate(file, 600_000);
    const second = await start();
    expect(await exchange(second, 'stats\r\n')).toMatch(/STAT curr_items [1-9]/);
    expect(second.process.stderr).toContain('The snapshot is damaged');
  });
});
