/** A cluster as its operators see it: events, the list of nodes, statistics and metrics. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../src/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { consecutivePorts } from '../support/ports.ts';
import { promtool, startPrometheus, whyNoPrometheus } from '../support/prometheus.ts';
import { SupervisedCluster } from '../support/supervised-cluster.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const PACKAGED = fileURLToPath(new URL('../../packaging/prometheus/', import.meta.url));
const RULES = ['slabring.rules.yml', 'slabring.alerts.yml'];
const NODES = 3;
const KEYS = 2000;

interface Event {
  readonly kind: string;
  readonly node: string;
  readonly by: string;
  readonly version: number;
}
interface Health {
  readonly groups: readonly { readonly rules: readonly { readonly health: string }[] }[];
}

describe('a cluster as its operators see it', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let cluster: SupervisedCluster;
  let port: number;

  beforeAll(async () => {
    folder = await temporaryFolder();
    port = await consecutivePorts(NODES + 1);
    const options = ['--port', `${port}`, '--nodes', `${NODES}`, '--replicas', '2', '-m', '16'];
    cluster = await SupervisedCluster.start(folder.path, ...options);
    const sets = Array.from({ length: KEYS }, (_, nth) => `set key${nth} 0 0 1\r\nx\r\n`).join('');
    const replies = await exchangeOnce({ host: '127.0.0.1', port }, sets);
    expect(replies).toBe('STORED\r\n'.repeat(KEYS));
  }, 120_000);
  afterAll(async () => {
    await cluster?.owned.stop();
    await folder?.remove();
  });

  const events = async (): Promise<readonly Event[]> => {
    const { out } = await cluster.run('events', '--json', '--nodes', `${cluster.addresses}`);
    const lines = out.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as Event);
  };

  test('the death of a node and its return are events of all members, each once', async () => {
    process.kill(cluster.rows[1]!.pid, 'SIGKILL');
    const of = (all: readonly Event[], kind: string) =>
      all.filter((event) => event.kind === kind && event.node === 'node-2');
    const all = await waitUntil('the node is filled', async () => {
      const seen = await events();
      return of(seen, 'fill-ended').length > 0 ? seen : undefined;
    });
    expect(of(all, 'death')).toMatchObject([{ by: 'supervisor' }]);
    expect(
      of(all, 'takeover')
        .map(({ by }) => by)
        .sort(),
    ).toEqual(['node-1', 'node-3']);
    const versions = ['death', 'fill-began', 'fill-ended'].map((kind) => of(all, kind)[0]?.version);
    expect(versions).toEqual([...versions].sort());
    const { out } = await cluster.run('nodes', 'list');
    expect(out).toContain('node-2 has ended (supervisor)');
  });

  test('slabring key names the primary and the holders of a key', async () => {
    const { out } = await cluster.run('key', 'key7', '--json', '--nodes', cluster.addresses[0]!);
    const { owners, holders, nodes } = JSON.parse(out) as {
      readonly owners: readonly string[];
      readonly holders: readonly { readonly address: string; readonly role: string }[];
      readonly nodes: Readonly<Record<string, { readonly found: boolean }>>;
    };
    expect(holders.map(({ role }) => role)).toEqual(['primary', 'holder']);
    expect(owners).toEqual([holders[0]!.address]);
    expect(nodes[owners[0]!]?.found).toBe(true);
    await waitUntil('the holder is in sync', async () => {
      const shown = await cluster.run('key', 'key7', '--nodes', cluster.addresses[0]!);
      return /primary\n.* in sync\n?$/.test(shown.out);
    });
  });

  test('a client with one address follows the cluster, and asks primaries only', async () => {
    const client = createClient({ nodes: [cluster.addresses[2]!], deadlineMs: 20_000 });
    const forwards = async () => {
      const stats = await client.stats('cluster');
      return [...stats.values()].map((rows) => rows.get('forwards_sent'));
    };
    try {
      await client.ready();
      await waitUntil('the client knows all nodes', () => client.nodes.length === NODES);
      const before = await forwards();
      const keys = Array.from({ length: KEYS }, (_, nth) => `key${nth}`);
      expect((await client.getMany(keys)).values.size).toBe(KEYS);
      expect(await client.get('key7')).toBe('x');
      expect(await forwards()).toEqual(before);
    } finally {
      await client.close();
    }
  });

  test('slabring events --follow shows what comes', async () => {
    const args = ['--follow', '--json', '--nodes', cluster.addresses[0]!];
    const follower = cluster.command('events', ...args);
    try {
      await follower.failOnExit(
        waitUntil('the past is shown', () => follower.stdout.includes('"kind":"started"')),
      );
      const { code } = await cluster.run('nodes', 'add');
      expect(code).toBe(0);
      const line = /"kind":"fill-ended","node":"node-4"/;
      await follower.failOnExit(waitUntil('the end is shown', () => line.test(follower.stdout)));
      expect(follower.stdout).toMatch(/"kind":"join","node":"node-4",.*"by":"operator"/);
    } finally {
      await follower.stop();
    }
  });

  describe.skipIf(whyNoPrometheus() !== undefined)('Prometheus', () => {
    test('Prometheus gets the metrics of all members, and evaluates all rules', async () => {
      const hosts = cluster.rows.filter(({ name }) => name !== 'node-2');
      const targets = hosts.map(({ adminUrl }) => `'${new URL(adminUrl).host}'`);
      const rules = RULES.map((name) => `'${PACKAGED}${name}'`).join(', ');
      const prometheus = await startPrometheus(
        folder.path,
        `global: { scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms }
rule_files: [${rules}]
scrape_configs:
  - job_name: slabring
    static_configs: [{ targets: [${targets}] }]
`,
      );
      try {
        const query = (text: string) => prometheus.query(text);
        await waitUntil('both members are seen', async () => {
          return (await query('count(slabring_cluster_info{member=~"node-.*"})')) === 2;
        });
        const serving = await query('max(slabring_cluster_members{state="serving"})');
        expect(serving).toBe(NODES + 1);
        expect(await query('sum(slabring_cluster_takeovers_total)')).toBe(2);
        expect(await query('min(slabring_cluster_membership_reachable)')).toBe(1);
        expect(await query('max(slabring_cluster_lag_seconds)')).toBeLessThan(10);
        expect(await query('count(slabring_cluster_lag_seconds)')).toBe(2 * NODES);
        await waitUntil('all rules are evaluated', async () => {
          const { groups } = await prometheus.api<Health>('rules');
          return groups.every((each) => each.rules.every(({ health }) => health === 'ok'));
        });
        const text = await (await fetch(`${hosts[0]!.adminUrl}/metrics`)).text();
        expect(promtool('.', ['check', 'metrics'], text)).toBe('');
      } finally {
        await prometheus.stop();
      }
    });
  });
});
