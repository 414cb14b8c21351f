import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Authority } from '../../support/certificates.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { waitUntil } from '../../support/wait.ts';
import { RawConnection } from '../../support/wire.ts';

const MIB = 2 ** 20;
const END = Buffer.from('\r\nEND\r\n');

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

/** Bytes that contain their own offsets, so a missing, repeated or misplaced piece changes them. */
function numbered(length: number, salt = 0): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE((at + salt) >>> 0, at);
  return bytes;
}

const setRequest = (key: string, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`set ${key} 0 0 ${value.length}\r\n`), value, Buffer.from('\r\n')]);

/** Gets a value and compares it as it arrives, without storing it. Resolves after END. */
async function receive(server: TestServer, key: string, value: Buffer): Promise<void> {
  const connection = await RawConnection.connect(server.address);
  const expected = Buffer.concat([Buffer.from(`VALUE ${key} 0 ${value.length}\r\n`), value, END]);
  await compare(connection, Buffer.from(`get ${key}\r\n`), expected);
  connection.destroy();
}

function compare(connection: RawConnection, request: Buffer, expected: Buffer): Promise<void> {
  const { socket } = connection;
  let at = 0;
  return new Promise((resolve, reject) => {
    socket.removeAllListeners('data');
    socket.once('close', () => reject(new Error(`closed after ${at} bytes`)));
    socket.on('data', (chunk: Buffer) => {
      if (!chunk.equals(expected.subarray(at, at + chunk.length))) {
        reject(new Error(`a wrong byte at ${at} … ${at + chunk.length}`));
      }
      at += chunk.length;
      if (at >= expected.length) resolve();
    });
    socket.resume();
    if (request.length > 0) socket.write(request);
  });
}

async function stats(control: RawConnection): Promise<ReadonlyMap<string, string>> {
  const reply = (await control.exchange('stats\r\nstats slabs\r\n')).toString();
  return new Map([...reply.matchAll(/^STAT (\S+) (.*)\r$/gm)].map(([, k, v]) => [k!, v!]));
}

/** The used chunks of all size classes. */
async function usedChunks(control: RawConnection): Promise<number> {
  const all = [...(await stats(control))].filter(([name]) => name.endsWith(':used_chunks'));
  return all.reduce((sum, [, used]) => sum + Number(used), 0);
}

/** The hits since the last `stats reset`. */
async function hits(control: RawConnection): Promise<number> {
  return Number((await stats(control)).get('get_hits'));
}

describe('values of many megabytes', () => {
  let server: TestServer;
  let control: RawConnection;
  beforeAll(async () => {
    server = await startSlabring({ args: ['-m', '256', '-I', '128m', '-t', '2'] });
    control = await RawConnection.connect(server.address);
  });
  afterAll(async () => {
    control?.destroy();
    await server?.stop();
  });

  test('large values pass through a bounded heap: 100 MB in and out', {
    timeout: 120_000,
  }, async () => {
    const value = numbered(100 * MIB);
    const before = await residentBytes(server.pid);
    expect((await control.exchange(setRequest('big', value))).toString()).toBe('STORED\r\n');
    const stored = await residentBytes(server.pid);
    expect(stored - before).toBeLessThan(value.length + 64 * MIB);
    await Promise.all([receive(server, 'big', value), receive(server, 'big', value)]);
    expect((await residentBytes(server.pid)) - stored).toBeLessThan(64 * MIB);
    const added = numbered(20 * MIB, 1);
    await control.exchange('delete big\r\n');
    await control.exchange(setRequest('joined', value.subarray(0, 30 * MIB)));
    const append = `append joined 0 0 ${added.length}\r\n`;
    const appending = Buffer.concat([Buffer.from(append), added, Buffer.from('\r\n')]);
    expect((await control.exchange(appending)).toString()).toBe('STORED\r\n');
    await receive(server, 'joined', Buffer.concat([value.subarray(0, 30 * MIB), added]));
    await control.exchange('delete joined\r\n');
    expect(await usedChunks(control)).toBe(0);
  });

  test('a slow reader gets large values unchanged, even if another client changes the key', {
    timeout: 60_000,
  }, async () => {
    await control.exchange('stats reset\r\n');
    for (const change of ['delete slow\r\n', 'set slow 0 0 3\r\nnew\r\n', 'flush_all\r\n']) {
      const value = numbered(24 * MIB, change.length);
      await control.exchange(setRequest('slow', value));
      const reader = await RawConnection.connect(server.address);
      reader.socket.pause();
      reader.socket.write('get slow\r\n');
      await waitUntil('the reader has pinned it', async () => (await hits(control)) > 0);
      await control.exchange(change);
      const head = Buffer.from(`VALUE slow 0 ${value.length}\r\n`);
      await compare(reader, Buffer.alloc(0), Buffer.concat([head, value, END]));
      reader.destroy();
      await control.exchange('delete slow\r\nstats reset\r\n');
      await waitUntil('all its chunks are free', async () => (await usedChunks(control)) === 0);
    }
  });

  test('large values leave no chunks behind when their connection is reset', {
    timeout: 60_000,
  }, async () => {
    const value = numbered(16 * MIB);
    const request = setRequest('dying', value);
    for (const bytes of [100, MIB, 15 * MIB, request.length - 1]) {
      const writer = await RawConnection.connect(server.address);
      await writer.sendPieces([request.subarray(0, bytes)]);
      writer.socket.resetAndDestroy();
    }
    await waitUntil('all their chunks are free', async () => (await usedChunks(control)) === 0);
    await control.exchange('stats reset\r\n');
    await control.exchange(request);
    const readers = await Promise.all([0, 1, 2].map(() => RawConnection.connect(server.address)));
    for (const reader of readers) {
      reader.socket.pause();
      reader.socket.write('get dying\r\n');
    }
    await waitUntil(
      'all readers have pinned it',
      async () => (await hits(control)) >= readers.length,
    );
    await control.exchange('delete dying\r\n');
    for (const reader of readers) reader.socket.resetAndDestroy();
    await waitUntil('all its chunks are free', async () => (await usedChunks(control)) === 0);
  });
});

test('a stopping node finishes sending a large value', { timeout: 30_000 }, async () => {
  const server = await startSlabring({ args: ['-m', '64', '-I', '16m', '-t', '1'] });
  const control = await RawConnection.connect(server.address);
  const value = numbered(12 * MIB);
  await control.exchange(setRequest('last', value));
  const reader = await RawConnection.connect(server.address);
  reader.socket.pause();
  reader.socket.write('get last\r\n');
  await waitUntil('the reader has pinned it', async () => (await hits(control)) > 0);
  const stopped = server.stop();
  const head = Buffer.from(`VALUE last 0 ${value.length}\r\n`);
  // Read at once: a draining node soon closes a connection whose client does not read.
  const sent = compare(reader, Buffer.alloc(0), Buffer.concat([head, value, END]));
  await Promise.all([control.readToEnd(), sent]);
  reader.destroy();
  control.destroy();
  expect((await stopped).code).toBe(0);
});

test('large values pass through TLS, also to a slow reader', { timeout: 60_000 }, async () => {
  const folder = await temporaryFolder();
  const authority = await Authority.create(folder.path);
  const tls = { identity: await authority.issue('node'), ca: await readFile(authority.ca) };
  const server = await startSlabring({ args: ['-m', '64', '-I', '16m', '-t', '1'], tls });
  const control = await RawConnection.connect(server.address);
  const value = numbered(12 * MIB);
  expect((await control.exchange(setRequest('a', value))).toString()).toBe('STORED\r\n');
  await receive(server, 'a', value);
  await control.exchange('stats reset\r\n');
  const reader = await RawConnection.connect(server.address);
  reader.socket.pause();
  reader.socket.write('get a\r\n');
  await waitUntil('the reader has pinned it', async () => (await hits(control)) > 0);
  await control.exchange('delete a\r\n');
  const head = Buffer.from(`VALUE a 0 ${value.length}\r\n`);
  await compare(reader, Buffer.alloc(0), Buffer.concat([head, value, END]));
  await waitUntil('all its chunks are free', async () => (await usedChunks(control)) === 0);
  reader.destroy();
  control.destroy();
  await server.stop();
  await folder.remove();
});
