import type { GetManyRequest } from '../../protocol/client.ts';
import type { CacheError } from '../base/errors.ts';
import type { Operation, ReplyHandler } from '../connection/operation.ts';
import { attemptMany, deadlineShare, replyOf } from './attempt.ts';
import type { Target } from './target.ts';

/** Where to look for the keys of one request. */
interface MultiGetPlan {
  /** The targets of a key in the order in which they are asked; at least one. */
  readonly targetsOf: (key: string) => readonly Target[];
  /** Whether a miss at one target asks the next target; a failure always does. */
  readonly retryMisses: boolean;
  /** The key was found at `at` after misses at `missedAt`. */
  readonly onRepairNeeded?: (key: string, at: Target, missedAt: readonly Target[]) => void;
}

/** A key that is looked for at one target after the other. */
interface PendingKey {
  readonly index: number;
  readonly key: string;
  readonly targets: readonly Target[];
  readonly missedAt: Target[];
  isFound: boolean;
  /** The failure of the last target; undefined if it replied. */
  error: CacheError | undefined;
}

/**
 * Gets many keys in rounds: each key at its first target, each pending key at its second, and so
 * on, with one request per target and round. A key with a miss at any target is a miss; a key whose
 * targets all failed has failed.
 */
export function multiGet(operation: Operation, request: GetManyRequest, plan: MultiGetPlan): void {
  const pending = request.keys.map((key, index): PendingKey => {
    return {
      index,
      key,
      targets: plan.targetsOf(key),
      missedAt: [],
      isFound: false,
      error: undefined,
    };
  });
  new MultiGet(operation, plan, pending).round(pending, 0);
}

class MultiGet {
  readonly #operation: Operation;
  readonly #plan: MultiGetPlan;
  readonly #all: readonly PendingKey[];
  readonly #roundsMax: number;

  constructor(operation: Operation, plan: MultiGetPlan, all: readonly PendingKey[]) {
    this.#operation = operation;
    this.#plan = plan;
    this.#all = all;
    this.#roundsMax = all.reduce((max, { targets }) => Math.max(max, targets.length), 0);
  }

  round(pending: readonly PendingKey[], round: number): void {
    if (this.#operation.isSettled) return;
    if (pending.length === 0) {
      this.#finish();
      return;
    }
    const batches = Map.groupBy(pending, ({ targets }) => targets[round]!);
    const deadlineAt = deadlineShare(this.#operation, this.#roundsMax - round);
    let openBatches = batches.size;
    for (const [target, batch] of batches) {
      this.#sendBatch(target, batch, deadlineAt, () => {
        if (--openBatches === 0) this.round(this.#pendingAfter(pending, round + 1), round + 1);
      });
    }
  }

  #sendBatch(
    target: Target,
    batch: readonly PendingKey[],
    deadlineAt: number,
    onEnd: () => void,
  ): void {
    for (const pendingKey of batch) pendingKey.error = undefined;
    const handler: ReplyHandler = {
      onItem: (...[reply, node]: Parameters<Operation['receiveItem']>): void => {
        const pendingKey = batch[reply.index]!;
        this.#noteValue(pendingKey, target);
        reply.index = pendingKey.index;
        this.#operation.receiveItem(reply, node);
      },
      onKeyFailed: (index: number, error: CacheError): void => {
        batch[index]!.error = error;
      },
      onReply: (): void => {
        for (const pendingKey of batch) {
          if (!pendingKey.isFound && pendingKey.error === undefined)
            pendingKey.missedAt.push(target);
        }
        onEnd();
      },
    };
    const request = { verb: 'get-many', keys: batch.map(({ key }) => key) } as const;
    const onFailure = (error: CacheError): void => {
      for (const pendingKey of batch) if (!pendingKey.isFound) pendingKey.error = error;
      onEnd();
    };
    attemptMany(this.#operation, target, request, handler, onFailure, deadlineAt);
  }

  #noteValue(pendingKey: PendingKey, target: Target): void {
    pendingKey.isFound = true;
    if (pendingKey.missedAt.length > 0)
      this.#plan.onRepairNeeded?.(pendingKey.key, target, pendingKey.missedAt);
  }

  /** The keys that the next round asks for. */
  #pendingAfter(pending: readonly PendingKey[], round: number): readonly PendingKey[] {
    return pending.filter(({ isFound, error, targets }) => {
      if (isFound || targets[round] === undefined) return false;
      return error !== undefined || this.#plan.retryMisses;
    });
  }

  #finish(): void {
    for (const { index, isFound, error, missedAt } of this.#all) {
      const hasFailed = !isFound && error !== undefined && missedAt.length === 0;
      if (hasFailed) this.#operation.failKey(index, error);
    }
    this.#operation.complete(replyOf('done'), '');
  }
}
