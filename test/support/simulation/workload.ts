import type { CacheClient } from '../../../src/client.ts';
import type { Random } from '../random.ts';
import { History, type UpdateKind, type UpdateOutcome } from './history.ts';

/** Keys with texts of marks, such as `s1+a2`. */
export const TEXT_KEYS = ['k1', 'k2'] as const;
/** A key with a counter, each bit of which is a mark. */
export const COUNTER_KEY = 'c';
const KEYS = [...TEXT_KEYS, COUNTER_KEY];
/** A counter has 64 bits. */
const COUNTER_MARKS_MAX = 63;

type StartOperation = readonly [weight: number, start: (key: string) => void];

/** The call options that the workload passes to every call. */
interface CallContext {
  readonly signal: AbortSignal;
}

/** The operations of one client, and a check of every value that they read. */
export class Workload {
  readonly #cache: CacheClient;
  readonly #random: Random;
  readonly #log: (line: string) => void;
  readonly #histories = new Map<string, History>();
  readonly #abortControllers = new Set<AbortController>();
  /** Each kind of operation, and how often it is chosen. */
  readonly #operations: readonly StartOperation[];
  /** Operations in flight. */
  pendingCount = 0;
  hits = 0;
  /** The first value that was read against the rules. */
  violation: string | undefined;
  /** A logical clock: counts the starts and the ends of operations. */
  #now = 0;
  #markCount = 0;
  #counterMarkCount = 0;

  /** @param operations whether to start all kinds of operations or a random half of them. */
  constructor(
    cache: CacheClient,
    random: Random,
    operations: 'all' | 'half',
    log: (line: string) => void,
  ) {
    this.#cache = cache;
    this.#random = random;
    this.#log = log;
    for (const key of TEXT_KEYS) this.#histories.set(key, new History(marksOfText));
    this.#histories.set(COUNTER_KEY, new History(marksOfCounter));
    const all: readonly StartOperation[] = [
      [5, (key) => this.#set(key)],
      [3, (key) => this.#delete(key)],
      [2, (key) => this.#append(key)],
      [1, (key) => this.#add(key)],
      [2, (key) => this.#cas(key, false)],
      [1, (key) => this.#cas(key, true)],
      [1, () => this.getMany()],
      [5, (key) => this.#get(key)],
      [1, (key) => this.#touch(key)],
      [1, (key) => this.#markStale(key)],
      [2, (key) => this.#fetch(key)],
      [3, (key) => this.#lease(key)],
      [1, () => this.#setCounter()],
      [1, () => this.#delete(COUNTER_KEY)],
      [3, () => this.#count()],
      [1, () => this.#get(COUNTER_KEY)],
    ];
    this.#operations = operations === 'all' ? all : [all[0]!, ...all.filter(() => random.oneIn(2))];
  }

  /** One controller for each operation that can be cancelled. */
  get abortControllers(): readonly AbortController[] {
    return [...this.#abortControllers];
  }

  /** Starts a random operation; one that takes any text uses this key. */
  start(key: string): void {
    this.#random.weighted(this.#operations)(key);
  }

  #set(key: string): void {
    const mark = `s${++this.#markCount}`;
    this.#update(key, mark, 'sets', async (call) => {
      await this.#cache.set(key, mark, call);
      return 'done';
    });
  }

  #delete(key: string): void {
    this.#update(key, `d${++this.#markCount}`, 'sets', async (call) => {
      await this.#cache.delete(key, call);
      return 'done';
    });
  }

  #append(key: string): void {
    const mark = `a${++this.#markCount}`;
    // An append to the empty item of a lease sets the value.
    this.#update(key, mark, 'sets-or-adds', async (call) => {
      return outcomeOf(await this.#cache.append(key, `+${mark}`, call));
    });
  }

  #add(key: string): void {
    const mark = `n${++this.#markCount}`;
    this.#update(key, mark, 'sets', async (call) =>
      outcomeOf(await this.#cache.add(key, mark, call)),
    );
  }

  #cas(key: string, isDelete: boolean): void {
    const mark = `${isDelete ? 'e' : 'c'}${++this.#markCount}`;
    this.#run(`${mark} of ${key}: gets`, async (call) => {
      const readAt = ++this.#now;
      const found = await this.#cache.gets<string>(key, call);
      this.#check(key, found?.value, readAt);
      if (found === undefined) return;
      this.#update(key, mark, 'sets', async (updateCall) => {
        if (!isDelete) return outcomeOf(await this.#cache.cas(key, mark, found.cas, updateCall));
        return (await this.#cache.delete(key, { ...updateCall, cas: found.cas }))
          ? 'done'
          : 'no-effect';
      });
    });
  }

  #get(key: string): void {
    const readAt = ++this.#now;
    this.#run(`get ${key}`, async (call) => {
      this.#check(key, await this.#cache.get<string>(key, call), readAt);
    });
  }

  getMany(): void {
    const readAt = ++this.#now;
    this.#run('getMany', async (call) => {
      const { values } = await this.#cache.getMany<string>(KEYS, call);
      for (const key of KEYS) this.#check(key, values.get(key), readAt);
    });
  }

  #touch(key: string): void {
    this.#run(`touch ${key}`, async (call) => void (await this.#cache.touch(key, 3600, call)));
  }

  /** Keeps the value, and gives one caller the lease. */
  #markStale(key: string): void {
    this.#run(`mark ${key} as stale`, async (call) => {
      await this.#cache.delete(key, { ...call, staleSeconds: 3600 });
    });
  }

  #fetch(key: string): void {
    const readAt = ++this.#now;
    this.#run(`fetch ${key}`, async (call) => {
      const touch = this.#random.oneIn(2) ? { touchTtl: 3600 } : {};
      this.#check(key, (await this.#cache.fetch<string>(key, { ...call, ...touch })).value, readAt);
    });
  }

  /** Fetches with a lease; the holder of the lease stores a value. */
  #lease(key: string): void {
    const mark = `l${++this.#markCount}`;
    this.#run(`${mark} of ${key}: lease`, async (call) => {
      const readAt = ++this.#now;
      const found = await this.#cache.fetch<string>(key, { ...call, leaseSeconds: 3600 });
      this.#check(key, found.value, readAt);
      const { cas, wonLease } = found;
      if (!wonLease || cas === undefined) return;
      this.#update(key, mark, 'sets', async (updateCall) =>
        outcomeOf(await this.#cache.cas(key, mark, cas, updateCall)),
      );
    });
  }

  #setCounter(): void {
    const bit = this.#counterBit();
    if (bit === undefined) return;
    this.#update(COUNTER_KEY, `${bit}`, 'sets', async (call) => {
      await this.#cache.set(COUNTER_KEY, `${1n << BigInt(bit)}`, call);
      return 'done';
    });
  }

  #count(): void {
    const bit = this.#counterBit();
    if (bit === undefined) return;
    const amount = 1n << BigInt(bit);
    const creates = this.#random.oneIn(2);
    const kind = creates ? 'sets-or-adds' : 'adds';
    const readAt = ++this.#now;
    this.#update(COUNTER_KEY, `${bit}`, kind, async (call) => {
      const options = creates ? { ...call, initial: amount } : call;
      const result = await this.#cache.increment(COUNTER_KEY, amount, options);
      this.#check(COUNTER_KEY, result?.toString(), readAt);
      return result === undefined ? 'no-effect' : 'done';
    });
  }

  #counterBit(): number | undefined {
    return this.#counterMarkCount < COUNTER_MARKS_MAX ? this.#counterMarkCount++ : undefined;
  }

  #update(
    key: string,
    mark: string,
    kind: UpdateKind,
    run: (call: CallContext) => Promise<UpdateOutcome>,
  ): void {
    const update = this.#histories.get(key)!.start(mark, kind, ++this.#now);
    this.#run(`${mark} of ${key}`, async (call) => {
      const settle = (outcome: UpdateOutcome): void => {
        update.outcome = outcome;
        update.settledAt = ++this.#now;
        this.#log(`${mark} of ${key} is ${outcome}`);
      };
      try {
        settle(await run(call));
      } catch (error) {
        settle('failed');
        throw error;
      }
    });
  }

  #run(name: string, run: (call: CallContext) => Promise<void>): void {
    const controller = new AbortController();
    this.#abortControllers.add(controller);
    this.pendingCount++;
    this.#log(name);
    run({ signal: controller.signal })
      .catch((error: Error) => this.#log(`${name} failed: ${error.message}`))
      .finally(() => {
        this.#abortControllers.delete(controller);
        this.pendingCount--;
      });
  }

  #check(key: string, value: string | undefined, readAt: number): void {
    // The item of a lease is empty until its holder stores a value.
    if (value === undefined || value === '') return;
    this.hits++;
    const reason = this.#histories.get(key)!.violationOf(value, readAt);
    this.#log(`${key} reads ${value}${reason === undefined ? '' : ` VIOLATION: ${reason}`}`);
    if (reason !== undefined) this.violation ??= `${key} is ${value}: ${reason}`;
  }
}

function marksOfText(value: string): readonly string[] {
  return value.split('+').filter((mark) => mark !== '');
}

/** The numbers of the bits that are set. */
function marksOfCounter(value: string): readonly string[] {
  const bits = BigInt(value.trimEnd()).toString(2);
  return [...bits].flatMap((bit, i) => (bit === '1' ? [`${bits.length - 1 - i}`] : []));
}

function outcomeOf(outcome: string): UpdateOutcome {
  return outcome === 'stored' ? 'done' : 'no-effect';
}
