import type { FetchRequest, GetRequest, Reply } from '../../protocol/client.ts';
import type { Operation } from '../connection/operation.ts';
import type { CacheError } from '../errors.ts';
import { attempt, replyOf, shareOf } from './attempt.ts';
import { storeOf } from './copier.ts';
import type { CopySet } from './copy-set.ts';
import type { Member } from './member.ts';
import { hasValue } from './verdicts.ts';

/** Gets from the first copy that has it; those before that lost it get it back. */
export function readFromCopies(copies: CopySet, operation: Operation, request: GetRequest): void {
  const places = copies.upToDate(request.key);
  const missedAt: Member[] = [];
  look(operation, places, 0, request, {
    found: (reply, place) => {
      if (missedAt.length > 0) copies.copier.repair(request.key, place, missedAt);
      answerFrom(place, operation, reply);
      return true;
    },
    missed: (place) => void missedAt.push(place),
    ended: (error) => endWithout(operation, missedAt.length, error),
  });
}

/**
 * A fetch with its lease, its touch and its recache is the first copy's business. If that has lost
 * the item, the others are asked before the lease is handed out: what one of them has is its
 * value.
 */
export function fetchFromCopies(
  copies: CopySet,
  operation: Operation,
  request: FetchRequest,
): void {
  const places = copies.upToDate(request.key);
  const askFirst = (at: number): void => {
    const place = places[at]!;
    const deadlineAt = shareOf(operation.deadlineAt, places.length - at);
    const failed = (error: CacheError): void => {
      if (at + 1 < places.length && !operation.isSettled) askFirst(at + 1);
      else operation.failWith(error);
    };
    const answered = (reply: Reply): void => {
      const isLost = reply.status === 'miss' || (reply.won && !hasValue(reply) && !reply.isStale);
      if (isLost && places.length > at + 1) {
        const others = places.slice(at + 1);
        lookElsewhere(copies, operation, request, { place, others, reply });
      } else {
        touchOthers(copies, request, reply, place, operation.deadlineAt);
        answerFrom(place, operation, reply);
      }
    };
    attempt(place, request, deadlineAt, answered, failed);
  };
  askFirst(0);
}

interface Lost {
  /** Where it was lost, and what was said there. */
  readonly place: Member;
  readonly reply: Reply;
  readonly others: readonly Member[];
}

function lookElsewhere(
  copies: CopySet,
  operation: Operation,
  { key }: FetchRequest,
  { place, others, reply }: Lost,
): void {
  const said = Object.assign(replyOf(reply.status), reply);
  const plain: FetchRequest = { verb: 'fetch', key, terms: {} };
  const { overtaking } = copies.copier;
  const watch = overtaking.watch(key);
  look(operation, others, 0, plain, {
    found: (there, at) => {
      const store = storeOf(key, 'set', there);
      if (store === undefined) return false;
      // Over the lease's empty item, unless somebody was faster; or where nothing was.
      const over = {
        cas: said.won ? said.cas : undefined,
        mode: said.won ? 'set' : 'add',
      } as const;
      if (!watch.isChanged) {
        const { deadlineAt } = operation;
        const failed = (): void => copies.forget(key, [place]);
        attempt(place, { ...store, ...over }, deadlineAt, nothing, failed);
      }
      overtaking.end(watch);
      answerFrom(at, operation, there);
      return true;
    },
    missed: nothing,
    ended: () => {
      overtaking.end(watch);
      answerFrom(place, operation, said);
    },
  });
}

/** A new time to live is for all copies. */
function touchOthers(
  copies: CopySet,
  { key, terms }: FetchRequest,
  reply: Reply,
  place: Member,
  deadlineAt: number,
): void {
  if (terms.touchExptime === undefined || reply.status === 'miss') return;
  const touch = { verb: 'touch', key, exptime: terms.touchExptime } as const;
  for (const member of copies.but(place)) {
    attempt(member, touch, deadlineAt, nothing, (error) => copies.missed(member, key, error));
  }
}

interface Told {
  /** A place has it; false when that is of no use. */
  readonly found: (reply: Reply, place: Member) => boolean;
  readonly missed: (place: Member) => void;
  /** Nobody has it, or nobody waits for it any more; the error is the last that there was. */
  readonly ended: (error: CacheError | undefined) => void;
}

function look(
  operation: Operation,
  places: readonly Member[],
  at: number,
  request: GetRequest | FetchRequest,
  told: Told,
  lastError?: CacheError,
): void {
  const place = places[at];
  if (place === undefined || operation.isSettled) {
    told.ended(lastError);
    return;
  }
  const answered = (reply: Reply): void => {
    if (reply.status === 'value' && told.found(reply, place)) return;
    told.missed(place);
    look(operation, places, at + 1, request, told, lastError);
  };
  const deadlineAt = shareOf(operation.deadlineAt, places.length - at);
  attempt(place, request, deadlineAt, answered, (error) => {
    look(operation, places, at + 1, request, told, error);
  });
}

/** A miss anywhere is a miss; only when nobody could say so it is a failure. */
function endWithout(operation: Operation, misses: number, error: CacheError | undefined): void {
  if (misses === 0 && error !== undefined) operation.failWith(error);
  else operation.answer(replyOf('miss'), '', performance.now());
}

function answerFrom(place: Member, operation: Operation, reply: Reply): void {
  operation.answer(reply, place.name, performance.now());
}

const nothing = (): void => {};
