/** A process that is busy for longer than its deadlines does not blame the nodes. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { CacheError, createClient } from '../../../src/client.ts';
import { startSlabring } from '../../support/node-process.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const DEADLINE_MS = 200;

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

async function clientOfProcess() {
  const server = await startSlabring({ args: ['-t', '1'] });
  cleanups.push(() => server.stop());
  const cache = createClient({ nodes: [`127.0.0.1:${server.port}`], deadlineMs: DEADLINE_MS });
  cleanups.push(() => cache.close());
  const downs: string[] = [];
  cache.on('node-down', (_, reason) => downs.push(reason.code));
  await cache.set('k', 'v', { deadlineMs: 10_000 });
  return { cache, downs };
}

test('operations that were answered while the process was busy succeed', async () => {
  const { cache, downs } = await clientOfProcess();
  for (let round = 0; round < 5; round++) {
    const reads = Array.from({ length: 30 }, () => cache.get('k'));
    // The requests leave before the process is busy.
    await turn();
    block(3 * DEADLINE_MS);
    expect(await Promise.all(reads)).toEqual(Array.from({ length: 30 }, () => 'v'));
  }
  expect(downs).toEqual([]);
});

test('operations succeed whose requests left only after their deadline', async () => {
  const { cache, downs } = await clientOfProcess();
  for (let round = 0; round < 5; round++) {
    const reads = Array.from({ length: 30 }, () => cache.get('k'));
    block(3 * DEADLINE_MS);
    expect(await Promise.all(reads)).toEqual(Array.from({ length: 30 }, () => 'v'));
  }
  expect(downs).toEqual([]);
});

test('a process that was busy while it connected still connects', async () => {
  const server = await startSlabring({ args: ['-t', '1'] });
  cleanups.push(() => server.stop());
  const cache = createClient({ nodes: [`127.0.0.1:${server.port}`], deadlineMs: DEADLINE_MS });
  cleanups.push(() => cache.close());
  const downs: string[] = [];
  cache.on('node-down', (_, reason) => downs.push(reason.code));
  const reading = cache.get('none');
  block(3 * DEADLINE_MS);
  expect(await reading).toBeUndefined();
  expect(downs).toEqual([]);
});

test('a silent node is down also if the process is always busy', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket.on('error', () => {})));
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const cache = createClient({ nodes: [`127.0.0.1:${port}`], deadlineMs: 20 });
  cleanups.push(() => cache.close());
  const busy = setInterval(() => block(40), 1);
  const down = once(cache, 'node-down');
  const failure = await cache.get('k').catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(CacheError);
  await down;
  clearInterval(busy);
});
