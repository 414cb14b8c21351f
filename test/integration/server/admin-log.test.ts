/** GET /log of an admin port: its readers, and what a slow one costs. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { BoundedOutput, ProcessLog } from '../../../src/base/index.ts';
import { AdminServer } from '../../../src/ops/index.ts';
import { adminUrl } from '../../support/admin-url.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { ask } from '../../support/http.ts';
import { startSlabring } from '../../support/node-process.ts';
import { waitUntil } from '../../support/wait.ts';

const OPTIONS = {
  ...{ port: 0, host: '127.0.0.1', tokenFile: '', readTls: undefined },
  ...{ needsCertificate: false, requiresLogin: false },
} as const;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** An admin port, and the log of its process, which the test writes. */
async function openPort() {
  const output = new BoundedOutput({ write: (bytes) => bytes.length });
  const log = new ProcessLog({ output, format: 'json', verbosity: 3 });
  const admin = await AdminServer.open(OPTIONS, log);
  closers.push(() => admin.close());
  return { admin, log };
}

/** Follows a log, and reads nothing before `resume`. */
async function openFollower(port: number, query = ''): Promise<{ socket: Socket; text(): string }> {
  const socket = connect(port, '127.0.0.1');
  closers.push(() => socket.destroy());
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
  });
  socket.write(`GET /log?follow=1&lines=0${query} HTTP/1.0\r\n\r\n`);
  return { socket, text: () => text };
}

const numbersIn = (text: string, name: string): readonly number[] =>
  [...text.matchAll(new RegExp(`"${name}":(\\d+)`, 'g'))].map(([, digits]) => Number(digits));

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the log of an admin port', () => {
  test('a reader gets the last lines of its level, each a JSON object', async () => {
    const { admin, log } = await openPort();
    for (let n = 0; n < 5; n++) log.info({ n }, 'a line');
    log.debug({ n: 5 }, 'a line');
    const { headers, body } = await ask(`${admin.url}/log?lines=2&level=info`);
    expect(headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    const lines = body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { n: number });
    expect(lines.map(({ n }) => n)).toEqual([3, 4]);
    const all = await ask(`${admin.url}/log`);
    expect(numbersIn(all.body, 'n')).toEqual([0, 1, 2, 3, 4, 5]);
    for (const query of ['level=loud', 'lines=-1', 'lines=99999', 'lines=x']) {
      expect((await ask(`${admin.url}/log?${query}`)).status).toBe(400);
    }
    expect((await ask(`${admin.url}/log`, { method: 'POST' })).status).toBe(405);
  });

  test('a follower gets the lines that come, and the end of the process ends it', async () => {
    const { admin, log } = await openPort();
    const follower = await openFollower(admin.port, '&level=warn');
    await waitUntil('the reply begins', () => follower.text().includes('200 OK'));
    for (let n = 0; n < 3; n++) {
      log.warn({ n }, 'a line');
      log.info({ n: 9 }, 'a line');
    }
    await waitUntil('the lines arrive', () => numbersIn(follower.text(), 'n').length === 3);
    expect(numbersIn(follower.text(), 'n')).toEqual([0, 1, 2]);
    const ended = once(follower.socket, 'close');
    log.warn({ n: 3 }, 'the last line');
    await admin.close();
    await ended;
    expect(numbersIn(follower.text(), 'n')).toEqual([0, 1, 2, 3]);
  });

  test('a follower that stops reading takes bounded memory, and sees what it missed', async () => {
    const { admin, log } = await openPort();
    const follower = await openFollower(admin.port);
    await waitUntil('the reply begins', () => follower.text().includes('200 OK'));
    follower.socket.pause();
    const filler = 'x'.repeat(4000);
    let pushed = 0;
    // More than the buffers of two sockets take.
    for (; pushed < 20_000; pushed++) {
      log.info({ n: pushed, filler }, 'a line');
      if (pushed % 50 === 0) await turn();
    }
    expect((await ask(`${admin.url}/healthz`)).status).toBe(200);
    follower.socket.resume();
    await waitUntil('the last line arrives', () => follower.text().includes(`"n":${pushed - 1},`));
    const seen = numbersIn(follower.text(), 'n').length;
    const missing = numbersIn(follower.text(), 'lines').reduce((sum, each) => sum + each, 0);
    expect(missing).toBeGreaterThan(0);
    expect(seen + missing).toBe(pushed);
    // What it got is what the sockets, one write and the ring held of 80 MB.
    expect(seen * filler.length).toBeLessThan(30e6);
  });

  test('followers leave room for other requests, and a place is free again', async () => {
    const { admin, log } = await openPort();
    const followers: Awaited<ReturnType<typeof openFollower>>[] = [];
    for (let i = 0; i < 4; i++) followers.push(await openFollower(admin.port));
    await waitUntil('all follow', () => followers.every(({ text }) => text().includes('200 OK')));
    const refused = await ask(`${admin.url}/log?follow=1`);
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect((await ask(`${admin.url}/log`)).status).toBe(200);
    expect((await ask(`${admin.url}/healthz`)).status).toBe(200);
    followers[0]!.socket.destroy();
    const next = await waitUntil('a place is free', async () => {
      const another = await openFollower(admin.port);
      await waitUntil('a reply', () => another.text().includes('HTTP/1.1'));
      if (another.text().includes('200 OK')) return another;
      another.socket.destroy();
      return undefined;
    });
    log.info({ n: 7 }, 'a line');
    await waitUntil('the line arrives', () => numbersIn(next.text(), 'n').includes(7));
  });

  test('the log of a node with a login needs the token of the admin port', async () => {
    const { path, remove } = await temporaryFolder();
    closers.push(remove);
    await writeFile(`${path}/users`, 'bob:builder\n', { mode: 0o600 });
    const args = ['-t', '1', '--admin-port', '0', '-Y', `${path}/users`];
    const node = await startSlabring({ args });
    closers.push(() => node.stop());
    expect((await ask(`${adminUrl(node)}/log`)).status).toBe(401);
  });
});
