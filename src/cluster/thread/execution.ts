import type { CodedError } from '../../base/index.ts';
import type { Role } from '../../commands/index.ts';
import type { PeerSession } from '../../server/index.ts';
import { forwardErrors } from './forward-errors.ts';
import type { ThreadSeat } from './seat.ts';

/** A request as a client of another node has sent it, with its value. */
export interface ForwardedRequest {
  readonly dialect: Parameters<PeerSession['answer']>[0];
  readonly role: Role;
  readonly bytes: Buffer;
}

type Answering = Pick<PeerSession, 'answer' | 'answerFirst' | 'firstReplies' | 'firstReplyEnd'>;

/** The reply, which is valid only during the call, or why nothing was executed or promised. */
export type Outcome = Buffer | 'notMine' | CodedError;
type Settle = (outcome: Outcome) => void;

/** More requests of one thread do not wait until this node may answer for their keys. */
const UNDECIDED_MAX = 10_000;

/** The parts of the seat that an execution needs. */
type ExecutionSeat = Pick<ThreadSeat, 'settled' | 'seal' | 'join' | 'mayAnswer' | 'hasChanges'>;

/**
 * Executes requests that clients have sent to other nodes, if this node is the primary of their
 * keys. What the requests of one turn change is one group: their replies wait until the receivers
 * have it.
 */
export class Execution {
  readonly #session: Answering;
  readonly #seat: ExecutionSeat;
  /** The replies that wait for the end of the turn. */
  #held: (readonly [reply: Buffer, settle: Settle])[] = [];
  #undecidedCount = 0;
  readonly firstReplyEnd: (nth: number) => number;

  constructor(session: Answering, seat: ExecutionSeat) {
    this.#session = session;
    this.#seat = seat;
    this.firstReplyEnd = (nth) => session.firstReplyEnd(nth);
  }

  /** See PeerSession. It answers none while earlier changes wait for their acknowledgements. */
  answerFirst(...requests: Parameters<PeerSession['answerFirst']>): number {
    const mayAnswer = !this.#seat.hasChanges && this.#seat.mayAnswer();
    return mayAnswer ? this.#session.answerFirst(...requests) : 0;
  }

  get firstReplies(): Buffer {
    return this.#session.firstReplies;
  }

  /** Calls `settle` once, within the bounds of the seat. The bytes may change afterwards. */
  run(request: ForwardedRequest, settle: Settle): void {
    const reply = this.#session.answer(request.dialect, request.role, request.bytes);
    if (reply === 'notMine') settle(reply);
    else if (reply === 'undecided') {
      if (this.#undecidedCount >= UNDECIDED_MAX) settle(forwardErrors.busy());
      else this.#runLater(request, settle);
    } else if (this.#seat.hasChanges) this.#hold(Buffer.from(reply), settle);
    else this.#settle(reply, settle);
  }

  #runLater({ dialect, role, bytes }: ForwardedRequest, settle: Settle): void {
    const request = { dialect, role, bytes: Buffer.from(bytes) };
    this.#undecidedCount++;
    const goOn = (next: () => void): void => {
      this.#undecidedCount--;
      next();
    };
    this.#seat.settled().then(
      () => goOn(() => this.run(request, settle)),
      (error: CodedError) => goOn(() => settle(error)),
    );
  }

  #hold(reply: Buffer, settle: Settle): void {
    if (this.#held.length === 0) {
      this.#seat.join(() => this.#takeHeld());
      queueMicrotask(() => this.#seal());
    }
    this.#held.push([reply, settle]);
  }

  /** Unless another input of this thread has sealed these changes with its own. */
  #seal(): void {
    if (this.#held.length > 0) this.#seat.seal(() => {});
  }

  #takeHeld(): (error?: CodedError) => void {
    const held = this.#held;
    this.#held = [];
    return (error) => {
      for (const [reply, settle] of held) {
        if (error === undefined) this.#settle(reply, settle);
        else settle(error);
      }
    };
  }

  #settle(reply: Buffer, settle: Settle): void {
    settle(this.#seat.mayAnswer() ? reply : forwardErrors.noRight());
  }
}
