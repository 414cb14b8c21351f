import type { FetchRequest, GetRequest, Reply, Request } from '../../protocol/client.ts';
import type { Operation } from '../connection/operation.ts';
import type { CacheError } from '../errors.ts';
import { attempt, keepReply, replyOf, shareOf } from './attempt.ts';
import { type Copier, copyItem } from './copier.ts';
import type { Era } from './era.ts';
import { lookInRounds } from './many-rounds.ts';
import { Memo } from './memo.ts';
import type { Route, Target } from './route.ts';
import { isIdempotent, isRead } from './verdicts.ts';

/** Where keys were before the nodes changed: without where they are now, the latest first. */
export type FormerPlaces = (key: string) => readonly Target[];

/** Remembered for each place where keys are now. */
const TARGETS_MAX = 1024;

/**
 * For some time after the nodes changed, a key that moved is looked for where it was, and brought
 * over. What is written or deleted is deleted there, too: else a later miss would bring the old
 * value back.
 */
export class ReadThroughRoute implements Route {
  readonly #inner: Route;
  readonly #formerPlaces: FormerPlaces;
  readonly #copier: Copier;
  readonly #era: Era;
  readonly #targets = new WeakMap<Target, Memo<Target>>();

  constructor(inner: Route, formerPlaces: FormerPlaces, copier: Copier, era: Era) {
    this.#inner = inner;
    this.#formerPlaces = formerPlaces;
    this.#copier = copier;
    this.#era = era;
  }

  targetOf(key: string): Target {
    const now = this.#inner.targetOf(key);
    const before = this.#formerPlaces(key);
    return before.length === 0 ? now : this.#movedTarget(now, before);
  }

  /** Equal ones are one, so that they share requests for many keys. */
  #movedTarget(now: Target, before: readonly Target[]): Target {
    let targets = this.#targets.get(now);
    if (targets === undefined) {
      targets = new Memo(TARGETS_MAX);
      this.#targets.set(now, targets);
    }
    const id = before.map(({ name }) => name).join();
    return targets.get(id, () => new MovedTarget(now, before, this.#copier, this.#era));
  }
}

/** Where keys are now, and where they were. */
class MovedTarget implements Target {
  readonly #now: Target;
  readonly #before: readonly Target[];
  readonly #copier: Copier;
  readonly #era: Era;

  constructor(now: Target, before: readonly Target[], copier: Copier, era: Era) {
    this.#now = now;
    this.#before = before;
    this.#copier = copier;
    this.#era = era;
  }

  get name(): string {
    return this.#now.name;
  }

  get isDown(): boolean {
    return this.#now.isDown;
  }

  forget(key: string): void {
    this.#now.forget(key);
    for (const place of this.#before) place.forget(key);
  }

  send(operation: Operation): void {
    const { request } = operation;
    if (request.verb === 'get-many') this.#getMany(operation, request);
    else if (!('key' in request)) this.#now.send(operation);
    else if (isRead(request)) this.#read(operation, request as GetRequest | FetchRequest);
    else this.#write(operation, request.key, request);
  }

  #getMany(operation: Operation, request: Parameters<typeof lookInRounds>[1]): void {
    const places = [this.#now, ...this.#before];
    lookInRounds(operation, request, {
      placesOf: () => places,
      missGoesOn: true,
      foundLate: (key, at) => this.#repair(key, at),
    });
  }

  /** A lease is asked for only once nothing was found where the key was. */
  #read(operation: Operation, request: GetRequest | FetchRequest): void {
    const { key } = request;
    const first = request.verb === 'fetch' ? withoutLease(request) : request;
    const answered = (reply: Reply): void => {
      if (reply.status !== 'miss') answer(operation, this.#now, reply);
      else if (request.verb === 'get' && !request.cas) this.#getBefore(operation, request, 0);
      else this.#bring(operation, key, 0, () => this.#now.send(operation));
    };
    operation.isSent = true;
    const deadlineAt = shareOf(operation.deadlineAt, 2);
    attempt(this.#now, first, deadlineAt, answered, (error) => operation.failWith(error));
  }

  #getBefore(operation: Operation, request: GetRequest, at: number): void {
    const place = this.#before[at];
    if (place === undefined) {
      operation.answer(replyOf('miss'), this.name, performance.now());
      return;
    }
    const next = (): void => this.#getBefore(operation, request, at + 1);
    const answered = (reply: Reply): void => {
      if (reply.status !== 'value') {
        next();
        return;
      }
      this.#repair(request.key, place);
      answer(operation, place, reply);
    };
    const deadlineAt = shareOf(operation.deadlineAt, this.#before.length - at);
    attempt(place, request, deadlineAt, answered, next);
  }

  /** Not once the nodes have changed: nobody would tell that the key is changed meanwhile. */
  #repair(key: string, from: Target): void {
    if (!this.#era.isOver) this.#copier.repair(key, from, [this.#now]);
  }

  /** What a write depends on is brought over first. */
  #write(operation: Operation, key: string, request: Request): void {
    this.#copier.overtaking.changed(key);
    operation.isSent = true;
    if (isBlind(request)) this.#writeBoth(operation, key, request);
    else this.#bring(operation, key, 0, () => this.#writeBoth(operation, key, request));
  }

  /** Brings the item here, from the latest place that has it. */
  #bring(operation: Operation, key: string, at: number, then: () => void): void {
    const from = this.#before[at];
    if (operation.isGivenUp || this.#era.isOver) {
      this.#era.sendAnew(operation, key);
      return;
    }
    if (from === undefined) {
      then();
      return;
    }
    const deadlineAt = shareOf(operation.deadlineAt, this.#before.length - at + 1);
    const { overtaking } = this.#copier;
    const watch = overtaking.watch(key);
    const copy = { key, from, to: [this.#now], mode: 'add', deadlineAt } as const;
    copyItem({ ...copy, isOld: () => watch.isOvertaken }, ({ isFound }) => {
      overtaking.end(watch);
      const isHere = isFound || watch.isOvertaken;
      this.#bring(operation, key, isHere ? this.#before.length : at + 1, then);
    });
  }

  /** The answer is the present place's, once the former ones have nothing any more. */
  #writeBoth(operation: Operation, key: string, request: Request): void {
    const { overtaking } = this.#copier;
    if (isBlind(request)) overtaking.written(key);
    else overtaking.brought(key);
    let open = this.#before.length + 1;
    let end = (): void => {};
    let wasThere = false;
    const close = (): void => {
      if (--open === 0) end();
    };
    const remove = { verb: 'delete', key, cas: undefined, staleExptime: undefined } as const;
    for (const place of this.#before) {
      const removed = ({ status }: Reply): void => {
        wasThere ||= status === 'done';
        close();
      };
      attempt(place, remove, operation.deadlineAt, removed, () => {
        overtaking.written(key);
        place.forget(key);
        close();
      });
    }
    const answered = (reply: Reply): void => {
      const kept = keepReply(reply);
      end = () => answer(operation, this.#now, deletedBefore(request, kept, wasThere));
      close();
    };
    const failed = (error: CacheError): void => {
      end = () => operation.failWith(error);
      close();
    };
    attempt(this.#now, request, operation.deadlineAt, answered, failed, operation);
  }
}

/** Whether the outcome does not depend on the item that is there. */
function isBlind(request: Request): boolean {
  if (!isIdempotent(request) || request.verb === 'touch') return false;
  return request.verb !== 'delete' || request.staleExptime === undefined;
}

/** A delete has found the key if it was only where it was before. */
function deletedBefore(request: Request, reply: Reply, wasThere: boolean): Reply {
  const isFound = wasThere && request.verb === 'delete' && reply.status === 'miss';
  return isFound ? replyOf('done') : reply;
}

function withoutLease(request: FetchRequest): FetchRequest {
  return { ...request, terms: { ...request.terms, vivifyExptime: undefined } };
}

function answer(operation: Operation, place: Target, reply: Reply): void {
  operation.answer(reply, place.name, performance.now());
}
