/** A load of npm's memjs on keys of its own: see stock-load.ts. */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import memjs from 'memjs';
import { Random } from '../../support/random.ts';
import type { LoadSettings, Seen } from './stock-load.ts';

const TIMEOUT_S = 10;
const COUNTERS = 5;
const HOT_KEYS = 100;
const VALUE_BYTES = 100;
const BATCH_KEYS = 100;
const TRIES_MAX = 200;
const TRY_MS = 100;
const LOOK_MS = 50;
const WRONG_MAX = 5;

const nothingSeen = (): Seen => ({
  ...{ hits: 0, misses: 0, stale: 0, lost: 0, failed: 0 },
  ...{ errors: {}, wrong: [], ms: [] },
});

class Load {
  readonly #settings: LoadSettings;
  readonly #random: Random;
  /** `retries` counts the first try, too. */
  readonly #client;
  /** The number of the last value of each key. */
  readonly #numbers: number[];
  /** The keys that were deleted since. */
  readonly #deleted = new Set<number>();
  readonly #counts = new Array<number>(COUNTERS).fill(0);
  /** Increments without a reply, which may be in the counter. */
  readonly #unsure = new Array<number>(COUNTERS).fill(0);
  #seen = nothingSeen();

  constructor(settings: LoadSettings) {
    this.#settings = settings;
    this.#random = new Random(settings.seed);
    const options = { timeout: TIMEOUT_S, retries: 1, logger: { log: () => undefined } };
    this.#client = memjs.Client.create(settings.servers.join(','), options);
    this.#numbers = new Array<number>(settings.keys).fill(0);
  }

  async fill(): Promise<Seen> {
    await this.#each((key) => this.#set(key));
    for (let nth = 0; nth < COUNTERS; nth++) {
      await this.#call(this.#counter(nth), (name) => this.#client.set(name, '0'));
    }
    return this.#end();
  }

  async work(operations: number): Promise<Seen> {
    for (let nth = 0; nth < operations; nth++) {
      await this.#step();
      await sleep(this.#settings.pauseMs);
    }
    return this.#end();
  }

  async verify(): Promise<Seen> {
    await this.#each(async (key) => this.#check(key, await this.#get(this.#name(key))));
    for (let nth = 0; nth < COUNTERS; nth++) {
      this.#count(nth, Number(await this.#get(this.#counter(nth))));
    }
    return this.#end();
  }

  async #each(run: (key: number) => Promise<void>): Promise<void> {
    const keys = [...this.#numbers.keys()];
    for (let from = 0; from < keys.length; from += BATCH_KEYS) {
      await Promise.all(keys.slice(from, from + BATCH_KEYS).map(run));
    }
  }

  async #step(): Promise<void> {
    const kind = this.#random.int(0, 99);
    const keys = this.#numbers.length;
    const key = this.#random.int(0, (this.#random.oneIn(2) ? Math.min(HOT_KEYS, keys) : keys) - 1);
    if (kind < 70) this.#check(key, await this.#get(this.#name(key)));
    else if (kind < 87) {
      this.#numbers[key]!++;
      await this.#set(key);
      this.#deleted.delete(key);
    } else if (kind < 90) {
      await this.#call(this.#name(key), (name) => this.#client.delete(name));
      this.#deleted.add(key);
    } else await this.#increment(this.#random.int(0, COUNTERS - 1));
  }

  async #get(name: string): Promise<string | undefined> {
    const found = await this.#call(name, () => this.#client.get(name));
    return found?.value?.toString();
  }

  async #set(key: number): Promise<void> {
    const stored = await this.#call(this.#name(key), (name) =>
      this.#client.set(name, this.#value(key)),
    );
    if (stored === false) this.#saw('failed', `${key} was not stored`);
  }

  #check(key: number, found: string | undefined): void {
    if (this.#deleted.has(key)) {
      if (found !== undefined) this.#saw('stale', `${key} was deleted, and is ${found}`);
    } else if (found === undefined) this.#saw('misses', `${key} is missing`);
    else if (found !== this.#value(key)) {
      this.#saw('stale', `${key} is ${found}, not number ${this.#numbers[key]}`);
    } else this.#seen.hits++;
  }

  /** A failed increment may have run: it is not sent again. */
  async #increment(nth: number): Promise<void> {
    const found = await this.#call(
      this.#counter(nth),
      (name) => this.#client.increment(name, 1, { initial: 0 }),
      1,
    );
    if (found === undefined) this.#unsure[nth]!++;
    else {
      this.#counts[nth]!++;
      this.#count(nth, Number(found.value));
    }
  }

  #count(nth: number, found: number): void {
    const least = this.#counts[nth]!;
    if (found < least) this.#saw('lost', `counter ${nth} is ${found}, not ${least}`);
    else if (found > least + this.#unsure[nth]!) {
      this.#saw('stale', `counter ${nth} is ${found}, not ${least}`);
    }
    this.#counts[nth] = found;
    this.#unsure[nth] = 0;
  }

  async #call<T>(
    name: string,
    run: (name: string) => Promise<T>,
    tries = TRIES_MAX,
  ): Promise<T | undefined> {
    for (let nth = 0; nth < tries; nth++) {
      const startMs = performance.now();
      try {
        const result = await this.#settled(name, run(name));
        this.#seen.ms.push(performance.now() - startMs);
        return result;
      } catch (error) {
        const text = String(error);
        this.#seen.errors[text] = (this.#seen.errors[text] ?? 0) + 1;
        await sleep(TRY_MS);
      }
    }
    if (tries > 1) this.#saw('failed', `an operation has failed ${tries} times`);
    return undefined;
  }

  /** memjs never settles what was on its way when the other side closed the connection. */
  #settled<T>(name: string, running: Promise<T>): Promise<T> {
    const server = this.#client.server(name);
    return new Promise((resolve, reject) => {
      const look = setInterval(() => {
        if (server._socket !== undefined) return;
        // The error of the connection may still come.
        setImmediate(() => reject(new Error('the connection was closed')));
      }, LOOK_MS);
      running.finally(() => clearInterval(look)).then(resolve, reject);
    });
  }

  #saw(kind: 'misses' | 'stale' | 'lost' | 'failed', text: string): void {
    this.#seen[kind]++;
    if (this.#seen.wrong.length < WRONG_MAX) {
      this.#seen.wrong.push(`${this.#settings.prefix}: ${text}`);
    }
  }

  #end(): Seen {
    const seen = this.#seen;
    this.#seen = nothingSeen();
    return seen;
  }

  #name = (key: number): string => `${this.#settings.prefix}-${key}`;

  #counter = (nth: number): string => `${this.#settings.prefix}-counter-${nth}`;

  #value(key: number): string {
    const { prefix } = this.#settings;
    return `${prefix} ${key} ${this.#numbers[key]}`.padEnd(VALUE_BYTES, '.');
  }
}

const load = new Load(JSON.parse(process.argv[2]!) as LoadSettings);
for await (const line of createInterface({ input: process.stdin })) {
  const [operation, count = 0] = JSON.parse(line) as ['fill' | 'work' | 'verify', number?];
  const value = await load[operation](count);
  process.stdout.write(`${JSON.stringify({ value })}\n`);
}
