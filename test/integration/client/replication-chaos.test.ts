/**
 * Nodes come and go at random under one client: what it reads may be missing, but is never old (docs/routing.md,
 * "What is never read").
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CacheClient, CacheError, type ClientOptions } from '../../../src/client.ts';
import { TestFleet } from '../../support/fleet.ts';
import { Random, testSeed } from '../../support/random.ts';
import { until } from '../../support/wait.ts';

const NODES = 3;
const STEPS = 600;
const KEYS = 12;
const seed = testSeed();

/** What each key may hold; every key may also be missing. */
class Model {
  readonly #values = new Map<string, Set<string>>();

  /** It holds this, and nothing else. */
  is(key: string, ...values: readonly string[]): void {
    this.#values.set(key, new Set(values));
  }

  /** It may hold this, too: nobody knows whether the write was carried out. */
  may(key: string, ...values: readonly string[]): void {
    this.#values.set(key, new Set([...this.of(key), ...values]));
  }

  of(key: string): readonly string[] {
    return [...(this.#values.get(key) ?? [])];
  }
}

/** One client, what it should see, and nodes that come and go. */
class Chaos {
  readonly cache: CacheClient;
  readonly #fleet: TestFleet;
  readonly #random: Random;
  readonly #model = new Model();
  readonly #down = new Set<string>();
  readonly log: string[] = [];
  hits = 0;
  #count = 0;

  constructor(fleet: TestFleet, options: Partial<ClientOptions>, random: Random) {
    this.#fleet = fleet;
    this.#random = random;
    const nodes = fleet.names.slice(0, NODES);
    this.cache = new CacheClient({ nodes, deadlineMs: 20_000, ...options });
    this.cache.on('node-up', (name) => this.#down.delete(name));
    this.cache.on('node-down', (name) => this.#down.add(name));
  }

  async step(): Promise<void> {
    const kind = this.#random.int(0, 19);
    if (kind === 0) this.#disturb();
    else if (kind === 1) await this.#calm();
    else await this.#operate(kind).catch((error) => expect(error).toBeInstanceOf(CacheError));
  }

  #disturb(): void {
    const node = this.#random.pick(this.#fleet.nodes.slice(0, NODES));
    const isCut = this.#random.oneIn(2);
    this.log.push(`${isCut ? 'cut' : 'mend'} ${node.name}`);
    if (isCut) node.cutOff();
    else node.mend();
  }

  /** All are mended, and the client sees it. */
  async #calm(): Promise<void> {
    this.log.push('calm');
    for (const node of this.#fleet.nodes) node.mend();
    await until('all nodes are up', () => this.#down.size === 0);
  }

  async #operate(kind: number): Promise<void> {
    const key = `chaos${this.#random.int(1, KEYS)}`;
    const value = `v${++this.#count}`;
    const before = this.#model.of(key);
    this.log.push(`${kind} ${key} ${value}`);
    if (kind <= 7) {
      this.#model.may(key, value);
      await this.cache.set(key, value);
      this.#model.is(key, value);
    } else if (kind <= 9) {
      await this.cache.delete(key);
      this.#model.is(key);
    } else if (kind <= 11) {
      this.#model.may(key, ...before.map((each) => `${each}+`));
      const isStored = (await this.cache.append(key, '+')) === 'stored';
      this.#model.is(key, ...(isStored ? before.map((each) => `${each}+`) : before));
    } else if (kind === 12) {
      this.#model.may(key, value);
      const isStored = (await this.cache.add(key, value)) === 'stored';
      this.#model.is(key, ...(isStored ? [value] : before));
    } else if (kind === 13) {
      await this.#change(key, value);
    } else if (kind <= 15) {
      await this.#readMany();
    } else {
      this.#check(key, await this.cache.get<string>(key));
    }
  }

  async #change(key: string, value: string): Promise<void> {
    const found = await this.cache.gets<string>(key);
    this.#check(key, found?.value);
    if (found === undefined) return;
    const before = this.#model.of(key);
    this.#model.may(key, value);
    const isStored = (await this.cache.cas(key, value, found.cas)) === 'stored';
    this.#model.is(key, ...(isStored ? [value] : before));
  }

  async #readMany(): Promise<void> {
    const keys = Array.from({ length: KEYS }, (_, i) => `chaos${i + 1}`);
    const { values } = await this.cache.getMany<string>(keys);
    for (const [key, value] of values) this.#check(key, value);
  }

  #check(key: string, value: string | undefined): void {
    if (value === undefined) return;
    this.hits++;
    const story = this.log.filter((line) => line.includes(key) || !/^\d/.test(line)).slice(-40);
    if (!this.#model.of(key).includes(value)) {
      throw new Error(`${key} is ${value}, not ${this.#model.of(key)}:\n${story.join('\n')}`);
    }
  }
}

const routes: readonly (readonly [string, (gutter: string) => Partial<ClientOptions>])[] = [
  ['two copies', () => ({ replicas: 2 })],
  ['three copies', () => ({ replicas: 3 })],
  ['stand-ins', () => ({ failover: 'next' })],
  ['a gutter', (gutter) => ({ failover: { gutter: [gutter] } })],
  ['two copies and stand-ins', () => ({ replicas: 2, failover: 'next' })],
];

describe(`nodes that come and go (seed ${seed})`, () => {
  let fleet: TestFleet;
  beforeAll(async () => {
    fleet = await TestFleet.start(NODES + 1);
  });
  afterAll(() => fleet?.end());

  test.each(routes)('nothing that is read by %s is old', async (name, options) => {
    for (const node of fleet.nodes) node.mend();
    await fleet.client().flush();
    const gutter = fleet.names[NODES]!;
    const random = new Random(seed).fork(routes.findIndex(([each]) => each === name));
    const chaos = new Chaos(fleet, options(gutter), random);
    try {
      for (let step = 0; step < STEPS; step++) await chaos.step();
      expect(chaos.hits).toBeGreaterThan(0);
    } finally {
      await chaos.cache.close();
    }
  });
});
