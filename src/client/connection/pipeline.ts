import type { ByteSink } from '../../base/index.ts';
import { MalformedReply, type Reply, ReplyReader } from '../../protocol/client.ts';
import type { Command, Operation } from './operation.ts';

/**
 * The order of one connection: commands go out in it and replies come back in it.
 *
 *   waiting ──encodeWaiting──▶ sent ──receive──▶ settled
 *
 * It owns no socket. A reply that fits nothing, or not its own command, breaks the pipeline
 * for good: what comes after it cannot be trusted.
 */
export class Pipeline {
  #waiting: Operation[] = [];
  readonly #sent = new Fifo<Operation>();
  #reader = new ReplyReader();

  get waitingCount(): number {
    return this.#waiting.length;
  }

  get sentCount(): number {
    return this.#sent.length;
  }

  get count(): number {
    return this.#waiting.length + this.#sent.length;
  }

  add(operation: Operation): void {
    this.#waiting.push(operation);
  }

  /** Puts an operation in front of all that wait: the probe of a fresh connection. */
  addFirst(operation: Operation): void {
    this.#waiting.unshift(operation);
  }

  /** Writes waiting commands into `sink` until it holds `bytesMax`; they count as sent. */
  encodeWaiting(sink: ByteSink, bytesMax: number): void {
    let taken = 0;
    for (const operation of this.#waiting) {
      if (sink.at >= bytesMax) break;
      taken++;
      if (operation.settled) continue;
      operation.command.encode(sink);
      this.#sent.push(operation);
    }
    this.#waiting = taken === this.#waiting.length ? [] : this.#waiting.slice(taken);
  }

  /**
   * Takes what arrived and settles what it answers.
   * @throws {MalformedReply} when the stream can no longer be trusted.
   */
  receive(piece: Buffer): void {
    this.#reader.push(piece);
    for (let oldest = this.#sent.first; oldest !== undefined; oldest = this.#sent.first) {
      const reply = this.#reader.next(oldest.command.shape);
      if (reply === undefined) return;
      checkReply(reply, oldest.command);
      this.#sent.shift();
      oldest.succeed(reply);
    }
    if (this.#reader.hasLeft) throw new MalformedReply('bytes that answer no command');
  }

  /** The operations whose deadline has passed: those not sent yet, which leave, and those sent. */
  overdue(now: number): { readonly waiting: readonly Operation[]; readonly sent: boolean } {
    const waiting = this.#waiting.filter(({ deadlineAt }) => deadlineAt <= now);
    if (waiting.length > 0) {
      this.#waiting = this.#waiting.filter(({ deadlineAt }) => deadlineAt > now);
    }
    return { waiting, sent: this.#sent.some(({ deadlineAt }) => deadlineAt <= now) };
  }

  /** The earliest deadline of all, or Infinity. */
  earliestDeadline(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { deadlineAt } of this.#waiting) if (deadlineAt < earliest) earliest = deadlineAt;
    this.#sent.some(({ deadlineAt }) => {
      if (deadlineAt < earliest) earliest = deadlineAt;
      return false;
    });
    return earliest;
  }

  /** The connection is gone: hands out what was sent, and starts with a clean reader. */
  takeSent(): readonly Operation[] {
    this.#reader = new ReplyReader();
    return this.#sent.drain();
  }

  takeWaiting(): readonly Operation[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}

/** A reply that answers another command means that all that follow would do so, too. */
function checkReply(reply: Reply, command: Command): void {
  if (reply.kind === 'line' && command.line?.test(reply.line) === false) {
    throw new MalformedReply(`not an answer to this command: ${JSON.stringify(reply.line)}`);
  }
  checkKeys(reply, command.keys);
}

/** A reply to a get names keys of its own command, in their order; a miss is left out. */
function checkKeys(reply: Reply, keys: readonly string[]): void {
  if (reply.kind !== 'values') return;
  let at = 0;
  for (const { key } of reply.items) {
    while (at < keys.length && keys[at] !== key) at++;
    if (at === keys.length) throw new MalformedReply(`a value of a key not asked for: ${key}`);
    at++;
  }
}

/** A queue that takes and gives at constant cost. */
class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): void {
    this.#head++;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head >= 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }

  some(test: (item: T) => boolean): boolean {
    for (let at = this.#head; at < this.#items.length; at++) {
      if (test(this.#items[at]!)) return true;
    }
    return false;
  }

  drain(): readonly T[] {
    const left = this.#items.slice(this.#head);
    this.#items = [];
    this.#head = 0;
    return left;
  }
}
