import { equalBytes } from '../base/index.ts';
import {
  ItemView,
  REPLY_FRAME_BYTES_MAX,
  type ReplyWriter,
  type Request,
  VERB,
} from '../protocol/index.ts';
import { CLASS_COUNT, COUNT, type ItemId, NO_ITEM, type Store } from '../store/index.ts';
import { CLUSTER_ENTRY, type ConfigEntries, LEGACY_CLUSTER_KEY } from './config.ts';
import { STREAM } from './event-log.ts';
import { expiryOf } from './expiry.ts';
import type { NodeView } from './node-view.ts';
import { PREFIX_COUNT, type PrefixStats } from './prefixes.ts';
import type { ReplyStream } from './reply-stream.ts';
import { ValueStream } from './value-stream.ts';
import type { ItemEvents } from './watch.ts';

/** After this much output a get of many keys pauses, so that the client's pace is heard. */
const OUTPUT_BYTES_PER_STEP = 64 * 1024;

function isLegacyClusterKey(bytes: Buffer, start: number, end: number): boolean {
  return (
    end - start === LEGACY_CLUSTER_KEY.length &&
    bytes[start] === LEGACY_CLUSTER_KEY[0] &&
    equalBytes(bytes, start, LEGACY_CLUSTER_KEY, 0, LEGACY_CLUSTER_KEY.length)
  );
}

/** A view that also says where the value and the item are. */
class Hit extends ItemView {
  valueAt = 0;
  segment = 0;
  isChained = false;
}

/** get, gets, gat, gats, and touch in the binary protocol. */
export class Retriever {
  readonly #store: Store;
  readonly #config: ConfigEntries;
  readonly #prefixes: PrefixStats;
  readonly #events: ItemEvents;
  readonly #view = new Hit();
  #stream: ReplyStream | undefined;

  constructor(store: Store, node: Pick<NodeView, 'config' | 'prefixes'>, events: ItemEvents) {
    this.#store = store;
    this.#events = events;
    this.#config = node.config;
    this.#prefixes = node.prefixes;
  }

  /**
   * Answers the keys from number `from` on. Returns the first key that is still unanswered when the
   * output grew long, or `request.keys` when all is said. At a large value it stops: that comes out of
   * `takeStream`, and has to be written before anything else.
   */
  answer(request: Request, reply: ReplyWriter, from: number): number {
    for (let key = from; key < request.keys; key++) {
      if (reply.sink.at > OUTPUT_BYTES_PER_STEP) return key;
      if (this.#answerKey(request, reply, key)) return key + 1;
    }
    reply.keysEnd(request);
    return request.keys;
  }

  /** The value at which the last `answer` stopped. */
  takeStream(): ReplyStream | undefined {
    const stream = this.#stream;
    this.#stream = undefined;
    return stream;
  }

  /** True when the key's value is a large one, whose bytes are still to be written. */
  #answerKey(request: Request, reply: ReplyWriter, key: number): boolean {
    const store = this.#store;
    const { keySource } = request;
    const start = request.keyStart(key);
    const end = request.keyEnd(key);
    if (isLegacyClusterKey(keySource, start, end) && this.#answerCluster(request, reply, key)) {
      return false;
    }
    const hash = store.hashOf(keySource, start, end);
    const touches = request.verb === VERB.getAndTouch;
    for (;;) {
      const id = store.open(hash, keySource, start, end);
      if (id === NO_ITEM) {
        store.close(hash);
        this.#countMiss(touches);
        if (this.#prefixes.enabled) this.#countPrefix(request, key, false);
        reply.miss(request, key);
        if (this.#events.wants(STREAM.fetchers)) this.#events.fetched(request, key, 0, 0);
        return false;
      }
      store.items.read(id, this.#view);
      const room = REPLY_FRAME_BYTES_MAX + (this.#view.isChained ? 0 : this.#view.valueBytes);
      if (reply.sink.at + room > reply.sink.bytes.length) {
        // No allocation while a lock is held: grow first, then look again.
        store.close(hash);
        reply.sink.ensure(room);
        continue;
      }
      const sizeClass = this.#hit(request, reply, key, id);
      const streams = this.#view.isChained && request.wantsValue;
      if (streams) store.pin(id);
      store.close(hash);
      this.#countHit(touches, sizeClass);
      if (this.#prefixes.enabled) this.#countPrefix(request, key, true);
      if (this.#events.wants(STREAM.fetchers)) {
        this.#events.fetched(request, key, sizeClass, this.#view.valueBytes);
      }
      if (streams) this.#stream = new ValueStream(store, hash, id, reply);
      return streams;
    }
  }

  /** The cluster's nodes, under the key of clients from before `config`; false when there are none. */
  #answerCluster(request: Request, reply: ReplyWriter, key: number): boolean {
    const entry = this.#config.get(CLUSTER_ENTRY);
    if (entry === undefined) return false;
    const { flags, data } = entry;
    reply.sink.ensure(REPLY_FRAME_BYTES_MAX + data.length);
    reply.hit(request, key, { clientFlags: flags, valueBytes: data.length, casHigh: 0, casLow: 0 });
    reply.sink.putRange(data, 0, data.length);
    reply.valueEnd();
    return true;
  }

  /** Copies an opened item into the reply, but for a large value; returns its size class. */
  #hit(request: Request, reply: ReplyWriter, key: number, id: ItemId): number {
    const { items, lifetimes, arena } = this.#store;
    const view = this.#view;
    if (request.verb === VERB.getAndTouch) {
      this.#store.setExpiry(id, expiryOf(request.exptime, lifetimes.now(), lifetimes.epoch()));
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

  #countHit(touches: boolean, sizeClass: number): void {
    const { counters } = this.#store;
    counters.add(touches ? COUNT.touch_cmds : COUNT.get_cmds);
    const hits = CLASS_COUNT.hits_to_hot + this.#view.segment;
    counters.addToClass(sizeClass, touches ? CLASS_COUNT.touch_hits : hits);
  }

  #countMiss(touches: boolean): void {
    const { counters } = this.#store;
    counters.add(touches ? COUNT.touch_cmds : COUNT.get_cmds);
    counters.add(touches ? COUNT.touch_misses : COUNT.get_misses);
  }
}
