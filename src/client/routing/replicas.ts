import type { Operation } from '../connection/operation.ts';
import type { Distribution } from '../ring/distribution.ts';
import { decideAmongCopies } from './copies-decided.ts';
import { writeEverywhere } from './copies-everywhere.ts';
import { fetchFromCopies, readFromCopies } from './copies-read.ts';
import type { CopySet } from './copy-set.ts';
import { lookInRounds } from './many-rounds.ts';
import { Memo } from './memo.ts';
import type { Route, Target } from './route.ts';
import { isIdempotent, isRead } from './verdicts.ts';

/** Sets of copies that are remembered: large fleets have many more. */
const TARGETS_MAX = 4096;

/** Each key to the nodes that hold a copy of it: its owner and those that follow. */
export class ReplicaRoute implements Route {
  readonly #distribution: Distribution;
  readonly #count: number;
  readonly #copiesOf: (members: readonly number[]) => CopySet;
  /** Equal ones are one, so that they share requests for many keys. */
  readonly #targets = new Memo<Target>(TARGETS_MAX);

  /** @param copiesOf the nodes with these indexes, as copies. */
  constructor(
    distribution: Distribution,
    count: number,
    copiesOf: (members: readonly number[]) => CopySet,
  ) {
    this.#distribution = distribution;
    this.#count = count;
    this.#copiesOf = copiesOf;
  }

  targetOf(key: string): Target {
    const owners = this.#distribution.ownersOf(key, this.#count);
    return this.#targets.get(owners.join(), () => new ReplicaTarget(this.#copiesOf(owners)));
  }
}

/**
 * The nodes that hold the same keys. What each kind of request does among them:
 *
 *   get, getMany        the first that is up; at a failure or a miss the next; who lost it gets it back
 *   set, delete, touch  all at once; done when one has done it
 *   fetch, the others   the first that is up decides; the others get what it came to
 *
 * A copy that misses a write forgets the key before it serves it again.
 */
class ReplicaTarget implements Target {
  readonly #copies: CopySet;

  constructor(copies: CopySet) {
    this.#copies = copies;
  }

  get name(): string {
    return this.#copies.members[0]!.name;
  }

  get isDown(): boolean {
    return this.#copies.members.every(({ isDown }) => isDown);
  }

  forget(key: string): void {
    this.#copies.forget(key);
  }

  send(operation: Operation): void {
    const { request } = operation;
    const copies = this.#copies;
    operation.isSent = true;
    if ('key' in request && !isRead(request)) copies.copier.overtaking.changed(request.key);
    switch (request.verb) {
      case 'get':
        readFromCopies(copies, operation, request);
        return;
      case 'get-many':
        this.#readMany(operation, request);
        return;
      case 'fetch':
        fetchFromCopies(copies, operation, request);
        return;
      case 'touch':
        writeEverywhere(copies, operation, request);
        return;
      case 'store':
      case 'delete':
        if (isIdempotent(request)) writeEverywhere(copies, operation, request);
        else decideAmongCopies(copies, operation, request);
        return;
      case 'count':
        decideAmongCopies(copies, operation, request);
        return;
      default:
        copies.members[0]!.send(operation);
    }
  }

  #readMany(operation: Operation, request: Parameters<typeof lookInRounds>[1]): void {
    const { copier } = this.#copies;
    lookInRounds(operation, request, {
      placesOf: (key) => this.#copies.upToDate(key),
      missGoesOn: true,
      foundLate: (key, at, missedAt) => copier.repair(key, at, missedAt),
    });
  }
}
