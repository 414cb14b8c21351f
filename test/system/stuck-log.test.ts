import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { consecutivePorts, freePort } from '../support/ports.ts';
import { MAIN } from '../support/program.ts';
import { waitUntil } from '../support/wait.ts';
import { RawConnection, sendAndReadToEnd } from '../support/wire.ts';

/** More lines of -vvv than a pipe and the node's queue can hold. */
const REQUESTS = 20_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let users: string;
const fds: number[] = [];
const pids = new Set<number>();
beforeAll(async () => {
  folder = await temporaryFolder();
  users = join(folder.path, 'users');
});
afterEach(() => {
  for (const fd of fds.splice(0)) closeSync(fd);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
});
afterAll(() => folder.remove());

/** A pipe that nobody reads. */
function stuckPipe(): number {
  const path = join(folder.path, `pipe-${fds.length}-${process.hrtime.bigint()}`);
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  fds.push(fd);
  return fd;
}

function opened(path: string): number {
  const fd = openSync(path, 'w');
  fds.push(fd);
  return fd;
}

/** Starts a verb with this descriptor as standard error. */
function start(stderr: number, ...args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', stderr] });
  const pid = child.pid!;
  pids.add(pid);
  let out = '';
  child.stdout!.on('data', (bytes) => {
    out += bytes;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  void ended.then(() => pids.delete(pid));
  return { pid, ended, out: () => out };
}

const login = (token: string): string => `set x 0 0 ${token.length}\r\n${token}\r\n`;

describe('a log that takes no lines', () => {
  test('a log that takes no lines delays neither requests, reloads nor SIGTERM', {
    timeout: 120_000,
  }, async () => {
    for (const stderr of [stuckPipe(), opened('/dev/full')]) {
      await writeFile(users, 'bob:builder\ncarol:singer\n', { mode: 0o600 });
      const port = await freePort();
      const address = { host: '127.0.0.1', port };
      const args = ['-l', address.host, '-p', `${port}`, '-t', '1', '-vvv', '-Y', users];
      const node = start(stderr, 'serve', ...args);
      await waitUntil('the node listens', () => node.out().includes('Listening'));
      const client = await RawConnection.connect(address);
      client.send(login('bob builder'));
      await client.readUntil('STORED\r\n');
      await client.exchange('mg a\r\n'.repeat(REQUESTS));
      const stats = await waitUntil('the node counts dropped lines', async () => {
        const text = (await client.exchange('mg a\r\nstats\r\n')).toString();
        return /STAT log_lines_dropped [1-9]/.test(text) ? text : undefined;
      });
      expect(stats).toContain('STAT log_lines_dropped');
      await writeFile(users, 'carol:singer\n');
      process.kill(node.pid, 'SIGHUP');
      await waitUntil('the revoked password does not work', async () => {
        const reply = await sendAndReadToEnd(address, login('bob builder'));
        return reply.toString() === 'CLIENT_ERROR authentication failure\r\n';
      });
      client.destroy();
      process.kill(node.pid, 'SIGTERM');
      expect(await node.ended).toBe(0);
    }
  });

  test('a log whose pipe is read again says how many lines are missing', async () => {
    const pipe = stuckPipe();
    const port = await freePort();
    const node = start(pipe, 'serve', '-l', '127.0.0.1', '-p', `${port}`, '-t', '1', '-vvv');
    await waitUntil('the node listens', () => node.out().includes('Listening'));
    const client = await RawConnection.connect({ host: '127.0.0.1', port });
    await client.exchange('mg a\r\n'.repeat(REQUESTS));
    await waitUntil('the node counts dropped lines', async () =>
      /STAT log_lines_dropped [1-9]/.test((await client.exchange('stats\r\n')).toString()),
    );
    let text = '';
    await waitUntil('the log says that lines are missing', () => {
      text += readAll(pipe);
      return /"lines":\d+,"msg":"the log was full or blocked/.test(text);
    });
    client.destroy();
    process.kill(node.pid, 'SIGTERM');
    expect(await node.ended).toBe(0);
  });

  test('a node whose log pipe has no reader any more goes on', async () => {
    const path = join(folder.path, 'closed');
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = opened(path);
    const port = await freePort();
    const node = start(writer, 'serve', '-l', '127.0.0.1', '-p', `${port}`, '-t', '1', '-vvv');
    await waitUntil('the node listens', () => node.out().includes('Listening'));
    closeSync(reader);
    const client = await RawConnection.connect({ host: '127.0.0.1', port });
    await client.exchange('mg a\r\n'.repeat(REQUESTS));
    expect((await client.exchange('mn\r\n')).toString()).toBe('MN\r\n');
    client.destroy();
    process.kill(node.pid, 'SIGTERM');
    expect(await node.ended).toBe(0);
  });

  test('a cluster whose standard error is stuck serves, and stops at SIGTERM', {
    timeout: 120_000,
  }, async () => {
    const port = await consecutivePorts(1);
    const args = ['cluster', '--nodes=1', `--port=${port}`, '-t', '1', '-m', '16', '-vvv'];
    const cluster = start(stuckPipe(), ...args);
    await waitUntil('the node is up', () => /node.* up/.test(cluster.out()), 60_000);
    const client = await RawConnection.connect({ host: '127.0.0.1', port });
    await client.exchange('mg a\r\n'.repeat(REQUESTS));
    expect((await client.exchange('mn\r\n')).toString()).toBe('MN\r\n');
    client.destroy();
    process.kill(cluster.pid, 'SIGTERM');
    expect(await cluster.ended).toBe(0);
  });
});

/** Everything that waits in the pipe. */
function readAll(fd: number): string {
  const bytes = Buffer.alloc(1 << 20);
  try {
    return bytes.toString('latin1', 0, readSync(fd, bytes));
  } catch {
    return '';
  }
}
