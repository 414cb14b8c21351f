import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type CacheClient, createClient } from '../../../../src/client.ts';
import type { TestServer } from '../../../support/server.ts';
import type { NODES } from './servers.ts';

/** What a test works with. */
export interface Given {
  readonly server: TestServer;
  /** Two clients of it, as in two processes. */
  readonly one: CacheClient;
  readonly two: CacheClient;
  /** One that does without the meta protocol. */
  readonly classic: CacheClient;
  /** No other test's. */
  readonly key: string;
}

/** Starts one node, with clients, for all tests of the block; `give` is called before each of them. */
export function withClients(
  start: (typeof NODES)[number]['start'],
  give: (given: Given) => void,
): void {
  let all: Omit<Given, 'key'>;
  let keys = 0;
  beforeAll(async () => {
    const server = await start();
    const options = { nodes: [`127.0.0.1:${server.port}`], deadlineMs: 20_000 };
    const [one, two] = [createClient(options), createClient(options)];
    all = { server, one, two, classic: createClient({ ...options, protocol: 'classic' }) };
  });
  beforeEach(() => give({ ...all, key: `key-${keys++}` }));
  afterAll(async () => {
    await Promise.all([all?.one, all?.two, all?.classic].map((cache) => cache?.close()));
    await all?.server.stop();
  });
}
