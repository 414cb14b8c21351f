import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../src/client.ts';
import { SERVERS } from '../support/both-servers.ts';
import { startSlabring } from '../support/node-process.ts';
import { freePort } from '../support/ports.ts';
import { runCli } from '../support/run-cli.ts';
import type { TestServer } from '../support/server.ts';
import { onTerminal, whyNoTerminal } from '../support/terminal.ts';

const QUICK = '--interval 0.1 --deadline 20000';
const NODE_ARGS = ['-t', '1', '-m', '64'];
const nodeOf = ({ port }: Pick<TestServer, 'port'>) => `127.0.0.1:${port}`;

describe.each(SERVERS)('top and memory of $name', ({ name, start, skip }) => {
  let servers: TestServer[] = [];
  let nodes: string[] = [];
  beforeAll(async () => {
    if (skip) return;
    servers = await Promise.all([start({ args: NODE_ARGS }), start({ args: NODE_ARGS })]);
    nodes = servers.map(nodeOf);
  });
  afterAll(() => Promise.all(servers.map((server) => server.stop())));

  test.skipIf(skip)('--once --json counts the load of each node, and sums it up', async () => {
    const cache = createClient({ nodes, deadlineMs: 20_000 });
    const keys = Array.from({ length: 100 }, (_, at) => `key${at}`);
    await cache.setMany(keys.map((key) => [key, 'value']));
    let isOver = false;
    const load = (async () => {
      while (!isOver) await cache.getMany([...keys, 'none']);
    })();
    const line = `top --once --json ${QUICK} --nodes ${nodes}`;
    const { code, out } = await runCli(line).finally(() => {
      isOver = true;
    });
    await load;
    await cache.close();
    expect([code, out.split('\n').length]).toEqual([0, 1]);
    const view = JSON.parse(out);
    expect(Object.keys(view.nodes)).toEqual(nodes);
    for (const node of nodes) {
      expect(view.nodes[node].getsPerSecond).toBeGreaterThan(0);
      expect(view.nodes[node]).toMatchObject({ evictionsPerSecond: 0, memoryLimitBytes: 2 ** 26 });
      expect('p99Microseconds' in view.nodes[node]).toBe(name === 'slabring');
      expect('rssBytes' in view.nodes[node]).toBe(name === 'slabring');
    }
    const [first = '', second = ''] = nodes;
    const sum = view.nodes[first].getsPerSecond + view.nodes[second].getsPerSecond;
    expect(view.total.getsPerSecond).toBeCloseTo(sum);
    expect(view.total).toMatchObject({ nodes: 2, up: 2, items: 100 });
    expect(view.total.hitRatio).toBeGreaterThan(0.9);
    expect(view.total.hitRatio).toBeLessThan(1);
  });

  test.skipIf(skip)('memory resizes every node, and shows what each has', async () => {
    const [first = '', second = ''] = nodes;
    const memory = (words: string) => runCli(`memory ${words} --deadline 20000`);
    expect(await memory(`100m --nodes ${nodes}`)).toEqual({
      ...{ code: 0, err: '' },
      out: `${first}  100 MiB, was 64 MiB\n${second}  100 MiB, was 64 MiB`,
    });
    const shown = await memory(`--json --nodes ${first}`);
    const size = { wasBytes: 100 * 2 ** 20, isBytes: 100 * 2 ** 20 };
    expect(JSON.parse(shown.out)).toEqual({ [first]: size });
    const refused = await memory(`7 --nodes ${nodes}`);
    expect(refused.code).toBe(3);
    expect(refused.out).toContain(`${second}  FAILED: it replied "MEMLIMIT_TOO_SMALL`);
    expect(refused.err).toContain('A slabring node takes 8m to four times the -m');
    expect(await memory(`64 --nodes ${nodes}`)).toMatchObject({ code: 0 });
    for (const wrong of ['x', '0', '2kb'])
      expect(await memory(`${wrong} --nodes ${nodes}`)).toMatchObject({ code: 2, out: '' });
  });
});

describe('top', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startSlabring({ args: NODE_ARGS });
  });
  afterAll(() => server?.stop());

  test('a node that hangs and one that is down hide nothing of the others', async () => {
    const sockets = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => sockets.once('listening', resolve));
    const hung = nodeOf(sockets.address() as { port: number });
    const down = `127.0.0.1:${await freePort()}`;
    const up = nodeOf(server);
    const line = `top --once --json --interval 0.1 --nodes ${hung},${down},${up}`;
    const { code, out } = await runCli(`${line} --deadline 3000`);
    sockets.close();
    const { nodes, total } = JSON.parse(out);
    expect(code).toBe(3);
    expect(nodes[hung]).toEqual({ error: 'no reply in time' });
    expect(nodes[down]).toEqual({ error: 'connection refused' });
    expect(nodes[up].items).toBe(0);
    expect(total).toMatchObject({ nodes: 3, up: 1 });
  });

  test.skipIf(whyNoTerminal() !== undefined)('a terminal shows it until q, or Ctrl-C', async () => {
    const line = ['top', '--nodes', nodeOf(server), '--interval', '0.1', '--deadline', '20000'];
    for (const quit of ['q', '\u0003']) {
      const sorted = ['by node, reversed', quit] as const;
      const { code, shown } = await onTerminal(line, [['total', 'n'], sorted]);
      expect(code).toBe(0);
      const [before, view = '', after] = shown.split('\u001b[?1049');
      expect([before, after?.trim()]).toEqual(['', 'l']);
      expect(view).toContain(`${nodeOf(server)}  `);
      expect(view.startsWith('h\u001b[?25l')).toBe(true);
      expect(view.endsWith('\u001b[?25h')).toBe(true);
    }
  });

  test.skipIf(whyNoTerminal() !== undefined)('stats --watch repeats until Ctrl-C', async () => {
    const access = ['--nodes', nodeOf(server), '--deadline', '20000'];
    const raw = ['stats', '--all', '--watch', '0.1', ...access];
    const { code, shown } = await onTerminal(raw, [['/s', '\u0003']]);
    expect(code).toBe(0);
    // The question itself is a change.
    expect(shown).toMatch(/bytes_read +\d+ \+[\d.]+K?\/s/);
    const summary = await onTerminal(
      ['stats', '--watch', '0.1', ...access],
      [['gets/s', '\u0003']],
    );
    expect(summary).toMatchObject({ code: 0, shown: expect.stringContaining(nodeOf(server)) });
  });
});
