/** `slabring nodes`: the nodes of a cluster change while it serves. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { consecutivePorts, isFree } from '../support/ports.ts';
import { SupervisedCluster } from '../support/supervised-cluster.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

interface Listed {
  readonly version: number;
  readonly members: readonly {
    readonly name: string;
    readonly address: string;
    readonly state: string;
    readonly adopted: number;
    readonly pid: number;
    readonly memoryLimitBytes: number;
  }[];
}

describe('slabring nodes', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let cluster: SupervisedCluster;
  let port: number;

  beforeAll(async () => {
    folder = await temporaryFolder();
    port = await consecutivePorts(4);
    const options = ['--port', `${port}`, '--nodes', '2', '-m', '8', '--name', 'web'];
    cluster = await SupervisedCluster.start(folder.path, ...options);
  }, 120_000);
  afterAll(async () => {
    await cluster?.owned.stop();
    await folder?.remove();
  });

  const list = async (): Promise<Listed> => {
    const { out } = await cluster.run('nodes', 'list', '--json');
    return JSON.parse(out) as Listed;
  };
  /** The version and the ports that a node publishes to clients. */
  const published = async (at: number): Promise<readonly [number, readonly number[]]> => {
    const reply = await exchangeOnce({ host: '127.0.0.1', port: at }, 'config get cluster\r\n');
    const [, version, nodes = ''] = reply.split(/\r?\n/);
    return [Number(version), nodes.split(' ').map((node) => Number(node.split('|')[2]))];
  };
  /** Waits until every node publishes these ports under the version of the topology. */
  const waitForPorts = (nths: readonly number[]): Promise<unknown> =>
    waitUntil(`all nodes publish the nodes ${nths}`, async () => {
      const { version } = await list();
      const ports = nths.map((nth) => port + nth - 1);
      const all = await Promise.all(ports.map(published));
      return all.every((each) => JSON.stringify(each) === JSON.stringify([version, ports]));
    });

  test('a dry run says what would move, and changes nothing', async () => {
    const before = await list();
    const { code, out } = await cluster.run('nodes', 'add', '--dry-run');
    expect([code, out]).toEqual([0, expect.stringMatching(/node-3 +add/)]);
    expect(await list()).toEqual(before);
  });
  test('add starts a node, and every node publishes it under the same version', async () => {
    const { code, out } = await cluster.run('nodes', 'add', '-m', '16');
    expect([code, out]).toEqual([0, expect.stringContaining(`node-3 (127.0.0.1:${port + 2})`)]);
    const { members } = await list();
    expect(members.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'node-1 serving',
      'node-2 serving',
      'node-3 serving',
    ]);
    expect(members[2]!.memoryLimitBytes).toBe(16 << 20);
    await waitForPorts([1, 2, 3]);
  });
  test('every node shows the topology and what it forwards by `stats cluster`', async () => {
    const rowsOf = async (at: number): Promise<readonly string[]> => {
      const reply = await exchangeOnce({ host: '127.0.0.1', port: at }, 'stats cluster\r\n');
      return [...reply.matchAll(/^STAT (.*)\r$/gm)].map(([, row = '']) => row);
    };
    const gets = Array.from({ length: 90 }, (_, nth) => `get none-${nth}\r\n`).join('');
    await exchangeOnce({ host: '127.0.0.1', port }, gets);
    const { version } = await list();
    for (const nth of [1, 2, 3]) {
      const rows = [
        'cluster_name web',
        `member_name node-${nth}`,
        'member_state serving',
        'members_serving 3',
        `topology_version ${version}`,
        `complete_version ${version}`,
        `clean_version ${version}`,
        'forwards_failed 0',
        `peer:node-${(nth % 3) + 1}:links_up 1`,
        // The clients of this test ask the first node for keys, which sends them on.
        nth === 1 ? 'forwards_served 0' : 'forwards_sent 0',
      ];
      const shown = expect.poll(() => rowsOf(port + nth - 1), { timeout: 20_000 });
      await shown.toEqual(expect.arrayContaining(rows));
    }
    const work = async (at: number, name: string): Promise<number> => {
      const row = (await rowsOf(at)).find((each) => each.startsWith(`${name} `));
      return Number(row?.split(' ')[1]);
    };
    const left = async (): Promise<number> => {
      const others = [port + 1, port + 2].map((at) => work(at, 'forwards_served'));
      const served = (await Promise.all(others)).reduce((sum, count) => sum + count, 0);
      const sent = await work(port, 'forwards_sent');
      return sent > 0 ? sent - served : Number.NaN;
    };
    await expect.poll(left, { timeout: 20_000 }).toBe(0);
  });
  test('restart gives a node another process', async () => {
    const before = await list();
    const { code, err } = await cluster.run('nodes', 'restart', 'node-2');
    expect([code, err]).toEqual([0, '']);
    const after = await list();
    const pidOf = ({ members }: Listed) => members.find(({ name }) => name === 'node-2')!.pid;
    expect(pidOf(after)).not.toBe(pidOf(before));
    expect(after.version).toBeGreaterThan(before.version);
    await waitForPorts([1, 2, 3]);
  });
  test('replace starts a node and ends the other one', async () => {
    const { code, out } = await cluster.run('nodes', 'replace', 'node-1');
    expect([code, out]).toEqual([0, expect.stringContaining('node-4')]);
    expect(await isFree(port)).toBe(true);
    await waitForPorts([2, 3, 4]);
  });
  test('remove ends a process, and the others publish no more of it', async () => {
    const { code, out } = await cluster.run('nodes', 'remove', 'node-3', '--json');
    const { changed } = JSON.parse(out) as { changed: readonly { node: string }[] };
    expect([code, changed.map(({ node }) => node)]).toEqual([0, ['node-3']]);
    expect(await isFree(port + 2)).toBe(true);
    await waitForPorts([2, 4]);
  });
  test('a node that dies is published again once it is back', async () => {
    const { members, version } = await list();
    process.kill(members.find(({ name }) => name === 'node-2')!.pid, 'SIGKILL');
    await waitUntil('the topology has changed', async () => (await list()).version > version);
    await waitForPorts([2, 4]);
  });
  test.each([
    [['remove', 'node-9'], 1, /The cluster web has no node node-9/],
    [['remove'], 2, /Name the node/],
    [['restart'], 2, /Name one node, or restart all of them with --rolling/],
    [['shrink'], 2, /There is no action "shrink"/],
    [['cancel'], 1, /No change of the cluster is under way/],
    [['cancel', 'node-2'], 2, /gives up the change under way: name none/],
    [['add', 'node-5'], 2, /add names the node itself/],
    [
      ['list', '--cluster', '127.0.0.1:1'],
      1,
      /No cluster of this user has the node 127\.0\.0\.1:1/,
    ],
  ])('slabring nodes refuses %j', async (args, code, message) => {
    const refused = await cluster.run('nodes', ...args);
    expect([refused.code, refused.err]).toEqual([code, expect.stringMatching(message)]);
  });
  test('the last node is not removed', async () => {
    expect((await cluster.run('nodes', 'remove', 'node-2')).code).toBe(0);
    const { code, err } = await cluster.run('nodes', 'remove', 'node-4');
    expect([code, err]).toEqual([1, expect.stringMatching(/last node that holds keys/)]);
    const restart = await cluster.run('nodes', 'restart', 'node-4');
    expect(restart.err).toMatch(/only node that serves.*slabring restart/);
    const { members } = await list();
    expect(members.map(({ name }) => name)).toEqual(['node-4']);
  });
});
