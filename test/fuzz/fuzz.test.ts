import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSlabring } from '../support/node-process.ts';
import { testSeed } from '../support/random.ts';
import type { TestServer } from '../support/server.ts';
import { fuzzNode } from './node-fuzz.ts';
import { fuzzSessions } from './session-fuzz.ts';

/** A small number for every run; `npm run fuzz -- --minutes 60` fuzzes for longer. */
const SESSION_STREAMS = 2000;
const NODE_STREAMS = 300;
/** The limit for the memory of a node with `-m 16` after all streams. */
const RSS_KIB_MAX = 600 * 1024;
const seed = testSeed();

let server: TestServer;
beforeAll(async () => {
  server = await startSlabring({ args: ['-m', '16', '-t', '2', '-F'] });
});
afterAll(() => server.stop());

test(`a store stays consistent after ${SESSION_STREAMS} random streams, seed ${seed}`, () => {
  expect(() => fuzzSessions(seed, SESSION_STREAMS)).not.toThrow();
});

test(`a node survives ${NODE_STREAMS} random streams within its memory, seed ${seed}`, async () => {
  await fuzzNode(server, seed, NODE_STREAMS);
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8').catch(() => 'VmRSS: 0');
  expect(Number(/VmRSS:\s*(\d+)/.exec(status)?.[1])).toBeLessThan(RSS_KIB_MAX);
});
