import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFilesLimit } from '../../src/node/index.ts';
import { temporaryFolder } from '../support/folder.ts';
import { freePort } from '../support/ports.ts';
import { MAIN } from '../support/program.ts';
import { OwnedProcess } from '../support/server.ts';
import { waitUntil } from '../support/wait.ts';
import { RawConnection } from '../support/wire.ts';

const isRoot = process.getuid?.() === 0;
const isLinux = process.platform === 'linux';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let port = 0;
const started: OwnedProcess[] = [];
beforeEach(async () => {
  folder = await temporaryFolder();
  port = await freePort();
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((node) => node.stop()));
  await folder.remove();
});

/** The command line of a node, as a user types it: without a verb. */
const commandOf = (...args: readonly string[]): string[] => {
  return [process.execPath, MAIN, '-l', '127.0.0.1', '-p', `${port}`, '-t', '1', ...args];
};

function run(command: readonly string[], env: NodeJS.ProcessEnv = {}): OwnedProcess {
  const node = new OwnedProcess(command, { env });
  started.push(node);
  return node;
}

/** Starts a node in the foreground; resolves once it listens. */
async function listen(...args: readonly string[]): Promise<OwnedProcess> {
  const node = run(commandOf(...args));
  await node.failOnExit(waitUntil('it listens', () => node.stdout.includes('Listening')));
  return node;
}

async function serves(): Promise<boolean> {
  const connection = await RawConnection.connect({ host: '127.0.0.1', port });
  const reply = await connection.exchange('get a\r\n');
  connection.destroy();
  return reply.toString() === 'END\r\n';
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('a node starts with every option of memcached at once', async () => {
  const suboptions = [
    'maxconns_fast,hashpower=20,no_hashexpand,slab_reassign,slab_automove=1,tail_repair_time=60',
    'slab_automove_ratio=0.8,slab_automove_window=30,slab_automove_freeratio=0.01',
    'hash_algorithm=xxh3,lru_crawler,lru_crawler_sleep=100,lru_crawler_tocrawl=0,lru_maintainer',
    'hot_lru_pct=30,warm_lru_pct=30,hot_max_factor=0.3,warm_max_factor=3,temporary_ttl=60',
    'idle_timeout=600,watcher_logbuf_size=256,worker_logbuf_size=64,slab_sizes=100-200',
    'slab_chunk_max=65536,track_sizes,no_inline_ascii_resp,modern,drop_privileges,no_modern',
    'resp_obj_mem_limit=64,read_buf_mem_limit=64,ext_path=/tmp/ext:1G,ext_item_size=512',
  ];
  const flags = ['-AMkFXWCr', '-U 11211', '-a 0700', '-m 128', '-c 100', '-f 1.3', '-n 64', '-D :'];
  const more = [
    '-R',
    '50',
    '-b',
    '511',
    '-B',
    'auto',
    '-I',
    '2m',
    '-e',
    join(folder.path, 'items'),
    '-N',
    '1',
  ];
  const path = join(folder.path, 'node.pid');
  const named = ['-P', path, ...(isRoot ? ['-u', 'root'] : [])];
  const node = await listen(...flags, ...more, ...named, '-o', suboptions.join(','));
  expect(await serves()).toBe(true);
  expect(node.stderr).not.toContain('slabring:');
});

describe('-d', () => {
  test('the command ends with 0 once the node listens; the node runs until SIGTERM', async () => {
    const path = join(folder.path, 'node.pid');
    const command = run(commandOf('-d', '-P', path));
    expect(await command.exited).toEqual({ code: 0, signal: null });
    expect([command.stdout, command.stderr]).toEqual(['', '']);
    const pid = Number(await readFile(path, 'utf8'));
    try {
      expect(pid).not.toBe(command.pid);
      expect(await serves()).toBe(true);
    } finally {
      process.kill(pid, 'SIGTERM');
      await waitUntil('the node ends', () => !isRunning(pid));
    }
    expect(existsSync(path)).toBe(false);
  });

  test('the command ends with 1 and the reason if the node cannot listen', async () => {
    await listen();
    const command = run(commandOf('-d'));
    expect((await command.exited).code).toBe(1);
    expect(command.stderr).toMatch(/^slabring: Another program already listens on port \d+/);
  });

  test('the command ends with 2 for a wrong option, and starts nothing', async () => {
    const command = run(commandOf('-d', '-m', 'x'));
    expect((await command.exited).code).toBe(2);
    expect(command.stderr).toMatch(/^slabring: -m \(--memory-limit\) is "x"/);
  });
});

describe('-P', () => {
  test('the file has the process id while the node listens', async () => {
    const path = join(folder.path, 'node.pid');
    await writeFile(path, `${process.pid}\n`);
    const node = await listen('-P', path);
    expect(await readFile(path, 'utf8')).toBe(`${node.pid}\n`);
    expect(node.stderr).toContain(`has the number of a running process, ${process.pid}`);
    await node.stop();
    expect(existsSync(path)).toBe(false);
  });

  test('a node at its end keeps a pid file that another process has replaced', async () => {
    const path = join(folder.path, 'node.pid');
    const node = await listen('-P', path);
    await writeFile(path, '1\n');
    await node.stop();
    expect(await readFile(path, 'utf8')).toBe('1\n');
  });

  test('a node overwrites no file that is no pid file, and says so', async () => {
    const path = join(folder.path, 'users');
    await writeFile(path, 'app:secret\n');
    const node = await listen('-P', path);
    expect(node.stderr).toMatch(/"msg":"The file .*users is no pid file/);
    await node.stop();
    expect(await readFile(path, 'utf8')).toBe('app:secret\n');
  });

  test('a node neither reads nor replaces what is no file, and stops on SIGTERM', async () => {
    const path = join(folder.path, 'fifo');
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    const node = await listen('-P', path);
    expect(node.stderr).toMatch(/"msg":"The file .*fifo is no pid file/);
    expect((await node.stop()).code).toBe(0);
    expect((await stat(path)).isFIFO()).toBe(true);
  });

  test('a node runs without the file if it cannot write it, and says so', async () => {
    const node = await listen('-P', join(folder.path, 'no', 'node.pid'));
    expect(node.stderr).toMatch(/"msg":"Cannot write the pid file .*there is no folder/);
    expect(await serves()).toBe(true);
  });
});

describe.runIf(isRoot && isLinux)('-u as root', () => {
  const idsOf = async ({ pid }: OwnedProcess): Promise<readonly string[]> => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return ['Uid', 'Gid'].map((name) => new RegExp(`${name}:\\s+(.*)`).exec(status)![1]!);
  };

  test('the node becomes the user and its group, by name', async () => {
    const [uid = '', gid = ''] = ['-u', '-g'].map((option) =>
      spawnSync('id', [option, 'nobody'], { encoding: 'utf8' }).stdout.trim(),
    );
    const node = await listen('-u', 'nobody');
    expect(await idsOf(node)).toEqual([
      Array(4).fill(uid).join('\t'),
      Array(4).fill(gid).join('\t'),
    ]);
    expect(await serves()).toBe(true);
  });

  test('the node becomes a user that only has a number (a chart writes "-u 11211")', async () => {
    const node = await listen('-u 11211');
    const ids = Array(4).fill('11211').join('\t');
    expect(await idsOf(node)).toEqual([ids, ids]);
    const status = await readFile(`/proc/${node.pid}/status`, 'utf8');
    expect(/Groups:(.*)/.exec(status)![1]!.trim()).toBe('');
  });

  test('the node refuses an unknown user', async () => {
    const node = run(commandOf('-u', 'no-such-user'));
    expect((await node.exited).code).toBe(1);
    expect(node.stderr).toContain('There is no user no-such-user');
  });
});

describe.runIf(isLinux)('limits of the process', () => {
  /** Runs a node under a limit of a shell. */
  const under = (limit: string, ...args: readonly string[]): OwnedProcess =>
    run(['sh', '-c', `ulimit ${limit}; exec "$@"`, 'sh', ...commandOf(...args)]);

  test.each([
    ['the first thread', 15, '2'],
    ['a later thread', 30, '4'],
  ])('a node without address space for %s ends with a sentence', async (_, limit, threads) => {
    const gibibytes = 2 ** 20; // `ulimit -v` counts KiB
    // Without a cache each thread removes types by WebAssembly, for which V8 reserves 8 GiB.
    const env = { NODE_COMPILE_CACHE: undefined };
    const command = commandOf('-t', threads);
    const limited = ['sh', '-c', `ulimit -v ${limit * gibibytes}; exec "$@"`, 'sh', ...command];
    const node = run(limited, env);
    const end = await Promise.race([
      node.exited,
      waitUntil('it listens', () => node.stdout.includes('Listening')),
    ]);
    // Another Node.js may reserve less.
    if (end === true) return;
    expect([end.code, JSON.parse(node.stderr.trimEnd().split('\n').at(-1)!)]).toEqual([
      1,
      expect.objectContaining({
        level: 'error',
        code: 'ERR_MEMORY',
        msg: expect.stringContaining(`is limited to ${limit} GiB`),
      }),
    ]);
  });

  test('a node with too few open files for -c gets more, or refuses with a sentence', async () => {
    const node = under('-n 200', '-c', '1024');
    const end = await Promise.race([
      node.exited,
      waitUntil('it listens', () => node.stdout.includes('Listening')),
    ]);
    if (end === true) {
      expect(await readFile(`/proc/${node.pid}/limits`, 'utf8')).toMatch(
        /open files\s+1[01]\d\d\s/,
      );
    } else {
      expect(end).toEqual({ code: 1, signal: null });
      expect(node.stderr).toMatch(
        /"msg":"-c \(--conn-limit\) 1024 needs 1097 open files, but the limit .* is 200: lower/,
      );
    }
  });

  test('-c fits the limit of open files if it is lowered to what the sentence names', async () => {
    const node = under('-n 200', '-c', '127');
    await node.failOnExit(waitUntil('it listens', () => node.stdout.includes('Listening')));
  });

  test.runIf(openFilesLimit() > 2000)('a node raises a soft limit by itself', async () => {
    const node = under('-Sn 200', '-c', '1024');
    await node.failOnExit(waitUntil('it listens', () => node.stdout.includes('Listening')));
  });

  test('-r raises the limit of core files, or warns', async () => {
    const node = under('-Sc 0', '-r');
    await node.failOnExit(waitUntil('it listens', () => node.stdout.includes('Listening')));
    const limits = await readFile(`/proc/${node.pid}/limits`, 'utf8');
    const hasNone = /core file size\s+0\s/.test(limits);
    expect(node.stderr.includes('-r (--enable-coredumps) has no effect')).toBe(hasNone);
  });
});
