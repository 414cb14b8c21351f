import type { FetchRequest, Reply, StoreRequest } from '../../protocol/client.ts';
import type { CacheError } from '../errors.ts';
import { exptimeOf } from '../options.ts';
import { attempt } from './attempt.ts';
import { Overtaking, type Watch } from './overtaking.ts';
import type { Target } from './route.ts';
import { hasValue } from './verdicts.ts';

/** Repairs under way at once; more are left to the next read of their keys. */
const REPAIRS_MAX = 256;

/** How a copy came out at each of its targets. */
export interface CopyOutcome<T extends Target = Target> {
  /** Whether there was anything to copy, and it was not overtaken. */
  readonly isFound: boolean;
  /** Those that do not have the copy now, each with why. */
  readonly failed: readonly (readonly [T, CacheError])[];
}

/** Copies items from node to node: value, flags and the time left. The meta protocol only. */
export class Copier {
  readonly #deadlineMs: number;
  readonly #repairs = new Map<string, Watch>();
  readonly overtaking = new Overtaking();

  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs;
  }

  /** Brings an item to those that lost it. Nobody waits for it, and what is there already stays. */
  repair(key: string, from: Target, to: readonly Target[]): void {
    if (this.#repairs.size >= REPAIRS_MAX || this.#repairs.has(key)) return;
    const watch = this.overtaking.watch(key);
    this.#repairs.set(key, watch);
    const deadlineAt = performance.now() + this.#deadlineMs;
    copyItem({ key, from, to, mode: 'add', deadlineAt, watch }, () => {
      this.#repairs.delete(key);
      this.overtaking.end(watch);
    });
  }

  /** The key is being changed: what a repair has read of it may be old by now. */
  changed(key: string): void {
    const repair = this.#repairs.size === 0 ? undefined : this.#repairs.get(key);
    if (repair !== undefined) repair.isOvertaken = true;
  }
}

export interface ItemCopy<T extends Target = Target> {
  readonly key: string;
  readonly from: Target;
  readonly to: readonly T[];
  /** `add` leaves what is there. */
  readonly mode: 'add' | 'set';
  readonly deadlineAt: number;
  /** Once it is overtaken, what was read is not stored. */
  readonly watch: Watch;
}

/** Copies one item; `ended` is called once. */
export function copyItem<T extends Target>(
  copy: ItemCopy<T>,
  ended: (outcome: CopyOutcome<T>) => void,
): void {
  const { key, from, to, deadlineAt, mode, watch } = copy;
  const nothing = { isFound: false, failed: [] };
  const request: FetchRequest = { verb: 'fetch', key, terms: {} };
  const answered = (reply: Reply): void => {
    const store = storeOf(key, mode, reply);
    if (store === undefined || watch.isOvertaken) ended(nothing);
    else storeAt(to, store, deadlineAt, (failed) => ended({ isFound: true, failed }));
  };
  attempt(from, request, deadlineAt, answered, (error) => {
    ended({ isFound: false, failed: to.map((target) => [target, error]) });
  });
}

/** What would store the item that was fetched; undefined when it is none, or about to expire. */
export function storeOf(
  key: string,
  mode: StoreRequest['mode'],
  reply: Reply,
): StoreRequest | undefined {
  const { ttlSeconds = -1 } = reply;
  if (!hasValue(reply) || reply.isStale || ttlSeconds === 0) return undefined;
  const exptime = ttlSeconds < 0 ? 0 : exptimeOf(ttlSeconds);
  const value = reply.takeBytes();
  return { verb: 'store', mode, key, value, flags: reply.flags, exptime, cas: undefined };
}

/** Stores at all of them; those that answered, whatever they answered, have not failed. */
function storeAt<T extends Target>(
  targets: readonly T[],
  request: StoreRequest,
  deadlineAt: number,
  ended: (failed: readonly (readonly [T, CacheError])[]) => void,
): void {
  const failed: (readonly [T, CacheError])[] = [];
  let open = targets.length;
  const close = (): void => {
    if (--open === 0) ended(failed);
  };
  for (const target of targets) {
    attempt(target, request, deadlineAt, close, (error) => {
      failed.push([target, error]);
      close();
    });
  }
}
