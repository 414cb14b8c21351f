/**
 * Measures restarts of `slabring cluster`: how long a node with 1 GiB of 1 KiB items is down, and
 * what clients see of a rolling restart of three nodes.
 * `node benchmarks/rolling/main.ts [--items 1000000] [--no-record]`
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import memjs from 'memjs';
import { createClient } from '../../src/client.ts';
import type { TestServer } from '../../test/support/server.ts';
import { portsFor, SupervisedCluster } from '../../test/support/supervised-cluster.ts';
import { fullNode } from '../macro/full-node.ts';
import { Generator } from '../macro/generator.ts';
import { describeMachine } from '../macro/machine.ts';
import { writeRecord } from '../macro/record.ts';
import { formatTable } from '../macro/summary.ts';

const VALUE_BYTES = 1024;
const KEYS = 2000;
const NODES = 3;
const LOAD_CORE = 1;
/** A client asks for this many keys at a time. */
const READERS = 4;
const PATIENCE_MS = 5000;

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '1000000' },
    'no-record': { type: 'boolean', default: false },
  },
});
const items = Number(values.items);
const { megabytes, load } = fullNode(items, VALUE_BYTES);
const folder = await mkdtemp(join(tmpdir(), 'slabring-rolling-'));

interface Result {
  readonly nodes: readonly { readonly items: number; readonly downMs: number }[];
}

async function restart(cluster: SupervisedCluster, ...args: readonly string[]): Promise<Result> {
  const { code, out, err } = await cluster.run('restart', '--json', ...args);
  if (code !== 0) throw new Error(err);
  return JSON.parse(out) as Result;
}

/** Restarts a full node, and then stops and starts its whole cluster. */
async function largeNode(): Promise<readonly string[][]> {
  const generator = await Generator.compile();
  const state = ['--state', join(folder, 'state')];
  const options = ['-m', `${megabytes}`, ...state];
  const first = await SupervisedCluster.start(folder, ...options, ...(await portsFor(1)));
  try {
    const [{ port, pid } = { port: 0, pid: 0 }] = first.rows;
    const server = { name: 'slabring', host: '127.0.0.1', port, pid } as TestServer;
    await generator.run(server, load(), { seconds: 1, seed: 1, fill: true, core: LOAD_CORE });
    const [node] = (await restart(first, 'node-1')).nodes;
    const stoppedAt = performance.now();
    await first.stop();
    const second = await SupervisedCluster.start(folder, ...options);
    const seconds = ((performance.now() - stoppedAt) / 1000).toFixed(1);
    await second.stop();
    const kept = `${node?.items}`;
    return [
      ['slabring restart node-1', kept, ((node?.downMs ?? 0) / 1000).toFixed(1)],
      ['Ctrl-C, then start with --state', kept, seconds],
    ];
  } finally {
    await first.owned.stop();
    await generator.remove();
  }
}

/** memjs never settles a call whose connection the node closes. */
function untilTooLate(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error('no result')), PATIENCE_MS).unref();
  });
}

interface Reads {
  readonly name: string;
  readonly read: (key: string) => Promise<string | undefined>;
}

/** What one client finds while the nodes restart. */
class Sight {
  hits = 0;
  misses = 0;
  wrong = 0;
  failures = 0;
  longestFailingMs = 0;
  #isEnding = false;
  /** When each key began to fail. */
  readonly #failingSince = new Map<string, number>();
  readonly #reads: Reads;
  readonly #running: Promise<unknown>;

  constructor(reads: Reads) {
    this.#reads = reads;
    this.#running = Promise.all(Array.from({ length: READERS }, (_, at) => this.#run(at)));
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
  }

  get row(): readonly string[] {
    const { hits, misses, wrong, failures, longestFailingMs } = this;
    const counts = [hits, misses, wrong, failures].map(String);
    return [this.#reads.name, ...counts, (longestFailingMs / 1000).toFixed(1)];
  }

  async #run(first: number): Promise<void> {
    for (let nth = first; !this.#isEnding; nth += READERS) await this.#read(`key-${nth % KEYS}`);
  }

  async #read(key: string): Promise<void> {
    try {
      const found = await Promise.race([this.#reads.read(key), untilTooLate()]);
      if (found === undefined) this.misses++;
      else if (found === `value of ${key}`) this.hits++;
      else this.wrong++;
      const since = this.#failingSince.get(key);
      this.#failingSince.delete(key);
      if (since === undefined) return;
      this.longestFailingMs = Math.max(this.longestFailingMs, performance.now() - since);
    } catch {
      this.failures++;
      if (!this.#failingSince.has(key)) this.#failingSince.set(key, performance.now());
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

/** Reads by three clients while all nodes restart. */
async function clients(): Promise<readonly (readonly string[])[]> {
  const cluster = await SupervisedCluster.start(folder, '-m', '64', ...(await portsFor(NODES)));
  const nodes = cluster.addresses;
  const fails = createClient({ nodes });
  const next = createClient({ nodes, failover: 'next' });
  const other = memjs.Client.create(nodes.join(','), {
    timeout: 5,
    retries: 1,
    logger: { log: () => {} },
  });
  try {
    const keys = Array.from({ length: KEYS }, (_, nth) => `key-${nth}`);
    await fails.setMany(new Map(keys.map((key) => [key, `value of ${key}`])));
    for (const key of keys) await other.set(`memjs-${key}`, `value of ${key}`);
    const text = (value: unknown) => (value === undefined ? undefined : String(value));
    const sights = [
      new Sight({ name: 'slabring', read: async (key) => text(await fails.get(key)) }),
      new Sight({
        name: "slabring, failover 'next'",
        read: async (key) => text(await next.get(key)),
      }),
      new Sight({
        name: 'memjs',
        read: async (key) => (await other.get(`memjs-${key}`)).value?.toString(),
      }),
    ];
    const { nodes: restarted } = await restart(cluster, '--rolling');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await Promise.all(sights.map((sight) => sight.end()));
    console.log(restarted.map(({ downMs }) => `down for ${downMs} ms`).join(', '));
    return sights.map(({ row }) => row);
  } finally {
    other.close();
    await Promise.all([fails.close(), next.close()]);
    await cluster.stop();
  }
}

try {
  const rows = await clients();
  const large = await largeNode();
  const summary = [
    formatTable([['1 GiB node', 'items kept', 'down, s'], ...large]),
    formatTable([
      ['client of three nodes', 'hits', 'misses', 'wrong', 'failures', 'a key failed for, s'],
      ...rows,
    ]),
  ].join('\n\n');
  console.log(summary);
  if (!values['no-record']) {
    const commands = [
      `slabring cluster -m ${megabytes} -t 1 --nodes 1, ${items} items of ${VALUE_BYTES} bytes`,
      `slabring cluster -m 64 -t 1 --nodes ${NODES}, slabring restart --rolling`,
    ];
    const machine = describeMachine();
    console.log(await writeRecord({ machine, commands, summary, raw: { large, rows } }));
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
