import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type CacheClient, createClient } from '../../../../src/client.ts';
import type { SERVERS } from '../../../support/both-servers.ts';
import type { TestServer } from '../../../support/server.ts';

/** The node and the clients of one test. */
export interface TestContext {
  readonly server: TestServer;
  /** Two clients of the node, which stand for two processes. */
  readonly one: CacheClient;
  readonly two: CacheClient;
  /** A client without the meta protocol. */
  readonly classic: CacheClient;
  /** A key that no other test uses. */
  readonly key: string;
}

/** Starts one node and its clients for all tests of the block; calls `use` before each test. */
export function withClients(
  start: (typeof SERVERS)[number]['start'],
  use: (context: TestContext) => void,
): void {
  let all: Omit<TestContext, 'key'>;
  let keys = 0;
  beforeAll(async () => {
    const server = await start();
    const options = { nodes: [`127.0.0.1:${server.port}`], deadlineMs: 20_000 };
    const [one, two] = [createClient(options), createClient(options)];
    all = { server, one, two, classic: createClient({ ...options, protocol: 'classic' }) };
  });
  beforeEach(() => use({ ...all, key: `key-${keys++}` }));
  afterAll(async () => {
    await Promise.all([all?.one, all?.two, all?.classic].map((cache) => cache?.close()));
    await all?.server.stop();
  });
}
