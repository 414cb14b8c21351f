/**
 * Nodes of one client go down and come up at random: a read may miss, but it never returns a stale
 * value (docs/consistency.md).
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CacheClient, CacheError, type ClientOptions } from '../../../src/client.ts';
import { TestCluster } from '../../support/cluster.ts';
import { Random, testSeed } from '../../support/random.ts';
import { waitUntil } from '../../support/wait.ts';

const NODES = 3;
const STEPS = 600;
const KEYS = 12;
const seed = testSeed();

/** The values that each key may have; every key may also be missing. */
class Model {
  readonly #values = new Map<string, Set<string>>();

  /** The key has one of these values. */
  setOneOf(key: string, ...values: readonly string[]): void {
    this.#values.set(key, new Set(values));
  }

  /** The key may also have one of these values: the write may have been carried out. */
  addPossible(key: string, ...values: readonly string[]): void {
    this.#values.set(key, new Set([...this.valuesOf(key), ...values]));
  }

  valuesOf(key: string): readonly string[] {
    return [...(this.#values.get(key) ?? [])];
  }
}

/** One client, a model of what it may read, and nodes that go down and come up. */
class Chaos {
  readonly cache: CacheClient;
  readonly #cluster: TestCluster;
  readonly #random: Random;
  readonly #model = new Model();
  readonly #downNodes = new Set<string>();
  readonly log: string[] = [];
  hits = 0;
  #valueCount = 0;

  constructor(cluster: TestCluster, options: Partial<ClientOptions>, random: Random) {
    this.#cluster = cluster;
    this.#random = random;
    const nodes = cluster.names.slice(0, NODES);
    this.cache = new CacheClient({ nodes, deadlineMs: 20_000, ...options });
    this.cache.on('node-up', (name) => this.#downNodes.delete(name));
    this.cache.on('node-down', (name) => this.#downNodes.add(name));
  }

  async step(): Promise<void> {
    const kind = this.#random.int(0, 19);
    if (kind === 0) this.#injectFault();
    else if (kind === 1) await this.#recover();
    else await this.#runOperation(kind).catch((error) => expect(error).toBeInstanceOf(CacheError));
  }

  #injectFault(): void {
    const node = this.#random.pick(this.#cluster.nodes.slice(0, NODES));
    const disconnects = this.#random.oneIn(2);
    this.log.push(`${disconnects ? 'disconnect' : 'heal'} ${node.name}`);
    if (disconnects) node.disconnect();
    else node.heal();
  }

  /** Heals all nodes, and waits until the client sees them up. */
  async #recover(): Promise<void> {
    this.log.push('recover');
    for (const node of this.#cluster.nodes) node.heal();
    await waitUntil('all nodes are up', () => this.#downNodes.size === 0);
  }

  async #runOperation(kind: number): Promise<void> {
    const key = `chaos${this.#random.int(1, KEYS)}`;
    const value = `v${++this.#valueCount}`;
    const before = this.#model.valuesOf(key);
    this.log.push(`${kind} ${key} ${value}`);
    if (kind <= 7) {
      this.#model.addPossible(key, value);
      await this.cache.set(key, value);
      this.#model.setOneOf(key, value);
    } else if (kind <= 9) {
      await this.cache.delete(key);
      this.#model.setOneOf(key);
    } else if (kind <= 11) {
      this.#model.addPossible(key, ...before.map((each) => `${each}+`));
      const isStored = (await this.cache.append(key, '+')) === 'stored';
      this.#model.setOneOf(key, ...(isStored ? before.map((each) => `${each}+`) : before));
    } else if (kind === 12) {
      this.#model.addPossible(key, value);
      const isStored = (await this.cache.add(key, value)) === 'stored';
      this.#model.setOneOf(key, ...(isStored ? [value] : before));
    } else if (kind === 13) {
      await this.#getsAndCas(key, value);
    } else if (kind <= 15) {
      await this.#getMany();
    } else {
      this.#check(key, await this.cache.get<string>(key));
    }
  }

  async #getsAndCas(key: string, value: string): Promise<void> {
    const found = await this.cache.gets<string>(key);
    this.#check(key, found?.value);
    if (found === undefined) return;
    const before = this.#model.valuesOf(key);
    this.#model.addPossible(key, value);
    const isStored = (await this.cache.cas(key, value, found.cas)) === 'stored';
    this.#model.setOneOf(key, ...(isStored ? [value] : before));
  }

  async #getMany(): Promise<void> {
    const keys = Array.from({ length: KEYS }, (_, i) => `chaos${i + 1}`);
    const { values } = await this.cache.getMany<string>(keys);
    for (const [key, value] of values) this.#check(key, value);
  }

  #check(key: string, value: string | undefined): void {
    if (value === undefined) return;
    this.hits++;
    const events = this.log.filter((line) => line.includes(key) || !/^\d/.test(line)).slice(-40);
    if (!this.#model.valuesOf(key).includes(value)) {
      throw new Error(
        `${key} is ${value}, not one of ${this.#model.valuesOf(key)}:\n${events.join('\n')}`,
      );
    }
  }
}

const routes: readonly (readonly [string, (gutter: string) => Partial<ClientOptions>])[] = [
  ['two replicas', () => ({ replicas: 2 })],
  ['three replicas', () => ({ replicas: 3 })],
  ['failover nodes', () => ({ failover: 'next' })],
  ['a gutter node', (gutter) => ({ failover: { gutter: [gutter] } })],
  ['two replicas and failover nodes', () => ({ replicas: 2, failover: 'next' })],
];

describe(`nodes that go down and come up (seed ${seed})`, () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start(NODES + 1);
  });
  afterAll(() => cluster?.stop());

  test.each(routes)('with %s no read returns a stale value', async (name, options) => {
    for (const node of cluster.nodes) node.heal();
    await cluster.client().flush();
    const gutter = cluster.names[NODES]!;
    const random = new Random(seed).fork(routes.findIndex(([each]) => each === name));
    const chaos = new Chaos(cluster, options(gutter), random);
    try {
      for (let step = 0; step < STEPS; step++) await chaos.step();
      expect(chaos.hits).toBeGreaterThan(0);
    } finally {
      await chaos.cache.close();
    }
  });
});
