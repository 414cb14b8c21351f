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
 * failed forgets the key, at once: nobody may copy from it what is old. It ends when all have, so
 * that what is acknowledged is on every copy that is up.
 */
export function writeEverywhere(
  copies: CopySet,
  operation: Operation,
  request: StoreRequest | DeleteRequest | TouchRequest,
): void {
  const answers: ReplyStatus[] = [];
  const failures: (readonly [Member, CacheError])[] = [];
  const { key } = request;
  copies.copier.overtaking.written(key);
  const close = (): void => {
    if (answers.length + failures.length < copies.members.length) return;
    if (answers.length === 0) operation.failWith(worst(failures.map(([, error]) => error)));
    else endDone(copies, operation, answers, failures);
  };
  for (const member of copies.members) {
    const answered = ({ status }: { readonly status: ReplyStatus }): void => {
      answers.push(status);
      close();
    };
    attempt(member, request, operation.deadlineAt, answered, (error) => {
      copies.forget(key, [member]);
      failures.push([member, error]);
      close();
    });
  }
}

function endDone(
  copies: CopySet,
  operation: Operation,
  answers: readonly ReplyStatus[],
  failures: readonly (readonly [Member, CacheError])[],
): void {
  for (const [member, error] of failures) copies.tellFailed(member, error);
  const status = answers.includes('done') ? 'done' : answers[0]!;
  operation.answer(replyOf(status), '', performance.now());
}

/** One that may have run says more than one that has not. */
function worst(errors: readonly CacheError[]): CacheError {
  return errors.find(({ mayHaveRun }) => mayHaveRun) ?? errors[0]!;
}
