import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { localNodes } from '../../../../src/cli/process/local-nodes.ts';
import { temporaryFolder } from '../../../support/folder.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface SimulatedProcess {
  readonly words: readonly string[];
  readonly env?: readonly string[];
  readonly network?: string;
  readonly cwd?: string;
}

/** A folder like /proc with these processes, by their ids. */
async function processes(all: Readonly<Record<string, SimulatedProcess>>): Promise<string> {
  const { path, remove } = await temporaryFolder();
  closers.push(remove);
  const text = (words: readonly string[]) => words.map((word) => `${word}\0`).join('');
  await mkdir(join(path, 'self/ns'), { recursive: true });
  await symlink('net:[1]', join(path, 'self/ns/net'));
  for (const [pid, { words, env = ['A=b'], network = 'net:[1]', cwd = '/app' }] of Object.entries(
    all,
  )) {
    await mkdir(join(path, pid, 'ns'), { recursive: true });
    await writeFile(join(path, pid, 'cmdline'), text(words));
    await writeFile(join(path, pid, 'environ'), text(env));
    await symlink(network, join(path, pid, 'ns/net'));
    await symlink(cwd, join(path, pid, 'cwd'));
  }
  return path;
}

test('a node is found by its command line, in every form of the program', async () => {
  const folder = await processes({
    '1': { words: ['node', 'src/cli/main.ts', 'serve', '-p', '1', '-vv'] },
    '20': { words: ['/usr/bin/node', '/x/node_modules/.bin/slabring', '-p', '2'] },
    '3': { words: ['node', '--inspect', '/x/slabring/dist/cli/main.js', 'serve', '--port=3'] },
    '4': { words: ['node', 'bin/slabring.js', 'serve', '-m 64', '-p 4'] },
    '5': { words: ['slabring', 'proxy', '-p5', '--join', 'etcd://a', '--cluster', 'b'] },
  });
  const found = localNodes(folder).map(({ pid, options }) => [pid, options.port]);
  expect(found).toEqual([
    [1, 1],
    [3, 3],
    [4, 4],
    [5, 5],
    [20, 2],
  ]);
});

test('the environment of a node sets what its command line does not', async () => {
  const env = ['SLABRING_PORT=5', 'SLABRING_ENABLE_SSL=1', 'SLABRING_SSL_CHAIN_CERT=a=b.pem'];
  const words = ['node', 'src/cli/main.ts', 'serve', '-p', '6', '-s', 'run/x.sock'];
  const [node] = localNodes(await processes({ '1': { words, env, cwd: '/srv' } }));
  expect(node?.options).toMatchObject({ port: 6, enableSsl: true, sslChainCert: 'a=b.pem' });
  expect([node?.pathOf('run/x.sock'), node?.pathOf('/x')]).toEqual(['/srv/run/x.sock', '/x']);
});

test('other programs, other verbs, wrong options and other containers are no nodes', async () => {
  const serve = ['node', 'src/cli/main.ts', 'serve'];
  const folder = await processes({
    '1': { words: ['/bin/sh', '-c', 'sleep 1'] },
    '2': { words: ['node', 'src/cli/main.ts', 'health', '--local'] },
    '3': { words: ['node', 'src/cli/main.ts', 'cluster', '-N', '3'] },
    '4': { words: [...serve, '--nonsense'] },
    '5': { words: serve, network: 'net:[2]' },
    '6': { words: ['node', 'src/cli/main.ts'] },
    '7': { words: [...serve, '--help'] },
    '8': { words: [] },
    '9': { words: [...serve, '-p', 'x'] },
  });
  expect(localNodes(folder)).toEqual([]);
});

test('a system that shows no processes is an error that names another option', () => {
  expect(() => localNodes('/no/such/folder')).toThrow(
    /--local needs .*: name the node with --port/,
  );
});
