import type { CodedError } from '../../base/index.ts';
import type { Role } from '../../commands/index.ts';
import type { Request } from '../../protocol/index.ts';

/** Where the primary of a key is, unless it is another member, which has an index from 0 on. */
export const PLACE = {
  /** This node answers for the key. */
  here: -1,
  /** This node is to become the primary, and must not answer yet: wait for `settled`. */
  undecided: -2,
  /** No member of the cluster answers for the key. */
  nobody: -3,
} as const;

/** Requests of one connection that go to one member together: each has a reply of its own. */
export interface ForwardedRun {
  readonly dialect: Request['dialect'];
  readonly role: Role;
  /** The requests with their values, as the client sent them, one after the other. */
  readonly bytes: Buffer;
  /** Where each of them ends. */
  readonly ends: readonly number[];
  /** The items that the replies may have. */
  readonly itemsMax: number;
  /** Takes the replies, one after the other; each may be empty. Valid only during the call. */
  settle(replies: Buffer): void;
  /** Returns the reply to a request that has none, for this reason. */
  failure(nth: number, error: CodedError): Buffer;
}

/** Changes that the fast path has made, for other nodes: each with its key and its state. */
export interface KeptChanges {
  /** 1 or more. */
  readonly count: number;
  /** The keys, and the states as nodes send them, one after the other. */
  readonly keys: Buffer;
  readonly states: Buffer;
  hashOf(nth: number): number;
  keyEnd(nth: number): number;
  stateEnd(nth: number): number;
}

/** Makes sessions wait before their next request. */
export interface Throttle {
  /** Whether no request may be served now. */
  readonly isOver: boolean;
  /**
   * Calls `wake` once, after a bounded time at the latest, when it is worth asking again.
   * @param isFirst the request has not waited before.
   */
  wait(wake: () => void, isFirst: boolean): void;
  /** The waiting connection has closed. */
  leave(wake: () => void): void;
}

/**
 * What the sessions of one thread ask the cluster. A session executes a request only if this node
 * is the primary of its keys, and sends others on. All calls come from one thread.
 *
 *   request ──locate──▶ here ──execute──▶ changed, read ──end of the input──▶ seal ──▶ reply
 *               │                                                              ▲
 *               └─▶ another member ──forward──────────────────────▶ settle ────┘ mayAnswer
 */
export interface ClusterSeat {
  /**
   * Rises with each topology that the thread adopts. A session that has forwarded requests on their
   * way waits for their replies before it serves a request in a newer topology, so that the
   * requests of a connection take effect in their order.
   */
  readonly version: number;
  /** Undefined: the sessions serve all that comes. */
  readonly throttle?: Throttle | undefined;
  /**
   * What the fast path may answer now: everything; requests whose keys have an item here (and no
   * `copy`); only reads and sets of such keys, of which it keeps what it changes, for
   * `changedFast`; only reads of them; nothing. With `hiddenSets` it counts and marks the changes,
   * too (OpenChanges). The fast path calls neither `locate` nor `changed`.
   */
  readonly fast: 'all' | 'hits' | 'keptSets' | 'hiddenSets' | 'readHits' | 'off';
  /** Where the primary of the key `bytes[start, end)` is: the index of a member, or a PLACE. */
  locate(bytes: Buffer, start: number, end: number): number;
  /**
   * Whether this node may answer a get of the key `bytes[start, end)` of another member by its own
   * copy, if it has an item: that has every change that is acknowledged.
   */
  holdsCopy(bytes: Buffer, start: number, end: number): boolean;
  /**
   * For a key that is undecided: resolves when it is worth locating it again. Rejects with a
   * CodedError after a bounded time; its message is then a part of the client's SERVER_ERROR.
   */
  settled(): Promise<void>;
  /**
   * Sends requests to a member, soon. The run settles exactly once, after a bounded time at the
   * latest and maybe before `forward` returns. Requests to one member stay in order.
   */
  forward(member: number, run: ForwardedRun): void;
  /**
   * A request is about to change the key `bytes[start, end)` here. `changed` follows before the
   * next `seal` if it may have done so.
   */
  changing(bytes: Buffer, start: number, end: number): void;
  /**
   * The reply to a request shows what the key `bytes[start, end)` has or lacks here; the request
   * does not change it. If other holders may lack that, the reply waits as that to a change.
   */
  read(bytes: Buffer, start: number, end: number): void;
  /** A request may have changed the key `bytes[start, end)` here; valid only during the call. */
  changed(bytes: Buffer, start: number, end: number): void;
  /** Whether what was told since the last `seal` makes that send something. */
  readonly hasChanges: boolean;
  /** The fast path has set values here; valid only during the call. `seal` follows. */
  changedFast(changes: KeptChanges): void;
  /**
   * The end of an input, or of a part of its output. Returns true if that output must wait for
   * `acknowledged`, which the seat then calls exactly once, and after `seal` has returned. With an
   * error the replies never leave: the node closes the connection.
   */
  seal(acknowledged: (error?: CodedError) => void): boolean;
  /**
   * Whether this node still has the right to answer. It is asked right before output leaves; if it
   * says no, nothing leaves and the node closes the connection.
   */
  mayAnswer(): boolean;
  /**
   * Flushes all members. `exptime` is that of the client's `flush_all`, 0 for at once. Calls
   * `settle` exactly once, after a bounded time at the latest, when no member has an older item.
   */
  flushAll(exptime: number, settle: (error?: CodedError) => void): void;
}

/** Executes requests of sessions in pieces: a PeerSession of the thread. */
interface LocalRequests {
  answer(dialect: Request['dialect'], role: Role, bytes: Buffer): Buffer | 'notMine' | 'undecided';
}

/** The cluster, as the sessions of one thread need it. */
export interface SessionCluster {
  readonly seat: ClusterSeat;
  /** For the keys of a get that are here, while others are elsewhere. */
  readonly local: LocalRequests;
}
