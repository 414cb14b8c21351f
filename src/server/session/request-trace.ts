import type { ByteSink, Logger } from '../../base/index.ts';
import type { EventLog } from '../../commands/index.ts';
import { MAGIC, type Request, VERB } from '../../protocol/index.ts';
import type { Store } from '../../store/index.ts';
import { keyFacts } from './key-facts.ts';

const VERB_NAMES = new Map(Object.entries(VERB).map(([name, verb]) => [verb, name]));
const STATUS_AT = 6;
const WORD_CHARACTERS_MAX = 20;

/**
 * The trace of a thread's requests, for `-vvv`. It shows verbs, hashes of keys, and the first word
 * or the status of replies; never a key or a value.
 */
export class RequestTrace {
  readonly #log: Logger;
  readonly #store: Store;
  readonly #sink: ByteSink;
  readonly #events: EventLog;

  constructor(
    log: Logger,
    parts: { readonly store: Store; readonly sink: ByteSink; readonly events: EventLog },
  ) {
    this.#log = log;
    this.#store = parts.store;
    this.#sink = parts.sink;
    this.#events = parts.events;
  }

  /**
   * Traces a request whose reply, as far as it is written, begins at `replyAt` of the output;
   * undefined if the begin of the reply has left the output.
   */
  request(request: Request, replyAt: number | undefined): void {
    const facts = {
      connection: this.#events.cfd,
      verb: VERB_NAMES.get(request.verb),
      ...keyFacts(this.#store, request),
      status: replyAt === undefined ? 'sent' : this.#statusAt(replyAt),
    };
    this.#log.trace(facts, 'request');
  }

  /** Traces a reply that its request had to wait for, if it is written. */
  lateReply(replyAt: number): void {
    const status = this.#statusAt(replyAt);
    if (status === undefined) return;
    this.#log.trace({ connection: this.#events.cfd, status }, 'reply');
  }

  /** The status of the reply that begins at `at`; undefined if it is not written. */
  #statusAt(at: number): string | number | undefined {
    const { bytes, at: end } = this.#sink;
    if (end === at) return undefined;
    if (bytes[at] === MAGIC.reply) return bytes.readUInt16BE(at + STATUS_AT);
    const start = bytes.toString('latin1', at, Math.min(end, at + WORD_CHARACTERS_MAX));
    // The reply to incr begins with a value.
    return /^[A-Za-z_]+/.exec(start)?.[0] ?? 'number';
  }
}
