import { equalBytes } from '../../base/index.ts';
import {
  CLUSTER_ENTRY,
  LEGACY_CLUSTER_KEY,
  REPLY_FRAME_BYTES_MAX,
  type ReplyWriter,
  type Request,
  VERB,
} from '../../protocol/index.ts';
import {
  type ItemId,
  type ItemStore,
  LOOK_AHEAD_KEYS_MAX,
  type LookAhead,
  NO_ITEM,
} from '../../store/index.ts';
import type { ConfigEntries } from '../admin/config-entries.ts';
import type { NodeControl } from '../admin/node-control.ts';
import { PREFIX_COUNT, type PrefixStats } from '../admin/prefixes.ts';
import type { ReplyStream } from '../reply-stream.ts';
import { expiryOf } from './expiry.ts';
import { countHit, countMiss } from './fetch-counts.ts';
import type { OpenKey } from './open-key.ts';
import { ValueStream } from './value-stream.ts';

/** A get of many keys pauses after this much output, so that back-pressure takes effect. */
const OUTPUT_BYTES_PER_STEP = 64 * 1024;

const LEGACY_KEY = Buffer.from(LEGACY_CLUSTER_KEY);

/** Whether old clients ask by this key for the nodes of the cluster. */
export function isClusterKey(bytes: Buffer, start: number, end: number): boolean {
  return (
    end - start === LEGACY_KEY.length &&
    bytes[start] === LEGACY_KEY[0] &&
    equalBytes(bytes, start, LEGACY_KEY, 0, LEGACY_KEY.length)
  );
}

/** How much of the reply to a get is written; one object, refilled for each step. */
class Retrieval {
  /** The index of the next key to answer, or `endKey` of the request. */
  next = 0;
  /**
   * The large value of the key before `next`: the caller writes it before it continues, even if it
   * belongs to the last key. Undefined with `next` at the end: the reply is complete.
   */
  stream: ReplyStream | undefined;
}

/** Executes get, gets, gat and gats, and the binary protocol's touch. */
export class Retriever {
  readonly #key: OpenKey;
  readonly #store: ItemStore;
  readonly #lookAhead: LookAhead;
  readonly #config: ConfigEntries;
  readonly #prefixes: PrefixStats;
  readonly #retrieval = new Retrieval();

  constructor(key: OpenKey, node: Pick<NodeControl, 'config' | 'prefixes'>) {
    this.#key = key;
    this.#store = key.store;
    this.#lookAhead = key.store.lookAhead;
    this.#config = node.config;
    this.#prefixes = node.prefixes;
  }

  /**
   * Answers the keys from index `from` to `to`, at most `endKey` of the request. It stops early
   * when the output is long, and after a key with a large value.
   */
  answer(request: Request, reply: ReplyWriter, from: number, to: number): Readonly<Retrieval> {
    const retrieval = this.#retrieval;
    retrieval.stream = undefined;
    this.#lookAhead.clear();
    for (let key = from; key < to; key++) {
      retrieval.next = key;
      if (reply.sink.at > OUTPUT_BYTES_PER_STEP) return retrieval;
      const hash = this.#hashOf(request, key, to);
      retrieval.stream = this.#answerKey(request, reply, key, hash);
      if (retrieval.stream === undefined) continue;
      retrieval.next = key + 1;
      return retrieval;
    }
    retrieval.next = to;
    if (to === request.endKey) reply.keysEnd(request);
    return retrieval;
  }

  /** The hash of a key. If `to` says that more keys follow, it looks ahead to them first. */
  #hashOf(request: Request, key: number, to: number): number {
    const lookAhead = this.#lookAhead;
    if (lookAhead.isUsedUp) {
      if (to - key === 1) return this.#key.hashOf(request, key);
      this.#lookAheadFrom(request, key, Math.min(to, key + LOOK_AHEAD_KEYS_MAX));
    }
    return lookAhead.takeHash();
  }

  #lookAheadFrom(request: Request, from: number, to: number): void {
    const lookAhead = this.#lookAhead;
    const { keySource } = request;
    lookAhead.clear();
    for (let key = from; key < to; key++) {
      lookAhead.add(keySource, request.keyStart(key), request.keyEnd(key));
    }
    lookAhead.load();
  }

  /** Answers one key. Returns its value if that is large and must still be written. */
  #answerKey(
    request: Request,
    reply: ReplyWriter,
    key: number,
    hash: number,
  ): ReplyStream | undefined {
    const { keySource } = request;
    const start = request.keyStart(key);
    const end = request.keyEnd(key);
    if (isClusterKey(keySource, start, end) && this.#answerClusterKey(request, reply, key)) {
      return undefined;
    }
    const id = this.#key.openToRead(request, key, hash, reply.sink, request.wantsValue);
    if (id === NO_ITEM) {
      this.#answerMiss(request, reply, key);
      return undefined;
    }
    return this.#answerHit(request, reply, key, id);
  }

  #answerMiss(request: Request, reply: ReplyWriter, key: number): void {
    this.#key.close();
    countMiss(this.#store.counters, request.verb === VERB.getAndTouch);
    if (this.#prefixes.enabled) this.#countPrefix(request, key, false);
    reply.miss(request, key);
  }

  #answerHit(
    request: Request,
    reply: ReplyWriter,
    key: number,
    id: ItemId,
  ): ReplyStream | undefined {
    const store = this.#store;
    const { facts, hash } = this.#key;
    const touches = request.verb === VERB.getAndTouch;
    if (touches) store.setExpiry(id, expiryOf(request.exptime, store.clock));
    reply.hit(request, key, facts);
    const isStreamed = facts.isChained && request.wantsValue;
    if (isStreamed) {
      store.pin(id);
    } else if (request.wantsValue) {
      reply.sink.putViewed(store.bytes, facts.valueAt, facts.valueAt + facts.valueBytes);
      reply.valueEnd();
    }
    store.noteHit(id);
    this.#key.close();
    countHit(store.counters, touches, facts);
    if (this.#prefixes.enabled) this.#countPrefix(request, key, true);
    return isStreamed ? new ValueStream(store, hash, id, reply) : undefined;
  }

  /** Answers the key by which old clients ask for the cluster's nodes; false if there are none. */
  #answerClusterKey(request: Request, reply: ReplyWriter, key: number): boolean {
    const entry = this.#config.get(CLUSTER_ENTRY);
    if (entry === undefined) return false;
    const { flags, data } = entry;
    reply.sink.ensure(REPLY_FRAME_BYTES_MAX + data.length);
    reply.hit(request, key, { clientFlags: flags, valueBytes: data.length, casHigh: 0, casLow: 0 });
    reply.sink.putRange(data, 0, data.length);
    reply.valueEnd();
    return true;
  }

  #countPrefix(request: Request, key: number, isHit: boolean): void {
    const { keySource } = request;
    const [start, end] = [request.keyStart(key), request.keyEnd(key)];
    this.#prefixes.count(PREFIX_COUNT.get, keySource, start, end);
    if (isHit) this.#prefixes.count(PREFIX_COUNT.hit, keySource, start, end);
  }
}
