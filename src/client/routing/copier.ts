import type { FetchRequest, Reply, StoreRequest } from '../../protocol/client.ts';
import type { CacheError } from '../errors.ts';
import { exptimeOf } from '../options.ts';
import { attempt } from './attempt.ts';
import { Overtaking } from './overtaking.ts';
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
  /** Keys being repaired. */
  readonly #repairs = new Set<string>();
  readonly overtaking = new Overtaking();

  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs;
  }

  /** Brings an item to those that lost it. Nobody waits for it, and what is there already stays. */
  repair(key: string, from: Target, to: readonly Target[]): void {
    if (this.#repairs.size >= REPAIRS_MAX || this.#repairs.has(key)) return;
    const watch = this.overtaking.watch(key);
    this.#repairs.add(key);
    const deadlineAt = performance.now() + this.#deadlineMs;
    copyItem({ key, from, to, mode: 'add', deadlineAt, isOld: () => watch.isChanged }, () => {
      this.#repairs.delete(key);
      this.overtaking.end(watch);
    });
  }
}

export interface ItemCopy<T extends Target = Target> {
  readonly key: string;
  readonly from: Target;
  readonly to: readonly T[];
  /** `add` leaves what is there. */
  readonly mode: 'add' | 'set';
  readonly deadlineAt: number;
  /** Asked before it is stored: whether what was read is old by now. */
  readonly isOld: () => boolean;
}

/** Copies one item; `ended` is called once. */
export function copyItem<T extends Target>(
  copy: ItemCopy<T>,
  ended: (outcome: CopyOutcome<T>) => void,
): void {
  const { key, from, to, deadlineAt, mode, isOld } = copy;
  const nothing = { isFound: false, failed: [] };
  const request: FetchRequest = { verb: 'fetch', key, terms: {} };
  const answered = (reply: Reply): void => {
    const store = storeOf(key, mode, reply);
    if (store === undefined || isOld()) ended(nothing);
    else storeAt(copy, store, (failed) => ended({ isFound: true, failed }));
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
  { to, deadlineAt, isOld }: ItemCopy<T>,
  request: StoreRequest,
  ended: (failed: readonly (readonly [T, CacheError])[]) => void,
): void {
  const failed: (readonly [T, CacheError])[] = [];
  let open = to.length;
  const close = (): void => {
    if (--open === 0) ended(failed);
  };
  // Where the target asks another node after a failure, it may be old by then.
  const partOf = {
    get isGivenUp(): boolean {
      return isOld();
    },
  };
  for (const target of to) {
    const fail = (error: CacheError): void => {
      failed.push([target, error]);
      close();
    };
    attempt(target, request, deadlineAt, close, fail, partOf);
  }
}
