import type { CacheClient } from '../../../src/client.ts';
import { History, type UpdateOutcome } from './history.ts';

export const KEYS = ['k1', 'k2'] as const;

/** The call options that the workload passes to every call. */
interface CallContext {
  readonly signal: AbortSignal;
}

/** The operations of one client, and a check of every value that they read. */
export class Workload {
  readonly #cache: CacheClient;
  readonly #log: (line: string) => void;
  readonly #histories = new Map<string, History>(KEYS.map((key) => [key, new History()]));
  readonly #abortControllers = new Set<AbortController>();
  /** Operations in flight. */
  pendingCount = 0;
  hits = 0;
  /** The first value that was read against the rules. */
  violation: string | undefined;
  /** A logical clock: counts the starts and the ends of operations. */
  #now = 0;
  #markCount = 0;

  constructor(cache: CacheClient, log: (line: string) => void) {
    this.#cache = cache;
    this.#log = log;
  }

  /** One controller for each operation that can be cancelled. */
  get abortControllers(): readonly AbortController[] {
    return [...this.#abortControllers];
  }

  /** Starts an operation of this kind. */
  start(key: string, kind: number): void {
    if (kind <= 4) this.#set(key);
    else if (kind <= 7) this.#delete(key);
    else if (kind <= 9) this.#append(key);
    else if (kind === 10) this.#add(key);
    else if (kind <= 12) this.#cas(key, false);
    else if (kind === 13) this.#cas(key, true);
    else if (kind === 14) this.getMany();
    else this.#get(key);
  }

  #set(key: string): void {
    const mark = `s${++this.#markCount}`;
    this.#update(key, mark, false, async (call) => {
      await this.#cache.set(key, mark, call);
      return 'done';
    });
  }

  #delete(key: string): void {
    this.#update(key, `d${++this.#markCount}`, false, async (call) => {
      await this.#cache.delete(key, call);
      return 'done';
    });
  }

  #append(key: string): void {
    const mark = `a${++this.#markCount}`;
    this.#update(key, mark, true, async (call) => {
      return outcomeOf(await this.#cache.append(key, `+${mark}`, call));
    });
  }

  #add(key: string): void {
    const mark = `n${++this.#markCount}`;
    this.#update(key, mark, false, async (call) =>
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
      this.#update(key, mark, false, async (updateCall) => {
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

  #update(
    key: string,
    mark: string,
    isAppend: boolean,
    run: (call: CallContext) => Promise<UpdateOutcome>,
  ): void {
    const update = this.#histories.get(key)!.start(mark, isAppend, ++this.#now);
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
    if (value === undefined) return;
    this.hits++;
    const reason = this.#histories.get(key)!.violationOf(value, readAt);
    this.#log(`${key} reads ${value}${reason === undefined ? '' : ` VIOLATION: ${reason}`}`);
    if (reason !== undefined) this.violation ??= `${key} is ${value}: ${reason}`;
  }
}

function outcomeOf(outcome: string): UpdateOutcome {
  return outcome === 'stored' ? 'done' : 'no-effect';
}
