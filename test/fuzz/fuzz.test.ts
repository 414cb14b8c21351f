import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSlabring } from '../support/node-process.ts';
import { testSeed } from '../support/random.ts';
import type { TestServer } from '../support/server.ts';
import { fuzzNode } from './node-fuzz.ts';
import { fuzzSessions } from './session-fuzz.ts';

/** A short budget; `npm run fuzz -- --minutes 60` takes its time. */
const SESSION_STREAMS = 2000;
const NODE_STREAMS = 300;
/** A node with `-m 16` may hold this much after all that: its memory is bounded. */
const RSS_KIB_MAX = 600 * 1024;
const seed = testSeed();

let server: TestServer;
beforeAll(async () => {
  server = await startSlabring({ args: ['-m', '16', '-t', '2', '-F'] });
});
afterAll(() => server.stop());

test(`${SESSION_STREAMS} streams of any bytes leave a sound store, seed ${seed}`, () => {
  expect(() => fuzzSessions(seed, SESSION_STREAMS)).not.toThrow();
});

test(`${NODE_STREAMS} streams leave a node as it was, seed ${seed}`, async () => {
  await fuzzNode(server, seed, NODE_STREAMS);
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8').catch(() => 'VmRSS: 0');
  expect(Number(/VmRSS:\s*(\d+)/.exec(status)?.[1])).toBeLessThan(RSS_KIB_MAX);
});
