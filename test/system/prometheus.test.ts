import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { startSlabring } from '../support/node-process.ts';
import { promtool, startPrometheus, whyNoPrometheus } from '../support/prometheus.ts';
import { waitUntil } from '../support/wait.ts';
import { sendAndReadToEnd } from '../support/wire.ts';

const PACKAGED = fileURLToPath(new URL('../../packaging/prometheus/', import.meta.url));
const RULES = ['slabring.rules.yml', 'slabring.alerts.yml'];
const HITS = 4000;
const MISSES = 1000;

interface Targets {
  readonly activeTargets: readonly { readonly health: string; readonly lastError: string }[];
}
interface RuleGroups {
  readonly groups: readonly { readonly rules: readonly { readonly health: string }[] }[];
}

const closers: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A node with some load of each kind, so that its text has every family. */
async function loadedNode() {
  const node = await startSlabring({ args: ['--admin-port', '0', '-t', '2', '-m', '8'] });
  closers.push(() => node.stop());
  const url = /Admin port: ([^\s"]+)/.exec(node.process.stdout)?.[1] ?? '';
  await sendAndReadToEnd(
    node.address,
    `set a 0 0 1\r\n1\r\nset b 0 0 2000\r\n${'x'.repeat(2000)}\r\n`,
  );
  return { node, url };
}

describe.skipIf(whyNoPrometheus() !== undefined)('Prometheus', () => {
  test('a node is up for it, and its counters are those of a known load', async () => {
    const { node, url } = await loadedNode();
    const { path, remove } = await temporaryFolder();
    closers.push(remove);
    const rules = RULES.map((name) => `'${PACKAGED}${name}'`).join(', ');
    const prometheus = await startPrometheus(
      path,
      `global: { scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms }
rule_files: [${rules}]
scrape_configs:
  - job_name: slabring
    static_configs: [{ targets: ['${new URL(url).host}'] }]
`,
    );
    closers.push(() => prometheus.stop());
    await waitUntil('the target is up', async () => {
      const { activeTargets } = await prometheus.api<Targets>('targets?state=active');
      return activeTargets.length === 1 && activeTargets[0]?.health === 'up';
    });
    const hits = 'memcached_commands_total{command="get",status="hit"}';
    const misses = 'memcached_commands_total{command="get",status="miss"}';
    const before = await waitUntil('the counter is there', () => prometheus.query(hits));
    const [load, missed] = ['get a\r\n'.repeat(HITS), 'get none\r\n'.repeat(MISSES)];
    await sendAndReadToEnd(node.address, load + missed);
    await waitUntil('Prometheus has seen the load', async () => {
      return ((await prometheus.query(misses)) ?? 0) >= MISSES;
    });
    expect(await prometheus.query(hits)).toBe(before + HITS);
    expect(await prometheus.query(misses)).toBe(MISSES);
    expect(await prometheus.query('slabring_get_misses_total{reason="absent"}')).toBe(MISSES);
    expect(await prometheus.query('sum(memcached_slab_commands_total{command="get"})')).toBe(
      before + HITS,
    );
    expect(await prometheus.query('memcached_up')).toBe(1);
    expect(await prometheus.query('memcached_limit_bytes')).toBe(8 << 20);
    const { groups } = await prometheus.api<RuleGroups>('rules');
    const evaluated = groups.flatMap(({ rules: each }) => each);
    expect(evaluated.length).toBeGreaterThan(15);
    await waitUntil('all rules are evaluated', async () => {
      const { groups: now } = await prometheus.api<RuleGroups>('rules');
      return now.every(({ rules: each }) => each.every(({ health }) => health === 'ok'));
    });
  });

  test('each thread shows its event loop and its garbage collections', async () => {
    const { node, url } = await loadedNode();
    const threads = ['main', 'serve-0', 'serve-1'];
    const valuesOf = async (name: string) => {
      const text = await (await fetch(`${url}/metrics`)).text();
      const series = text.matchAll(new RegExp(`^${name}{thread="(.*?)"} (\\S+)$`, 'gm'));
      return new Map([...series].map(([, thread, value]) => [thread, Number(value)]));
    };
    // The kernel gives a connection to either thread; the main thread writes the page.
    await waitUntil('each thread has collected garbage', async () => {
      await sendAndReadToEnd(node.address, 'stats\r\nstats settings\r\n'.repeat(200));
      const runs = await valuesOf('slabring_gc_runs_total');
      return threads.every((thread) => (runs.get(thread) ?? 0) > 0);
    });
    const names = ['gc_seconds_total', 'event_loop_active_seconds_total', 'heap_bytes'];
    for (const name of [...names, 'event_loop_delay_seconds_count']) {
      const values = await valuesOf(`slabring_${name}`);
      expect([...values.keys()].sort(), name).toEqual(threads);
      for (const value of values.values()) expect(value, name).toBeGreaterThan(0);
    }
  });

  test('promtool accepts the text of a node, and finds nothing to mend', async () => {
    const { url } = await loadedNode();
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(promtool('.', ['check', 'metrics'], text)).toBe('');
    const cut = text.replace(/^# HELP memcached_up .*\n/m, '');
    expect(() => promtool('.', ['check', 'metrics'], cut)).toThrow(/no help text/);
  });

  test('promtool accepts the packaged rules, and their tests pass', () => {
    promtool(PACKAGED, ['check', 'config', 'prometheus.yml']);
    promtool(PACKAGED, ['check', 'rules', ...RULES]);
    expect(promtool(PACKAGED, ['test', 'rules', 'slabring.test.yml'])).toContain('SUCCESS');
  });
});
