import type { Reply, Request } from '../../protocol/client.ts';
import type { Operation } from '../connection/operation.ts';
import type { CacheError } from '../errors.ts';
import { attempt, keepReply, replyOf } from './attempt.ts';
import { copyItem, type ItemCopy } from './copier.ts';
import type { CopySet } from './copy-set.ts';
import { type DecidedRequest, saysLost, withoutStart, writeOf } from './decided-request.ts';
import type { Member } from './member.ts';
import type { Overtaking, Watch } from './overtaking.ts';
import { mayRepeat } from './verdicts.ts';

/**
 * The first copy that is up decides. If it has lost the item, it gets it back from another first;
 * what it came to is then written to the others by value, and the operation ends when they have
 * it. Where the key is set or deleted meanwhile, the others forget it: their order could be
 * another than the decider's.
 */
export function decideAmongCopies(
  copies: CopySet,
  operation: Operation,
  request: DecidedRequest,
): void {
  new Decision(copies, operation, request).decide(0);
}

class Decision {
  readonly #copies: CopySet;
  readonly #operation: Operation;
  readonly #request: DecidedRequest;
  readonly #places: readonly Member[];
  readonly #overtaking: Overtaking;
  /** Since the decider was asked last. */
  readonly #watch: Watch;

  constructor(copies: CopySet, operation: Operation, request: DecidedRequest) {
    this.#copies = copies;
    this.#operation = operation;
    this.#request = request;
    this.#places = copies.upToDate(request.key);
    this.#overtaking = copies.copier.overtaking;
    this.#watch = this.#overtaking.watch(request.key);
  }

  decide(at: number): void {
    const decider = this.#places[at]!;
    const request = this.#request;
    // A counter that another copy has must not start anew.
    const others = this.#others(decider);
    const first = others.length > 0 ? withoutStart(request) : request;
    const answered = (reply: Reply): void => {
      if (others.length > 0 && saysLost(request, reply)) this.#restore(decider);
      else this.#spread(decider, keepReply(reply));
    };
    this.#ask(decider, first, answered, (error) => this.#failed(at, error));
  }

  #ask(
    decider: Member,
    request: DecidedRequest,
    answered: (reply: Reply) => void,
    failed: (error: CacheError) => void,
  ): void {
    this.#overtaking.decide(this.#watch, decider);
    attempt(decider, request, this.#operation.deadlineAt, answered, (error) => {
      // It may have it by now, and the others not: two values for one key.
      if (error.mayHaveRun) this.#copies.forget(request.key, [decider]);
      failed(error);
    });
  }

  #failed(at: number, error: CacheError): void {
    const goesOn = at + 1 < this.#places.length && mayRepeat(this.#request, error);
    if (goesOn && !this.#operation.isGivenUp) this.#goOn(() => this.decide(at + 1));
    else this.#fail(error);
  }

  /** Others that may have what the decider lost. */
  #others(decider: Member): readonly Member[] {
    return this.#places.filter((place) => place !== decider && !place.isDown);
  }

  /**
   * Brings back what the decider lost, from the first that has it; then it is asked as it should
   * be.
   */
  #restore(decider: Member): void {
    const others = this.#others(decider);
    const from = (at: number): void => {
      const other = others[at];
      if (other === undefined || this.#operation.isGivenUp || this.#watch.isOvertaken) {
        this.#goOn(() => this.#askAgain(decider));
        return;
      }
      copyItem(this.#copy(other, [decider], 'add'), ({ isFound }) => {
        if (isFound) this.#goOn(() => this.#askAgain(decider));
        else from(at + 1);
      });
    };
    this.#overtaking.decide(this.#watch, decider);
    from(0);
  }

  #askAgain(decider: Member): void {
    const answered = (reply: Reply): void => this.#spread(decider, keepReply(reply));
    this.#ask(decider, this.#request, answered, (error) => this.#fail(error));
  }

  /** Writes what it came to to the other copies. */
  #spread(decider: Member, reply: Reply): void {
    const others = this.#copies.but(decider);
    const hasChanged = reply.status === 'done' || reply.status === 'value';
    const write = writeOf(this.#request);
    if (!hasChanged || others.length === 0) this.#end(reply);
    else if (this.#watch.isOvertaken) this.#letForget(others, reply);
    else if (write === undefined) this.#copyTo(others, decider, reply);
    else this.#writeTo(others, write, decider, reply);
  }

  #letForget(members: readonly Member[], reply: Reply): void {
    if (members.length > 0) this.#copies.forget(this.#request.key, members);
    this.#end(reply);
  }

  /** The value is the decider's to tell: it is read there and stored at the others. */
  #copyTo(others: readonly Member[], decider: Member, reply: Reply): void {
    copyItem(this.#copy(decider, others, 'set'), ({ isFound, failed }) => {
      for (const [member, error] of failed) this.#copies.missed(member, this.#request.key, error);
      // What is gone by now is not what they have.
      if (!isFound && failed.length === 0) this.#letForget(others, reply);
      else this.#end(reply);
    });
  }

  #writeTo(others: readonly Member[], write: Request, decider: Member, reply: Reply): void {
    const { key } = this.#request;
    let open = others.length;
    let holder: Member | undefined;
    const close = (): void => {
      if (--open > 0) return;
      if (holder === undefined) this.#end(reply);
      else this.#yieldTo(holder);
    };
    // What was deleted may have been brought back to the decider from another.
    if (write.verb === 'delete') this.#copies.forget(key, [decider]);
    for (const member of others) {
      const answered = ({ status }: Reply): void => {
        if (status === 'not-stored') holder ??= member;
        close();
      };
      attempt(member, write, this.#operation.deadlineAt, answered, (error) => {
        this.#copies.missed(member, key, error);
        close();
      });
    }
  }

  /** An `add` where another copy has the key: the decider had only lost it, and gets it back. */
  #yieldTo(holder: Member): void {
    const refused = replyOf('not-stored');
    // Others may have built on what was added.
    const isOld = (): boolean => this.#watch.isChanged;
    if (isOld()) {
      this.#letForget(this.#copies.members, refused);
      return;
    }
    const copy = this.#copy(holder, this.#copies.but(holder), 'set');
    copyItem({ ...copy, isOld }, ({ isFound, failed }) => {
      const isGone = !isFound && failed.length === 0;
      const lost = isGone || isOld() ? this.#copies.members : failed.map(([member]) => member);
      this.#letForget(lost, refused);
    });
  }

  #copy(from: Member, to: readonly Member[], mode: 'add' | 'set'): ItemCopy<Member> {
    const { key } = this.#request;
    const isOld = (): boolean => this.#watch.isOvertaken;
    return { key, from, to, mode, deadlineAt: this.#operation.deadlineAt, isOld };
  }

  /** Goes on here, unless the nodes have changed or nobody waits for it. */
  #goOn(step: () => void): void {
    const { era } = this.#copies;
    if (!era.isOver && !this.#operation.isGivenUp) {
      step();
      return;
    }
    this.#overtaking.end(this.#watch);
    era.sendAnew(this.#operation, this.#request.key);
  }

  #end(reply: Reply): void {
    this.#overtaking.end(this.#watch);
    this.#copies.era.ending(this.#request.key);
    this.#operation.answer(reply, '', performance.now());
  }

  #fail(error: CacheError): void {
    this.#overtaking.end(this.#watch);
    this.#operation.failWith(error);
  }
}
