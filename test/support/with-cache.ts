import { afterAll, beforeAll } from 'vitest';
import { type CacheClient, createClient } from '../../src/client.ts';
import { startSlabring } from './node-process.ts';
import type { TestServer } from './server.ts';

/** A node, and clients of it, for all tests of the file. */
export interface CacheContext {
  readonly node: TestServer;
  readonly cache: CacheClient;
  /** A client that stands for another process. */
  readonly other: CacheClient;
}

/** Starts them before the tests. The fields are set once the tests run. */
export function withCache(): CacheContext {
  const context: { -readonly [Name in keyof CacheContext]?: CacheContext[Name] } = {};
  beforeAll(async () => {
    const node = await startSlabring();
    const options = { nodes: [`127.0.0.1:${node.port}`], deadlineMs: 20_000 };
    Object.assign(context, { node, cache: createClient(options), other: createClient(options) });
  });
  afterAll(async () => {
    await Promise.all([context.cache?.close(), context.other?.close()]);
    await context.node?.stop();
  });
  return context as CacheContext;
}
