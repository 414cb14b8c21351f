import { integer, number } from '../../base/index.ts';
import { callOptions, HOUR_MS, ttlOption } from './call-options.ts';
import { callback, required } from './kinds.ts';
import { optionGroup } from './option-group.ts';

export const writeBehindOptions = optionGroup({
  typeName: 'WriteBehindOptions<T>',
  doc: 'Options of a WriteBehind.',
  options: {
    store: required(
      callback<(batch: ReadonlyMap<string, never>) => Promise<void>>({
        type: '(batch: ReadonlyMap<string, T>) => Promise<void>',
        doc:
          'Writes a batch to the source, if possible in one transaction. After a failure ' +
          'WriteBehind writes the whole batch again, so the writes must be idempotent.',
      }),
    ),
    maxQueuedKeys: integer({
      default: 10_000,
      min: 1,
      max: 10_000_000,
      unit: 'keys',
      doc:
        'Keys that may wait. When the queue is full, `write` waits for room, or until its ' +
        '`signal` aborts.',
    }),
    maxKeysPerBatch: integer({
      default: 100,
      min: 1,
      max: 100_000,
      unit: 'keys',
      doc: 'Keys in a batch.',
    }),
    batchDelayMs: number({
      default: 100,
      min: 0,
      max: HOUR_MS,
      unit: 'milliseconds',
      doc: 'Time to wait for more keys before a batch that is not full is written.',
    }),
    minRetryDelayMs: number({
      default: 50,
      min: 1,
      max: HOUR_MS,
      unit: 'milliseconds',
      doc:
        'Time before the first retry of a batch. The delay doubles with each retry, and jitter ' +
        'halves it at most.',
    }),
    maxRetryDelayMs: number({
      default: 10_000,
      min: 1,
      max: HOUR_MS,
      unit: 'milliseconds',
      doc: 'The longest delay between two attempts. The retries end with the first success.',
    }),
    ttl: {
      ...ttlOption,
      default: 0,
      doc: 'Time to live of the values in the cache; 0 means until the node evicts them.',
    },
    onStoreError: callback<
      (error: unknown, batch: ReadonlyMap<string, never>, attempts: number) => void
    >({
      type: '(error: unknown, batch: ReadonlyMap<string, T>, attempts: number) => void',
      doc:
        'Called for each failed attempt. The retries end when one succeeds or `close` times ' +
        'out.',
    }),
  },
});

export const enqueueOptions = optionGroup({
  typeName: 'EnqueueOptions',
  doc: 'Options of the `write` of a WriteBehind.',
  options: {
    signal: { ...callOptions.table.signal, doc: 'Ends the wait for room in a full queue.' },
  },
});
