/** What a command line without nodes uses: the cluster of the node at memcached's own port. */
import { afterEach, describe, expect, test } from 'vitest';
import { localCluster } from '../../src/cli/cache/local-cluster.ts';
import { PORT_DEFAULT } from '../../src/topology/index.ts';
import { RawNode } from '../integration/client/raw-node.ts';
import { startCluster } from '../support/cluster-process.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startSlabring } from '../support/node-process.ts';
import { freePort, isFree } from '../support/ports.ts';
import { runCli as cli } from '../support/run-cli.ts';
import { portsFor, SupervisedCluster } from '../support/supervised-cluster.ts';

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

const PORTS = [PORT_DEFAULT, PORT_DEFAULT + 1, PORT_DEFAULT + 2];
const areFree = (await Promise.all(PORTS.map(isFree))).every(Boolean);

describe.skipIf(!areFree)(
  'a command line without --nodes (skipped while port 11211 is in use)',
  () => {
    const env = { SLABRING_DEADLINE: '20000' };
    test('the command line uses every node of the local cluster', async () => {
      const cluster = await startCluster(PORT_DEFAULT);
      ending.push(() => cluster.stop());
      const stats = await cli('stats --json', { env });
      expect(Object.keys(JSON.parse(stats.out) as object)).toEqual(cluster.addresses);
      for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
        expect(await cli(`set ${key} v`, { env })).toMatchObject({ code: 0 });
      }
      const all = `--nodes ${cluster.addresses.join(',')}`;
      expect(await cli(`get a b c d e f ${all}`, { env })).toMatchObject({ code: 0, err: '' });
    });

    test('the error says how to start a node where none runs', async () => {
      const { code, err } = await cli('ring', { env });
      expect([code, err]).toEqual([3, expect.stringContaining('connection refused. Start a node')]);
    });

    test('the error names a cluster of the user on other ports, and no verb uses it', async () => {
      const folder = await temporaryFolder();
      ending.push(() => folder.remove());
      const ports = await portsFor(2);
      const cluster = await SupervisedCluster.start(folder.path, '-m', '8', ...ports);
      ending.push(() => cluster.stop());
      for (const line of ['get a', 'stats', 'keys', 'top', 'flush --yes']) {
        const { code, err } = await cluster.run(...line.split(' '));
        expect([line, code, err]).toEqual([line, 3, expect.stringContaining('11211: connection')]);
        expect(err).toContain(`--nodes ${cluster.addresses.join(',')}`);
      }
    });

    test('the error names the origin of a listed node that does not reply', async () => {
      const absent = `127.0.0.1:${await freePort()}`;
      const args = ['-t', '1', '-m', '8', '--cluster-nodes', absent];
      const server = await startSlabring({ port: PORT_DEFAULT, args });
      ending.push(() => server.stop());
      const { err } = await cli('get a', { env });
      expect(err).toContain(`slabring: ${absent}: connection refused.`);
      expect(err).toContain('127.0.0.1:11211 lists this node; --nodes names others.');
      const stats = await cli('stats', { env });
      expect(stats.err).toContain('127.0.0.1:11211 lists this node; --nodes names others.');
    });
  },
);

describe('the cluster of a node', () => {
  const access = { login: undefined, tls: undefined, deadlineMs: 20_000 };

  test('the cluster is what the node lists, or the node alone without a list', async () => {
    const alone = await startSlabring({ args: ['-t', '1', '-m', '8'] });
    ending.push(() => alone.stop());
    const node = `127.0.0.1:${alone.port}`;
    expect(await localCluster(access, node)).toEqual([node]);
    const listing = await startSlabring({
      args: ['-t', '1', '-m', '8', '--cluster-nodes', '[::1]:2,a|10.0.0.1|1'],
    });
    ending.push(() => listing.stop());
    expect(await localCluster(access, `127.0.0.1:${listing.port}`)).toEqual(['[::1]:2', 'a:1']);
  });

  test('the cluster is the node alone if it does not know the request, or is silent', async () => {
    for (const reply of ['ERROR\r\n', 'nonsense\r\n', RawNode.CLOSE, undefined]) {
      const raw = await RawNode.start(() => reply, 'silent');
      ending.push(() => raw.stop());
      const node = `127.0.0.1:${raw.port}`;
      expect(await localCluster({ ...access, deadlineMs: 200 }, node)).toEqual([node]);
    }
  });
});
