import type {
  DeleteRequest,
  ReplyStatus,
  StoreRequest,
  TouchRequest,
} from '../../protocol/client.ts';
import type { Operation } from '../connection/operation.ts';
import type { CacheError } from '../errors.ts';
import { attempt, replyOf } from './attempt.ts';
import type { CopySet } from './copy-set.ts';
import type { Member } from './member.ts';

/**
 * Carries a request out at all copies at once. It has succeeded when one has done it; a copy that
 * failed forgets the key. It ends when all have, so that what is acknowledged is on every copy that is
 * up.
 */
export function writeEverywhere(
  copies: CopySet,
  operation: Operation,
  request: StoreRequest | DeleteRequest | TouchRequest,
): void {
  const answers: ReplyStatus[] = [];
  const failures: (readonly [Member, CacheError])[] = [];
  const close = (): void => {
    if (answers.length + failures.length < copies.members.length) return;
    if (answers.length === 0) endFailed(operation, request.key, failures);
    else endDone(copies, operation, request.key, answers, failures);
  };
  for (const member of copies.members) {
    const answered = ({ status }: { readonly status: ReplyStatus }): void => {
      answers.push(status);
      close();
    };
    attempt(member, request, operation.deadlineAt, answered, (error) => {
      failures.push([member, error]);
      close();
    });
  }
}

function endDone(
  copies: CopySet,
  operation: Operation,
  key: string,
  answers: readonly ReplyStatus[],
  failures: readonly (readonly [Member, CacheError])[],
): void {
  for (const [member, error] of failures) copies.missed(member, key, error);
  const status = answers.includes('done') ? 'done' : answers[0]!;
  operation.answer(replyOf(status), '', performance.now());
}

/** Some may have done it and some not: a cache may forget, but not hold two values for one key. */
function endFailed(
  operation: Operation,
  key: string,
  failures: readonly (readonly [Member, CacheError])[],
): void {
  for (const [member] of failures) member.forget(key);
  operation.failWith(worst(failures.map(([, error]) => error)));
}

/** One that may have run says more than one that has not. */
function worst(errors: readonly CacheError[]): CacheError {
  return errors.find(({ mayHaveRun }) => mayHaveRun) ?? errors[0]!;
}
