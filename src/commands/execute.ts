import { type ReplyWriter, type Request, STATUS, VERB } from '../protocol/index.ts';
import type { Store } from '../store/index.ts';
import { Arithmetic } from './arithmetic.ts';
import type { NodeView } from './node-view.ts';
import { answerDelete, answerFlush, answerTouch } from './remove.ts';
import { Retriever } from './retrieve.ts';
import { answerStats } from './stats.ts';
import { ValueWriter } from './write.ts';

/** What a node allows and forbids. */
export interface CommandRules {
  readonly flushAllowed: boolean;
  readonly dumpingAllowed: boolean;
}

/**
 * What each command means, for one thread. Retrievals may take several steps and storage commands
 * wait for their value, so the session drives those two itself; `answer` is everything else.
 */
export class Executor {
  readonly retriever: Retriever;
  readonly writer: ValueWriter;
  readonly #arithmetic: Arithmetic;
  readonly #store: Store;
  readonly #node: NodeView;
  readonly #rules: CommandRules;

  constructor(store: Store, node: NodeView, rules: CommandRules) {
    this.retriever = new Retriever(store);
    this.writer = new ValueWriter(store);
    this.#arithmetic = new Arithmetic(store);
    this.#store = store;
    this.#node = node;
    this.#rules = rules;
  }

  /** Answers a request that needs one step and no value. */
  answer(request: Request, reply: ReplyWriter): void {
    switch (request.verb) {
      case VERB.delete:
        answerDelete(this.#store, request, reply);
        break;
      case VERB.increment:
      case VERB.decrement:
        this.#arithmetic.answer(request, reply);
        break;
      case VERB.touch:
        answerTouch(this.#store, request, reply);
        break;
      case VERB.flush:
        answerFlush(this.#store, request, reply, this.#rules.flushAllowed);
        break;
      case VERB.verbosity:
        this.#node.setVerbosity(request.level);
        reply.status(request, STATUS.ok);
        break;
      case VERB.version:
        reply.version(this.#node.version);
        break;
      case VERB.stats:
        answerStats(this.#store, this.#node, this.#rules, request, reply);
        break;
      default:
        reply.refusal(request);
    }
  }
}
