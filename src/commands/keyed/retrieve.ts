import { equalBytes } from '../../base/index.ts';
import {
  CLUSTER_ENTRY,
  ItemView,
  LEGACY_CLUSTER_KEY,
  REPLY_FRAME_BYTES_MAX,
  type ReplyWriter,
  type Request,
  VERB,
} from '../../protocol/index.ts';
import { CLASS_COUNT, COUNT, type ItemId, NO_ITEM, type Store } from '../../store/index.ts';
import type { ConfigEntries } from '../admin/config.ts';
import { STREAM } from '../admin/event-log.ts';
import type { NodeControl } from '../admin/node-control.ts';
import { PREFIX_COUNT, type PrefixStats } from '../admin/prefixes.ts';
import type { ReplyStream } from '../reply-stream.ts';
import { expiryOf } from './expiry.ts';
import type { ItemEvents } from './item-events.ts';
import { ValueStream } from './value-stream.ts';

/** A get of many keys pauses after this much output, so that back-pressure takes effect. */
const OUTPUT_BYTES_PER_STEP = 64 * 1024;

const LEGACY_KEY = Buffer.from(LEGACY_CLUSTER_KEY);

function isLegacyClusterKey(bytes: Buffer, start: number, end: number): boolean {
  return (
    end - start === LEGACY_KEY.length &&
    bytes[start] === LEGACY_KEY[0] &&
    equalBytes(bytes, start, LEGACY_KEY, 0, LEGACY_KEY.length)
  );
}

/** A view of an item that also holds the position of its value and its LRU segment. */
class HitView extends ItemView {
  valueAt = 0;
  segment = 0;
  isChained = false;
}

/** How far an answer to a get has come; one object, refilled for each step. */
class Retrieval {
  /** The index of the next key to answer, or `endKey` of the request. */
  next = 0;
  /**
   * The large value of the key before `next`: the caller writes it before it continues, even if it
   * belongs to the last key. Undefined with `next` at the end: the answer is complete.
   */
  stream: ReplyStream | undefined;
}

/** Executes get, gets, gat and gats, and the binary protocol's touch. */
export class Retriever {
  readonly #store: Store;
  readonly #config: ConfigEntries;
  readonly #prefixes: PrefixStats;
  readonly #events: ItemEvents;
  readonly #view = new HitView();
  readonly #retrieval = new Retrieval();

  constructor(store: Store, node: Pick<NodeControl, 'config' | 'prefixes'>, events: ItemEvents) {
    this.#store = store;
    this.#events = events;
    this.#config = node.config;
    this.#prefixes = node.prefixes;
  }

  /**
   * Answers the keys from index `from` on. It stops early when the output is long, and after a key
   * with a large value.
   */
  answer(request: Request, reply: ReplyWriter, from: number): Readonly<Retrieval> {
    const retrieval = this.#retrieval;
    retrieval.stream = undefined;
    for (let key = from; key < request.endKey; key++) {
      retrieval.next = key;
      if (reply.sink.at > OUTPUT_BYTES_PER_STEP) return retrieval;
      retrieval.stream = this.#answerKey(request, reply, key);
      if (retrieval.stream === undefined) continue;
      retrieval.next = key + 1;
      return retrieval;
    }
    retrieval.next = request.endKey;
    reply.keysEnd(request);
    return retrieval;
  }

  /** Answers one key. Returns its value if that is large and must still be written. */
  #answerKey(request: Request, reply: ReplyWriter, key: number): ReplyStream | undefined {
    const store = this.#store;
    const { keySource } = request;
    const start = request.keyStart(key);
    const end = request.keyEnd(key);
    if (isLegacyClusterKey(keySource, start, end) && this.#answerClusterKey(request, reply, key)) {
      return undefined;
    }
    const hash = store.hashOf(keySource, start, end);
    const isTouch = request.verb === VERB.getAndTouch;
    for (;;) {
      const id = store.open(hash, keySource, start, end);
      if (id === NO_ITEM) {
        store.close(hash);
        this.#countMiss(isTouch);
        if (this.#prefixes.enabled) this.#countPrefix(request, key, false);
        reply.miss(request, key);
        if (this.#events.isWatched(STREAM.fetchers)) this.#events.fetched(request, key, 0, 0);
        return undefined;
      }
      store.items.read(id, this.#view);
      const roomBytes = REPLY_FRAME_BYTES_MAX + (this.#view.isChained ? 0 : this.#view.valueBytes);
      if (reply.sink.at + roomBytes > reply.sink.bytes.length) {
        // Commands allocate nothing under a stripe lock: grow the output first, then look up again.
        store.close(hash);
        reply.sink.ensure(roomBytes);
        continue;
      }
      const sizeClass = this.#writeHit(request, reply, key, id);
      const isStreamed = this.#view.isChained && request.wantsValue;
      if (isStreamed) store.pin(id);
      store.close(hash);
      this.#countHit(isTouch, sizeClass);
      if (this.#prefixes.enabled) this.#countPrefix(request, key, true);
      if (this.#events.isWatched(STREAM.fetchers)) {
        this.#events.fetched(request, key, sizeClass, this.#view.valueBytes);
      }
      return isStreamed ? new ValueStream(store, hash, id, reply) : undefined;
    }
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

  /** Writes an opened item to the reply, except a large value; returns the item's size class. */
  #writeHit(request: Request, reply: ReplyWriter, key: number, id: ItemId): number {
    const { items, clock, arena } = this.#store;
    const view = this.#view;
    if (request.verb === VERB.getAndTouch) {
      this.#store.setExpiry(id, expiryOf(request.exptime, clock.now(), clock.epoch()));
    }
    reply.hit(request, key, view);
    if (request.wantsValue && !view.isChained) {
      reply.sink.putViewed(arena, view.valueAt, view.valueAt + view.valueBytes);
      reply.valueEnd();
    }
    this.#store.noteHit(id);
    return view.isChained ? items.lruClassOf(id) : items.classOf(id);
  }

  #countPrefix(request: Request, key: number, isHit: boolean): void {
    const { keySource } = request;
    const [start, end] = [request.keyStart(key), request.keyEnd(key)];
    this.#prefixes.count(PREFIX_COUNT.get, keySource, start, end);
    if (isHit) this.#prefixes.count(PREFIX_COUNT.hit, keySource, start, end);
  }

  #countHit(isTouch: boolean, sizeClass: number): void {
    const { counters } = this.#store;
    counters.add(isTouch ? COUNT.touch_cmds : COUNT.get_cmds);
    const hits = CLASS_COUNT.hits_to_hot + this.#view.segment;
    counters.addToClass(sizeClass, isTouch ? CLASS_COUNT.touch_hits : hits);
  }

  #countMiss(isTouch: boolean): void {
    const { counters } = this.#store;
    counters.add(isTouch ? COUNT.touch_cmds : COUNT.get_cmds);
    counters.add(isTouch ? COUNT.touch_misses : COUNT.get_misses);
  }
}
