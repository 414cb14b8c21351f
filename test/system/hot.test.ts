import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../src/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startMemcached, whyNoMemcached } from '../support/memcached.ts';
import { startSlabring } from '../support/node-process.ts';
import { runCli } from '../support/run-cli.ts';
import type { TestServer } from '../support/server.ts';
import { onTerminal, whyNoTerminal } from '../support/terminal.ts';
import { sendAndReadToEnd } from '../support/wire.ts';

const NODE_ARGS = ['-t', '2', '-m', '64'];
const SECRET = 'no-output-may-show-this';
const nodeOf = ({ port }: Pick<TestServer, 'port'>) => `127.0.0.1:${port}`;
const cli = (line: string, env = {}) => runCli(`${line} --deadline 20000`, { env });
const json = async (line: string) => JSON.parse((await cli(`${line} --json`)).out);

interface Row {
  readonly key: string;
  readonly requestsPerSecond: number;
  readonly getsPerSecond: number;
  readonly writesPerSecond: number;
  readonly share: number;
  readonly hitRatio?: number;
}

const rowOf = (rows: readonly Row[], key: string) => rows.find((row) => row.key === key);

describe('hot', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let servers: TestServer[] = [];
  let nodes: string[] = [];
  beforeAll(async () => {
    folder = await temporaryFolder();
    servers = await Promise.all([0, 1].map(() => startSlabring({ args: NODE_ARGS })));
    nodes = servers.map(nodeOf);
    const cache = createClient({ nodes, deadlineMs: 20_000 });
    for (const key of ['hot:1', 'hot:2', 'warm:1']) await cache.set(key, SECRET);
    for (let round = 0; round < 200; round++) {
      await cache.getMany(['hot:1', `cold:${round}`]);
      if (round % 2 === 0) await cache.get('hot:2');
      if (round % 4 === 0) await cache.set('warm:1', SECRET);
    }
    await cache.close();
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await folder.remove();
  });

  test('the keys of all nodes are there with their numbers, in the order of requests', async () => {
    const { keys, samples, requestsPerSecond } = await json(`hot --top 1000 --nodes ${nodes}`);
    const rates: number[] = keys.map((row: Row) => row.requestsPerSecond);
    expect(rates).toEqual(rates.toSorted((a, b) => b - a));
    // 200 + 200 + 100 + 50 requests, and three sets. A quiet node samples all of them.
    expect(samples).toBeGreaterThan(450);
    expect(samples).toBeLessThan(554);
    const [hot, second, warm] = ['hot:1', 'hot:2', 'warm:1'].map((key) => rowOf(keys, key));
    expect(hot).toMatchObject({ hitRatio: 1, nodes: [expect.stringContaining('127.0.0.1:')] });
    // The set was before the gets, so it weighs a little less.
    expect(hot!.getsPerSecond / hot!.writesPerSecond).toBeGreaterThan(190);
    expect(second!.getsPerSecond / second!.writesPerSecond).toBeGreaterThan(95);
    expect(hot!.share).toBeCloseTo(hot!.requestsPerSecond / requestsPerSecond);
    expect(warm).toMatchObject({ getsPerSecond: 0 });
    expect(warm!.hitRatio).toBeUndefined();
  });

  test('a table has the same, and no values', async () => {
    const { code, out } = await cli(`hot --top 3 --nodes ${nodes}`);
    expect(code).toBe(0);
    const [summary, , head, ...rows] = out.split('\n');
    expect(summary).toMatch(
      / requests\/s for keys on 2 of 2 nodes, estimated from [45]\d\d samples/,
    );
    expect(head).toMatch(/^ *req\/s +± +share .* node +key$/);
    expect(rows).toHaveLength(3);
    for (const key of ['hot:1', 'hot:2', 'warm:1']) {
      const row = rows.find((each) => each.endsWith(`  ${key}`));
      expect(row).toMatch(/ (100\.0 %|–) .* 127\.0\.0\.1:\d+ +/);
    }
    expect(out).not.toContain(SECRET);
  });

  test('the order can be that of the misses, and prefixes are summed up', async () => {
    const { keys } = await json(`hot --sort misses --top 1 --nodes ${nodes}`);
    expect(keys[0]).toMatchObject({ key: expect.stringMatching(/^cold:\d+$/), hitRatio: 0 });
    const { prefixes } = await json(`hot --by-prefix --nodes ${nodes}`);
    expect(prefixes.map(({ key }: Row) => key).toSorted()).toEqual(['cold:', 'hot:', 'warm:']);
    expect(rowOf(prefixes, 'cold:')!.hitRatio).toBe(0);
    expect(rowOf(prefixes, 'hot:')!.hitRatio).toBe(1);
  });

  test('keys shows the gets and the hits of the prefixes that nodes have sampled', async () => {
    const { prefixes } = await json(`keys --by-prefix --nodes ${nodes}`);
    const hot = prefixes.find(({ prefix }: { prefix: string }) => prefix === 'hot:');
    expect(hot).toMatchObject({ keys: 2, hitRatio: 1 });
    expect(hot.getsPerSecond).toBeGreaterThan(0);
    expect((await cli(`keys --by-prefix --nodes ${nodes}`)).out).toMatch(
      /gets\/s +hits +prefix\n(.*\n)?.* 100\.0 % +hot:/,
    );
  });

  test.skipIf(whyNoTerminal() !== undefined)('--watch fills a terminal until q', async () => {
    const watch = ['hot', '--watch', '0.1', '--nodes', nodes.join(), '--deadline', '20000'];
    const { code, shown } = await onTerminal(watch, [['hot:1', 'q']]);
    expect(code).toBe(0);
    expect(shown).toContain('requests/s for keys on 2 of 2 nodes');
  });

  test('a key with any bytes is shown escaped', async () => {
    const node = await startSlabring({ args: NODE_ARGS });
    const key = Buffer.from('\u001b[2J\u00ff', 'latin1').toString('base64');
    await sendAndReadToEnd(node.address, Buffer.from(`mg ${key} b v\r\nquit\r\n`));
    const { out } = await cli(`hot --nodes ${nodeOf(node)}`);
    expect(out).toMatch(/ %1B\[2J%FF$/);
    expect((await json(`hot --nodes ${nodeOf(node)}`)).keys).toMatchObject([{ keyBase64: key }]);
    await sendAndReadToEnd(node.address, Buffer.from('stats reset\r\nquit\r\n'));
    expect((await json(`hot --nodes ${nodeOf(node)}`)).keys).toEqual([]);
    await node.stop();
  });

  test('only a user with the role admin sees keys; -X and -o no_hot_keys hide them', async () => {
    const users = join(folder.path, 'users');
    await writeFile(users, 'role admin boss\nrole readonly reader\nboss:1\nreader:2\n');
    const [closed, forbids, off] = await Promise.all([
      startSlabring({ args: [...NODE_ARGS, '-Y', users] }),
      startSlabring({ args: [...NODE_ARGS, '-X'] }),
      startSlabring({ args: [...NODE_ARGS, '-o', 'no_hot_keys'] }),
    ]);
    const boss = { SLABRING_PASSWORD: '1' };
    const access = `--nodes ${nodeOf(closed)}`;
    await cli(`get user:1 ${access} --user boss`, boss);
    expect((await cli(`hot ${access} --user boss`, boss)).out).toMatch(/ user:1$/);
    const refused = await cli(`hot ${access} --user reader`, { SLABRING_PASSWORD: '2' });
    expect(refused).toMatchObject({
      code: 3,
      out: expect.stringMatching(/FAILED: it replied "CLIENT_ERROR permission denied"$/),
      err: expect.stringContaining('the role admin'),
    });
    expect((await cli(`hot --nodes ${nodeOf(forbids)}`)).out).toContain('hot_keys not allowed');
    await cli(`get user:1 --nodes ${nodeOf(off)}`);
    expect((await cli(`hot --nodes ${nodeOf(off)}`)).out).toContain('samples no keys');
    await Promise.all([closed, forbids, off].map((node) => node.stop()));
  });

  test.skipIf(whyNoMemcached() !== undefined)('memcached samples no keys', async () => {
    const server = await startMemcached();
    const { code, err } = await cli(`hot --nodes ${nodeOf(server)}`);
    await server.stop();
    expect([code, err]).toEqual([3, expect.stringContaining('Only nodes of slabring')]);
  });
});
