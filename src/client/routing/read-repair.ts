import type { FetchRequest, Reply, StoreRequest } from '../../protocol/client.ts';
import type { ClientClock } from '../base/client-clock.ts';
import type { CacheError } from '../base/errors.ts';
import type { Task } from '../connection/operation.ts';
import { exptimeOf } from '../option-tables/resolved-options.ts';
import { attempt } from './attempt.ts';
import type { InFlightCopies } from './in-flight-copies.ts';
import { hasValue } from './retry-policy.ts';
import type { Target } from './target.ts';
import type { TopologyEpoch } from './topology-epoch.ts';

/** Repairs in flight at once; beyond that, a later read of the key repairs it. */
const REPAIRS_MAX = 256;

/** Gives nodes that lost an item the item of another node, in the background. */
export class ReadRepair {
  readonly #copies: InFlightCopies;
  readonly #clock: ClientClock;
  readonly #deadlineMs: number;
  /** The keys of the repairs in flight. */
  readonly #keys = new Set<string>();

  constructor(copies: InFlightCopies, clock: ClientClock, deadlineMs: number) {
    this.#copies = copies;
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  /**
   * Adds the item to the targets that lost it; it overwrites nothing. It repairs nothing in a
   * superseded epoch: updates by the newer topology may not reach the source.
   */
  repair(epoch: TopologyEpoch, key: string, from: Target, to: readonly Target[]): void {
    if (epoch.isSuperseded || this.#keys.size >= REPAIRS_MAX || this.#keys.has(key)) return;
    const clock = this.#clock;
    const deadlineAt = clock.now() + this.#deadlineMs;
    const guard = this.#copies.guard(key);
    this.#keys.add(key);
    const copy: ItemCopy = {
      key,
      from,
      to,
      mode: 'add',
      clock,
      deadlineAt,
      get isCancelled(): boolean {
        return guard.isChanged;
      },
    };
    copyItem(copy, () => {
      this.#keys.delete(key);
      this.#copies.release(guard);
    });
  }
}

/** The outcome of a copy at each of its targets. */
interface CopyOutcome<T extends Target> {
  /** Whether the source had the item, and its value was still valid when the source replied. */
  readonly isFound: boolean;
  /** The targets that do not have the copy, each with its failure. */
  readonly failed: readonly (readonly [T, CacheError])[];
}

/**
 * One copy of an item: value, flags and the ttl that is left. It needs the meta protocol. It is
 * cancelled when the value that it has read may be stale.
 */
export interface ItemCopy<T extends Target = Target> extends Task {
  readonly key: string;
  readonly from: Target;
  readonly to: readonly T[];
  /** `add` overwrites nothing. */
  readonly mode: 'add' | 'set';
}

/** Copies one item from one target to others; it calls `onEnd` once. */
export function copyItem<T extends Target>(
  copy: ItemCopy<T>,
  onEnd: (outcome: CopyOutcome<T>) => void,
): void {
  const { key, from, to, mode } = copy;
  const request: FetchRequest = { verb: 'fetch', key, metaFlags: {} };
  const onReply = (reply: Reply): void => {
    const store = storeRequestOf(key, mode, reply, copy.clock);
    if (store === undefined || copy.isCancelled) onEnd({ isFound: false, failed: [] });
    else storeAtTargets(copy, store, (failed) => onEnd({ isFound: true, failed }));
  };
  attempt(copy, from, request, onReply, (error) => {
    onEnd({ isFound: false, failed: to.map((target) => [target, error]) });
  });
}

/** The request that stores a fetched item; undefined if there is none, or it is about to expire. */
export function storeRequestOf(
  key: string,
  mode: StoreRequest['mode'],
  reply: Reply,
  clock: ClientClock,
): StoreRequest | undefined {
  const { ttl = -1 } = reply;
  if (!hasValue(reply) || reply.isSkipped || reply.isStale || ttl === 0) return undefined;
  const exptime = ttl < 0 ? 0 : exptimeOf(ttl, clock);
  const value = reply.takeBytes();
  return { verb: 'store', mode, key, value, flags: reply.flags, exptime, cas: undefined };
}

/** Stores the item at all targets. A target that replied has not failed, whatever it replied. */
function storeAtTargets<T extends Target>(
  copy: ItemCopy<T>,
  request: StoreRequest,
  onEnd: (failed: readonly (readonly [T, CacheError])[]) => void,
): void {
  const failed: (readonly [T, CacheError])[] = [];
  let pending = copy.to.length;
  const settleOne = (): void => {
    if (--pending === 0) onEnd(failed);
  };
  for (const target of copy.to) {
    attempt(copy, target, request, settleOne, (error) => {
      failed.push([target, error]);
      settleOne();
    });
  }
}
