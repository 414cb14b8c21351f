import {
  type MetaReplies,
  memberVersion,
  type ReplyWriter,
  type Request,
  STATUS,
  VERB,
} from '../protocol/index.ts';
import type { Store } from '../store/index.ts';
import { answerAdmin } from './admin/admin.ts';
import { answerConfig } from './admin/config.ts';
import { beginMetadump } from './admin/dump.ts';
import type { EventLog } from './admin/event-log.ts';
import type { NodeControl } from './admin/node-control.ts';
import { PREFIX_COUNT } from './admin/prefixes.ts';
import { answerStats } from './admin/stats.ts';
import { Arithmetic } from './keyed/arithmetic.ts';
import { Counter } from './keyed/counter.ts';
import { ItemEvents } from './keyed/item-events.ts';
import { OpenKey } from './keyed/open-key.ts';
import { answerDelete, answerFlush, answerTouch } from './keyed/remove.ts';
import { RequestItem } from './keyed/request-item.ts';
import { Retriever } from './keyed/retrieve.ts';
import { ValueWriter } from './keyed/write.ts';
import { WholeWriter } from './keyed/write-whole.ts';
import { MetaArithmetic } from './meta/arithmetic.ts';
import { answerMetaDebug } from './meta/debug.ts';
import { MetaDeleter } from './meta/delete.ts';
import { MetaGetter } from './meta/get.ts';
import type { LateReply, ReplyRest, ReplyStream } from './reply-stream.ts';

/** The commands that the operator of the node allows or forbids. */
export interface CommandRules {
  readonly flushAllowed: boolean;
  readonly dumpingAllowed: boolean;
}

/** The commands of one worker thread, by the way in which a session serves them. */
export interface Commands {
  /** For gets, which may take several steps. */
  readonly retriever: Retriever;
  /** For storage commands whose value arrives in pieces, or as a whole. */
  readonly writer: ValueWriter;
  readonly wholeWriter: WholeWriter;
  /** For everything else. */
  readonly executor: Executor;
}

export function createCommands(
  store: Store,
  node: NodeControl,
  rules: CommandRules,
  log: EventLog,
): Commands {
  const { items } = store;
  const events = new ItemEvents(items, log);
  const key = new OpenKey(items, events);
  const item = new RequestItem(items);
  return {
    retriever: new Retriever(key, node),
    writer: new ValueWriter(key, item, node.prefixes, events),
    wholeWriter: new WholeWriter(items, item, node.prefixes, events),
    executor: new Executor(store, node, rules, { events, key, item }),
  };
}

/** The parts that all commands of a thread share. */
interface KeyedParts {
  readonly events: ItemEvents;
  readonly key: OpenKey;
  readonly item: RequestItem;
}

/** Executes the commands that are neither a get nor followed by a value. */
class Executor {
  readonly #events: ItemEvents;
  readonly #arithmetic: Arithmetic;
  readonly #metaGetter: MetaGetter;
  readonly #metaDeleter: MetaDeleter;
  readonly #metaArithmetic: MetaArithmetic;
  readonly #key: OpenKey;
  readonly #store: Store;
  readonly #node: NodeControl;
  readonly #rules: CommandRules;

  constructor(store: Store, node: NodeControl, rules: CommandRules, parts: KeyedParts) {
    const { events, key, item } = parts;
    const counter = new Counter(key, item);
    this.#events = events;
    this.#key = key;
    this.#arithmetic = new Arithmetic(key, counter, events);
    this.#metaGetter = new MetaGetter(key, item);
    this.#metaDeleter = new MetaDeleter(key, item, events);
    this.#metaArithmetic = new MetaArithmetic(key, counter, events);
    this.#store = store;
    this.#node = node;
    this.#rules = rules;
  }

  /** Whether the last `mg` granted its client the lease of the item. */
  get hasGrantedLease(): boolean {
    return this.#metaGetter.hasGrantedLease;
  }

  /** The version of memcached, with the mark of a node that clients may ask for its topology. */
  get #version(): string {
    const { config, facts } = this.#node;
    return config.hasTopology ? memberVersion(facts.version) : facts.version;
  }

  /** Answers a classic or binary request. Returns what is left for the session to do, if any. */
  answer(request: Request, reply: ReplyWriter): ReplyRest | undefined {
    switch (request.verb) {
      case VERB.admin:
        return this.#administer(request, reply);
      case VERB.delete:
        answerDelete(this.#key, request, reply, this.#events);
        if (this.#node.prefixes.enabled) this.#countDelete(request);
        break;
      case VERB.increment:
      case VERB.decrement:
        this.#arithmetic.answer(request, reply);
        break;
      case VERB.touch:
        answerTouch(this.#key, request, reply);
        break;
      case VERB.flush:
        answerFlush(this.#store.items, request, reply, this.#rules.flushAllowed);
        break;
      case VERB.verbosity:
        this.#node.setVerbosity(request.level);
        reply.status(request, STATUS.ok);
        break;
      case VERB.version:
        reply.version(request, this.#version);
        break;
      case VERB.stats:
        return answerStats(this.#store, this.#node, this.#rules, request, reply);
      case VERB.configGet:
      case VERB.configSet:
      case VERB.configDelete:
      case VERB.configList:
        return answerConfig(this.#node, this.#store.items.counters, request, reply);
      case VERB.refreshCertificates:
        return refreshCertificates(this.#node);
      case VERB.noop:
        reply.status(request, STATUS.ok);
        break;
      default:
        reply.errorReply(request);
    }
    return undefined;
  }

  #countDelete(request: Request): void {
    const { keySource } = request;
    const [start, end] = [request.keyStart(0), request.keyEnd(0)];
    this.#node.prefixes.count(PREFIX_COUNT.delete, keySource, start, end);
  }

  #administer(request: Request, reply: ReplyWriter): ReplyStream | undefined {
    const [name, action] = request.words;
    const isDump = name === 'lru_crawler' && (action === 'metadump' || action === 'mgdump');
    if (!isDump || request.words.length !== 3) {
      answerAdmin(this.#node, request, reply);
      return undefined;
    }
    const dump = beginMetadump(this.#store, request.words, this.#rules.dumpingAllowed);
    if (typeof dump !== 'string') return dump;
    reply.sink.putText(`${dump}\r\n`);
    return undefined;
  }

  /**
   * Answers a meta command other than `ms`, which waits for its value like every storage command.
   * Returns the rest of a reply that is too long for one step, if any.
   */
  answerMeta(request: Request, reply: MetaReplies): ReplyStream | undefined {
    switch (request.verb) {
      case VERB.metaGet:
        return this.#metaGetter.answer(request, reply);
      case VERB.metaDelete:
        this.#metaDeleter.answer(request, reply);
        break;
      case VERB.metaArithmetic:
        this.#metaArithmetic.answer(request, reply);
        break;
      case VERB.metaNoop:
        reply.noop();
        break;
      case VERB.metaDebug:
        answerMetaDebug(this.#key, request, reply);
        break;
      default:
        reply.errorReply(request);
    }
    return undefined;
  }
}

async function refreshCertificates(node: NodeControl): Promise<LateReply> {
  const failure = await node.reload('certificates');
  const line = failure === undefined ? 'OK' : `Error ${failure}`;
  return (sink) => sink.putText(`${line}\r\n`);
}
