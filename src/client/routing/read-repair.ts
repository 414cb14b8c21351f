import type { FetchRequest, Reply, StoreRequest } from '../../protocol/client.ts';
import type { CacheError } from '../errors.ts';
import { exptimeOf } from '../options.ts';
import { attempt } from './attempt.ts';
import { InFlightCopies } from './in-flight-copies.ts';
import { hasValue } from './retry-policy.ts';
import type { Target } from './target.ts';

/** Repairs in flight at once; beyond that, a later read of the key repairs it. */
const REPAIRS_MAX = 256;

/** The outcome of a copy at each of its targets. */
interface CopyOutcome<T extends Target = Target> {
  /** Whether the source had the item, and its value was still valid when the source replied. */
  readonly isFound: boolean;
  /** The targets that do not have the copy, each with its failure. */
  readonly failed: readonly (readonly [T, CacheError])[];
}

/**
 * Gives nodes that lost an item the item of another node: value, flags and the ttl that is left.
 * It needs the meta protocol.
 */
export class ReadRepair {
  readonly #deadlineMs: number;
  /** The keys of the repairs in flight. */
  readonly #keys = new Set<string>();
  readonly inFlightCopies = new InFlightCopies();

  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs;
  }

  /** Adds the item to the targets that lost it, in the background. It overwrites nothing. */
  repair(key: string, from: Target, to: readonly Target[]): void {
    if (this.#keys.size >= REPAIRS_MAX || this.#keys.has(key)) return;
    const guard = this.inFlightCopies.guard(key);
    this.#keys.add(key);
    const deadlineAt = performance.now() + this.#deadlineMs;
    copyItem({ key, from, to, mode: 'add', deadlineAt, isStale: () => guard.isChanged }, () => {
      this.#keys.delete(key);
      this.inFlightCopies.release(guard);
    });
  }
}

export interface ItemCopy<T extends Target = Target> {
  readonly key: string;
  readonly from: Target;
  readonly to: readonly T[];
  /** `add` overwrites nothing. */
  readonly mode: 'add' | 'set';
  readonly deadlineAt: number;
  /** Whether the value read at the source may be stale by now; asked before the store. */
  readonly isStale: () => boolean;
}

/** Copies one item from one target to others; it calls `onEnd` once. */
export function copyItem<T extends Target>(
  copy: ItemCopy<T>,
  onEnd: (outcome: CopyOutcome<T>) => void,
): void {
  const { key, from, to, deadlineAt, mode, isStale } = copy;
  const notFound = { isFound: false, failed: [] };
  const request: FetchRequest = { verb: 'fetch', key, metaFlags: {} };
  const onReply = (reply: Reply): void => {
    const store = storeRequestOf(key, mode, reply);
    if (store === undefined || isStale()) onEnd(notFound);
    else storeAtTargets(copy, store, (failed) => onEnd({ isFound: true, failed }));
  };
  attempt(from, request, deadlineAt, onReply, (error) => {
    onEnd({ isFound: false, failed: to.map((target) => [target, error]) });
  });
}

/** The request that stores a fetched item; undefined if there is none, or it is about to expire. */
export function storeRequestOf(
  key: string,
  mode: StoreRequest['mode'],
  reply: Reply,
): StoreRequest | undefined {
  const { ttl = -1 } = reply;
  if (!hasValue(reply) || reply.isStale || ttl === 0) return undefined;
  const exptime = ttl < 0 ? 0 : exptimeOf(ttl);
  const value = reply.takeBytes();
  return { verb: 'store', mode, key, value, flags: reply.flags, exptime, cas: undefined };
}

/** Stores the item at all targets. A target that replied has not failed, whatever it replied. */
function storeAtTargets<T extends Target>(
  { to, deadlineAt, isStale }: ItemCopy<T>,
  request: StoreRequest,
  onEnd: (failed: readonly (readonly [T, CacheError])[]) => void,
): void {
  const failed: (readonly [T, CacheError])[] = [];
  let pending = to.length;
  const settleOne = (): void => {
    if (--pending === 0) onEnd(failed);
  };
  // A target may try another node after a failure; by then the value may be stale.
  const parent = {
    get isCancelled(): boolean {
      return isStale();
    },
  };
  for (const target of to) {
    const onFailure = (error: CacheError): void => {
      failed.push([target, error]);
      settleOne();
    };
    attempt(target, request, deadlineAt, settleOne, onFailure, parent);
  }
}
