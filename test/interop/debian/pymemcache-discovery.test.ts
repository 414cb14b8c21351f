import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../../support/cluster-process.ts';
import { Agent } from './agent.ts';
import { clientMissing, PYMEMCACHE_AWS } from './clients.ts';

const missing = clientMissing(PYMEMCACHE_AWS);
if (missing !== undefined) console.warn(`skipped: discovery by pymemcache: ${missing}`);

describe.skipIf(missing !== undefined)("pymemcache's client of ElastiCache", () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster?.stop());

  test.for([0, 1, 2])('the client discovers every node from node %i', async (nth) => {
    const agent = new Agent(PYMEMCACHE_AWS, { servers: [cluster.addresses[nth] ?? ''] });
    expect(await agent.call('nodes')).toEqual([...cluster.addresses].sort());
    for (let i = 0; i < 50; i++) await agent.call('set', `key:${i}`, `value ${i}`);
    for (let i = 0; i < 50; i++) expect(await agent.call('get', `key:${i}`)).toBe(`value ${i}`);
    await agent.stop();
  });
});
