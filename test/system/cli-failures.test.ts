import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Authority } from '../support/certificates.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startSlabring } from '../support/node-process.ts';
import { freePort } from '../support/ports.ts';
import { runCli as cli, type Ring } from '../support/run-cli.ts';

test('the client discovers a node that requires TLS and a login', async () => {
  const folder = await temporaryFolder();
  const port = await freePort();
  const node = `127.0.0.1:${port}`;
  try {
    const authority = await Authority.create(folder.path);
    const tls = { identity: await authority.issue('node'), ca: readFileSync(authority.ca) };
    const users = join(folder.path, 'users');
    await writeFile(users, 'app:pass word\n');
    const args = ['-t', '1', '-m', '8', '-Y', users, '--cluster-nodes', node];
    const server = await startSlabring({ args, port, tls });
    try {
      const env = { SLABRING_DEADLINE: '20000', SLABRING_PASSWORD: 'pass word' };
      const found = `--discovery elasticache:${node} --tls-ca ${authority.ca}`;
      const set = await cli(`set a v ${found} --user app`, { env });
      expect(set).toEqual({ code: 0, out: 'stored', err: '' });
      const locked = await cli(`get a ${found}`, { env });
      expect([locked.code, locked.err]).toEqual([
        3,
        expect.stringContaining('it requires a login'),
      ]);
    } finally {
      await server.stop();
    }
  } finally {
    await folder.remove();
  }
});
describe('the command line without a running node', () => {
  test('ring prints the owner of each key and the share of each node', async () => {
    const { out, code } = await cli('ring a b --nodes 10.0.0.1@3,10.0.0.2,[::1]:5@2 --json');
    const { nodes, keys } = JSON.parse(out) as Ring;
    expect(code).toBe(0);
    expect(nodes.map(({ node }) => node)).toEqual(['10.0.0.1:11211', '10.0.0.2:11211', '[::1]:5']);
    expect(nodes.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
    expect(nodes[0]!.share).toBeGreaterThan(nodes[1]!.share * 2);
    expect(keys.map(({ key }) => key)).toEqual(['a', 'b']);
    const even = await cli('ring --nodes a,b,c --distribution rendezvous --json');
    const { nodes: thirds } = JSON.parse(even.out) as Ring;
    for (const { share } of thirds) expect(share).toBeCloseTo(1 / 3, 1);
    const shown = (await cli('ring a --nodes 10.0.0.1,10.0.0.2')).out;
    expect(shown).toMatch(/^10\.0\.0\.1:11211 +\d+\.\d % +█+\n/);
    expect(shown).toMatch(/\na +10\.0\.0\.[12]:11211$/);
  });

  test('ring --replicas prints every node that holds a key', async () => {
    const { out } = await cli('ring one two --nodes a,b,c --replicas 2 --json');
    const { nodes, keys } = JSON.parse(out) as Ring;
    expect(nodes.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
    expect(nodes.reduce((sum, { held }) => sum + held, 0)).toBeCloseTo(2);
    expect(keys.map((key) => new Set(key.nodes).size)).toEqual([2, 2]);
    const shown = (await cli('ring one --nodes a,b,c --replicas 3')).out.split('\n');
    expect(shown[0]).toMatch(/^node +owns +holds$/);
    expect(shown[1]).toMatch(/^a:11211 +\d+\.\d % +100\.0 % +█{40}$/);
    expect(shown.at(-1)?.split(/ +/).toSorted()).toEqual(['a:11211', 'b:11211', 'c:11211', 'one']);
  });

  test.each([
    ['get a --replicas 9', '--replicas is "9"; it must be a whole number from 1 to 8.'],
    ['get a --failover never', '--failover is "never"; it must be one of fail, next, gutter.'],
    ['get a --failover gutter', '--failover=gutter needs gutter nodes: name them with'],
    ['get a --gutter b', '--gutter needs --failover=gutter, but --failover is fail.'],
    [
      'get a --nodes b --discovery dns:c',
      '--nodes and --discovery both name the nodes of the cache',
    ],
    ['get a --discovery b:1', '--discovery is "b:1"; it must be elasticache:host:port, dns:name'],
    ['get a --discovery dns:b:99999', 'The port of node b is 99999, not 1 to 65535.'],
    ['get a --discovery elasticache:b:0', 'The port of node b is 0, not 1 to 65535.'],
    [
      'get a --tls-ca /no/such/file',
      'Cannot read the CA certificates of --tls-ca, /no/such/file: there is no such file',
    ],
  ])('"%s" is refused with a message', async (line, message) => {
    const { code, out, err } = await cli(line);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
    expect(err).toMatch(/^slabring: [^\n]+$/);
  });

  test('the command line prints the reason if a discovery finds no nodes', async () => {
    const closed = `127.0.0.1:${await freePort()}`;
    const { code, out, err } = await cli(
      `get a --discovery elasticache:${closed} --deadline 20000`,
    );
    expect([code, out]).toEqual([3, '']);
    expect(err).toContain(
      `slabring: Cannot read the list of nodes: ${closed}: connection refused.`,
    );
  });

  test('the client exits with 3 if a node is down, with 2 on a wrong command line', async () => {
    const nodes = `--nodes 127.0.0.1:${await freePort()}`;
    for (const line of ['get a', 'set a b', 'delete a', 'touch a 1', 'incr a', 'stats']) {
      const { code, out, err } = await cli(`${line} ${nodes}`);
      expect([code, out]).toEqual([3, out]);
      if (line !== 'stats') expect(err).toMatch(/^slabring: 127.*: connection refused\. /);
    }
    for (const line of ['get', 'touch a soon', 'incr a b', 'set a b c', 'get a --nodes x:y']) {
      expect(await cli(line)).toMatchObject({ code: 2, out: '' });
    }
    expect(await cli(`get ${'k'.repeat(251)} ${nodes}`)).toMatchObject({ code: 2 });
    expect(await cli(`get a --user me ${nodes}`)).toMatchObject({ code: 2 });
  });
});
