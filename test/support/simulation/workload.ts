import type { CacheClient } from '../../../src/client.ts';
import { type ChangeEnd, History } from './history.ts';

export const KEYS = ['k1', 'k2'] as const;

/** What a call is told. */
interface Call {
  readonly signal: AbortSignal;
}

/** What one client does, and whether what it reads may be. */
export class Workload {
  readonly #cache: CacheClient;
  readonly #tell: (what: string) => void;
  readonly #histories = new Map<string, History>(KEYS.map((key) => [key, new History()]));
  readonly #aborts = new Set<AbortController>();
  /** Operations under way. */
  open = 0;
  hits = 0;
  /** What was read first that must not have been. */
  wrong: string | undefined;
  /** Counts what begins and ends. */
  #now = 0;
  #count = 0;

  constructor(cache: CacheClient, tell: (what: string) => void) {
    this.#cache = cache;
    this.#tell = tell;
  }

  /** Those that may be called off. */
  get aborts(): readonly AbortController[] {
    return [...this.#aborts];
  }

  /** Begins an operation of this kind. */
  begin(key: string, kind: number): void {
    if (kind <= 4) this.#set(key);
    else if (kind <= 7) this.#delete(key);
    else if (kind <= 9) this.#append(key);
    else if (kind === 10) this.#add(key);
    else if (kind <= 12) this.#cas(key, false);
    else if (kind === 13) this.#cas(key, true);
    else if (kind === 14) this.readMany();
    else this.#get(key);
  }

  #set(key: string): void {
    const mark = `s${++this.#count}`;
    this.#change(key, mark, false, async (call) => {
      await this.#cache.set(key, mark, call);
      return 'done';
    });
  }

  #delete(key: string): void {
    this.#change(key, `d${++this.#count}`, false, async (call) => {
      await this.#cache.delete(key, call);
      return 'done';
    });
  }

  #append(key: string): void {
    const mark = `a${++this.#count}`;
    this.#change(key, mark, true, async (call) => {
      return endOf(await this.#cache.append(key, `+${mark}`, call));
    });
  }

  #add(key: string): void {
    const mark = `n${++this.#count}`;
    this.#change(key, mark, false, async (call) => endOf(await this.#cache.add(key, mark, call)));
  }

  #cas(key: string, isDelete: boolean): void {
    const mark = `${isDelete ? 'e' : 'c'}${++this.#count}`;
    this.#operate(`${mark} of ${key}: gets`, async (call) => {
      const readAt = ++this.#now;
      const found = await this.#cache.gets<string>(key, call);
      this.#check(key, found?.value, readAt);
      if (found === undefined) return;
      this.#change(key, mark, false, async (again) => {
        if (!isDelete) return endOf(await this.#cache.cas(key, mark, found.cas, again));
        return (await this.#cache.delete(key, { ...again, cas: found.cas })) ? 'done' : 'no-effect';
      });
    });
  }

  #get(key: string): void {
    const readAt = ++this.#now;
    this.#operate(`get ${key}`, async (call) => {
      this.#check(key, await this.#cache.get<string>(key, call), readAt);
    });
  }

  readMany(): void {
    const readAt = ++this.#now;
    this.#operate('getMany', async (call) => {
      const { values } = await this.#cache.getMany<string>(KEYS, call);
      for (const each of KEYS) this.#check(each, values.get(each), readAt);
    });
  }

  #change(
    key: string,
    mark: string,
    isAppend: boolean,
    run: (call: Call) => Promise<ChangeEnd>,
  ): void {
    const change = this.#histories.get(key)!.begin(mark, isAppend, ++this.#now);
    this.#operate(`${mark} of ${key}`, async (call) => {
      const ended = (end: ChangeEnd): void => {
        change.end = end;
        change.endedAt = ++this.#now;
        this.#tell(`${mark} of ${key} is ${end}`);
      };
      try {
        ended(await run(call));
      } catch (error) {
        ended('failed');
        throw error;
      }
    });
  }

  #operate(name: string, run: (call: Call) => Promise<void>): void {
    const controller = new AbortController();
    this.#aborts.add(controller);
    this.open++;
    this.#tell(name);
    run({ signal: controller.signal })
      .catch((error: Error) => this.#tell(`${name} failed: ${error.message}`))
      .finally(() => {
        this.#aborts.delete(controller);
        this.open--;
      });
  }

  #check(key: string, value: string | undefined, readAt: number): void {
    if (value === undefined) return;
    this.hits++;
    const why = this.#histories.get(key)!.whyNot(value, readAt);
    this.#tell(`${key} is read: ${value}${why === undefined ? '' : ` WRONG: ${why}`}`);
    if (why !== undefined) this.wrong ??= `${key} is ${value}: ${why}`;
  }
}

function endOf(outcome: string): ChangeEnd {
  return outcome === 'stored' ? 'done' : 'no-effect';
}
