import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LocalRuntime } from '../../../../src/control/runtime/local-runtime.ts';
import { listenAsSupervisor } from '../../../support/supervisor-socket.ts';
import { folderForEachTest } from '../../../support/test-folder.ts';
import { waitUntil } from '../../../support/wait.ts';

const { pathTo, cleanups } = folderForEachTest();
const SPEC = { id: 'web', nodes: 1, replicas: 1, port: 1, users: undefined };
const SHAPE = { memoryMib: 64, options: [] };

/** Instead of slabring a script runs, with the command line of slabring as $0, $1, … */
const runtimeWith = (script: string): LocalRuntime =>
  new LocalRuntime({
    program: ['/bin/sh', '-c', script],
    folder: pathTo('clusters'),
    host: '127.0.0.1',
    env: { ...process.env, TEST_FOLDER: pathTo() },
  });

const supervisor = async (told: Parameters<typeof listenAsSupervisor>[1]): Promise<void> =>
  void cleanups.push(await listenAsSupervisor(pathTo('clusters', 'web', 'control.sock'), told));

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('the start of a cluster', () => {
  test('another supervisor with the folder goes on, and the new one is ended', async () => {
    const script = 'echo $$ > "$TEST_FOLDER/new"; mv "$TEST_FOLDER/new" "$TEST_FOLDER/pid"';
    const runtime = runtimeWith(`${script}; exec sleep 300`);
    const isStarted = () => existsSync(pathTo('pid'));
    const until = () => waitUntil('the new supervisor has started', isStarted);
    await supervisor({ pid: process.pid, until });
    await runtime.start({ ...SPEC, ...SHAPE });
    const pid = Number(readFileSync(pathTo('pid'), 'utf8'));
    cleanups.push(() => runs(pid) && process.kill(pid, 'SIGKILL'));
    await waitUntil('the new supervisor has ended', () => !runs(pid));
  });
});

describe('the stop of a cluster', () => {
  test('a supervisor that has just ended needs no signal', async () => {
    await supervisor({ pid: spawnSync('true').pid });
    await expect(runtimeWith('').stop('web')).resolves.toBeUndefined();
  });
});

describe('the proxy of a cluster', () => {
  test('what is known of a proxy is replaced, and not written over', async () => {
    const folder = pathTo('clusters', 'web');
    mkdirSync(folder, { recursive: true });
    const path = pathTo('clusters', 'web', 'proxy.json');
    const old = JSON.stringify({ port: 1, needsLogin: false });
    writeFileSync(path, old);
    const before = openSync(path, 'r');
    cleanups.push(() => closeSync(before));
    const proxy = { port: 2, users: undefined, ecpuPerSecondMax: undefined };
    await expect(runtimeWith('exit 1').startProxy('web', proxy)).rejects.toThrow('The proxy');
    expect(readFileSync(before, 'utf8')).toBe(old);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ port: 2, needsLogin: false });
    expect(readdirSync(folder)).not.toContain('proxy.json.new');
  });
});

describe('a snapshot of a cluster', () => {
  const DUMP = 'echo "$1" >> "$TEST_FOLDER/paths"; printf items > "$1"';
  const file = () => pathTo('snapshots', 'items.snapshot');

  test('two dumps of a snapshot write to different files', async () => {
    mkdirSync(pathTo('snapshots'));
    await supervisor({ pid: process.pid });
    const runtime = runtimeWith(`${DUMP}; echo '{"items":2,"bytes":5}'`);
    const totals = await Promise.all([1, 2].map(() => runtime.snapshot('web', file())));
    expect(totals).toEqual([1, 2].map(() => ({ items: 2, bytes: 5 })));
    const paths = readFileSync(pathTo('paths'), 'utf8').trim().split('\n');
    expect(new Set([...paths, file()]).size).toBe(3);
    expect(readFileSync(file(), 'utf8')).toBe('items');
    expect(readdirSync(pathTo('snapshots'))).toEqual(['items.snapshot']);
  });

  test('a dump that fails leaves nothing', async () => {
    mkdirSync(pathTo('snapshots'));
    await supervisor({ pid: process.pid });
    const runtime = runtimeWith(`${DUMP}; exit 1`);
    await expect(runtime.snapshot('web', file())).rejects.toThrow('slabring dump failed');
    expect(readdirSync(pathTo('snapshots'))).toEqual([]);
  });
});
