import { CodedError } from '../../base/index.ts';
import { isClusterKey, type ReplyStream, type Role } from '../../commands/index.ts';
import { type ReplyWriter, type Request, VERB } from '../../protocol/index.ts';
import { NO_ITEM } from '../../store/index.ts';
import { type ForwardedRun, PLACE } from './cluster-seat.ts';
import type { ClusterContext, SessionContext } from './context.ts';
import { JoinedGet } from './joined-get.ts';
import { type KeyDecision, nobody } from './key-decision.ts';
import { mayReadCopy } from './keyed-requests.ts';
import { type ReplyFacts, replyFacts } from './late-replies.ts';
import type { QueuedReply, ReplyQueue } from './reply-queue.ts';

const NO_KEY = -1;
const NO_BYTES = Buffer.alloc(0);

/** How far a step of a get has come. */
class GetProgress {
  /** The next key to answer, or `endKey` of the request. */
  next = 0;
  /** The large value of the key before `next`. */
  stream: ReplyStream | undefined;
  /** Whether the session has to wait before the next step. */
  mustWait = false;
}

/** The request for the keys of one place. */
class PartOfGet implements ForwardedRun {
  readonly dialect: Request['dialect'];
  readonly role: Role;
  readonly bytes: Buffer;
  readonly ends: readonly number[];
  readonly itemsMax: number;
  readonly #take: (reply: Buffer | CodedError) => void;
  #error: CodedError | undefined;

  constructor(
    { dialect }: Request,
    role: Role,
    bytes: Buffer,
    keys: number,
    take: (reply: Buffer | CodedError) => void,
  ) {
    this.dialect = dialect;
    this.role = role;
    this.bytes = bytes;
    this.ends = [bytes.length];
    this.itemsMax = keys;
    this.#take = take;
  }

  settle(reply: Buffer): void {
    this.#take(this.#error ?? reply);
  }

  failure(_nth: number, error: CodedError): Buffer {
    this.#error = error;
    return NO_BYTES;
  }
}

/** The state of one get whose keys do not fit into one window. */
interface OpenGet {
  isPending: boolean;
  hasFailed: boolean;
}
const NO_GET: Readonly<OpenGet> = { isPending: false, hasFailed: false };

/**
 * Answers the gets of one session whose keys may be at several nodes. It answers keys here like
 * every node, up to the first that is elsewhere, and from there on takes a window of keys: those of
 * each place in one request, also those here. The replies become one entry of the queue.
 */
export class SplitGet {
  readonly #context: SessionContext;
  readonly #cluster: ClusterContext;
  readonly #replies: ReplyQueue;
  readonly #decision: KeyDecision;
  readonly #progress = new GetProgress();
  #role: Role = 'readonly';
  #get: Readonly<OpenGet> = NO_GET;
  /** The only key of a request, that is known to be here. */
  #knownKey = NO_KEY;

  constructor(
    context: SessionContext,
    cluster: ClusterContext,
    replies: ReplyQueue,
    decision: KeyDecision,
  ) {
    this.#context = context;
    this.#cluster = cluster;
    this.#replies = replies;
    this.#decision = decision;
  }

  /** Whether a window of the get is on its way, and further keys follow. */
  get isPending(): boolean {
    return this.#get.isPending;
  }

  /** The next request of the session; `knownKey` is a key of it that is here. */
  begin(role: Role, knownKey = NO_KEY): void {
    this.#role = role;
    this.#get = NO_GET;
    this.#knownKey = knownKey;
  }

  /** Where key number `key` can be answered: where its primary is, or here by a copy. */
  placeOf(request: Request, key: number): number {
    const place = this.#primaryOf(request, key);
    if (place < 0 || !mayReadCopy(request) || !this.#hasCopy(request, key)) return place;
    // The item can become stale before the session reads it: only its primary grants a lease.
    request.deniesLease = true;
    return PLACE.here;
  }

  /** The key of the cluster itself is everywhere. */
  #primaryOf(request: Request, key: number): number {
    const { keySource } = request;
    const [start, end] = [request.keyStart(key), request.keyEnd(key)];
    if (request.verb === VERB.get && isClusterKey(keySource, start, end)) return PLACE.here;
    return this.#cluster.seat.locate(keySource, start, end);
  }

  /** Whether this node may answer the key by a copy, and has a live item that needs no lease. */
  #hasCopy(request: Request, key: number): boolean {
    const { keySource } = request;
    const [start, end] = [request.keyStart(key), request.keyEnd(key)];
    if (!this.#cluster.seat.holdsCopy(keySource, start, end)) return false;
    const { items } = this.#context.store;
    const hash = items.hashOf(keySource, start, end);
    const id = items.open(hash, keySource, start, end);
    const hasItem = id !== NO_ITEM && !items.items.isStale(id);
    items.close(hash);
    return hasItem;
  }

  /** As `Retriever.answer`. */
  answer(request: Request, reply: ReplyWriter, from: number, to: number): Readonly<GetProgress> {
    const progress = this.#progress;
    progress.next = from;
    progress.stream = undefined;
    progress.mustWait = this.#get.isPending;
    if (progress.mustWait) return progress;
    if (this.#get.hasFailed) {
      progress.next = request.endKey;
      return progress;
    }
    const hereEnd = this.#endOfHere(request, from, to);
    const isDone = this.#answerHere(request, reply, from, hereEnd);
    if (isDone && hereEnd < to) this.#answerWindow(request, hereEnd, to);
    return progress;
  }

  abandon(): void {
    this.#get = NO_GET;
  }

  #endOfHere(request: Request, from: number, to: number): number {
    let key = from;
    if (key === this.#knownKey) key++;
    this.#knownKey = NO_KEY;
    while (key < to && this.placeOf(request, key) === PLACE.here) key++;
    return key;
  }

  /** Answers keys as a node without a cluster does; returns whether all have their replies. */
  #answerHere(request: Request, reply: ReplyWriter, from: number, to: number): boolean {
    if (from === to && to < request.endKey) return true;
    const progress = this.#progress;
    const touches = request.verb === VERB.getAndTouch;
    if (touches) this.#tell('changing', request, from, to);
    const { next, stream } = this.#context.retriever.answer(request, reply, from, to);
    progress.next = next;
    progress.stream = stream;
    this.#tell(touches ? 'changed' : 'read', request, from, next);
    return stream === undefined && next === to;
  }

  #tell(what: 'changing' | 'changed' | 'read', request: Request, from: number, to: number): void {
    const { seat } = this.#cluster;
    const { keySource } = request;
    for (let key = from; key < to; key++) {
      seat[what](keySource, request.keyStart(key), request.keyEnd(key));
    }
  }

  /** Answers keys from one on that is not here. */
  #answerWindow(request: Request, from: number, to: number): void {
    const progress = this.#progress;
    const places = this.#placesOf(request, from, to);
    const next = from + places.length;
    const isLast = next === request.endKey;
    if (places.length > 0) {
      this.#decision.reset();
      progress.next = next;
      this.#send(request, new JoinedGet(request, from, places), isLast);
      return;
    }
    const refusal =
      this.#primaryOf(request, from) === PLACE.undecided ? this.#decision.wait() : nobody();
    progress.mustWait = refusal === undefined;
    if (refusal === undefined) return;
    const { late } = this.#cluster;
    this.#replies.settle(this.#replies.pend(), late.failure(replyFacts(request), refusal), true);
    progress.next = request.endKey;
  }

  /** The places of the keys of the next window, which may be empty. */
  #placesOf(request: Request, from: number, to: number): number[] {
    const places: number[] = [];
    const counts: number[] = [];
    const { partKeysMax } = this.#cluster.sizes;
    for (let key = from; key < to; key++) {
      const place = this.#primaryOf(request, key);
      if (place < PLACE.here) break;
      const count = (counts[place - PLACE.here] ?? 0) + 1;
      if (count > partKeysMax) break;
      counts[place - PLACE.here] = count;
      places.push(place);
    }
    return places;
  }

  #send(request: Request, join: JoinedGet, isLast: boolean): void {
    const get: OpenGet = { isPending: !isLast, hasFailed: false };
    this.#get = get;
    const facts = replyFacts(request);
    const entry = this.#replies.pend(join.has(PLACE.here));
    let missing = join.placeCount;
    let failure: CodedError | undefined;
    const take = (place: number, reply: Buffer | CodedError): void => {
      if (reply instanceof CodedError) failure = reply;
      else join.take(place, reply);
      missing--;
      if (missing > 0) return;
      get.hasFailed = !this.#settle(entry, facts, failure ?? joined(join, isLast), join);
      get.isPending = false;
    };
    for (const place of join.places()) this.#ask(request, place, join, take);
  }

  #ask(
    request: Request,
    place: number,
    join: JoinedGet,
    take: (place: number, reply: Buffer | CodedError) => void,
  ): void {
    const { seat, local } = this.#cluster;
    const line = join.lineFor(place);
    if (place !== PLACE.here) {
      const settle = (reply: Buffer | CodedError): void => take(place, reply);
      seat.forward(place, new PartOfGet(request, this.#role, line, join.countAt(place), settle));
      return;
    }
    const reply = local.answer(request.dialect, this.#role, line);
    take(place, typeof reply === 'string' ? nobody() : reply);
  }

  /** Returns whether the reply has values. */
  #settle(
    entry: QueuedReply,
    facts: ReplyFacts,
    result: CodedError | ReturnType<JoinedGet['join']>,
    join: JoinedGet,
  ): boolean {
    const { late, sizes } = this.#cluster;
    const hasFailed = result instanceof CodedError || result.isError;
    if (hasFailed) sizes.forget();
    else sizes.note(join.blockBytesMax);
    const reply = result instanceof CodedError ? late.failure(facts, result) : result.reply;
    this.#replies.settle(entry, reply, true);
    return !hasFailed;
  }
}

function joined(join: JoinedGet, isLast: boolean): CodedError | ReturnType<JoinedGet['join']> {
  try {
    return join.join(isLast);
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
}
