import { type ByteSink, CodedError } from '../../base/index.ts';
import { ROLES, type Role } from '../../commands/index.ts';
import { type Frame, KIND, PEER_STATUS, putForward } from '../../protocol/peer.ts';
import { type ClusterSeat, PLACE, type SettleForward } from '../../server/index.ts';
import { peerKey } from './adopted.ts';
import type { Execution, ForwardedRequest } from './execution.ts';
import { forwardErrors } from './forward-errors.ts';
import { ForwardReader, joinReplies } from './forward-reader.ts';
import { ParkedForwards } from './parked-forwards.ts';
import type { PeerRoute, PeerRoutes } from './peer-routes.ts';
import type { Timers } from './timers.ts';
import type { TopologyView } from './topology-view.ts';

/** How often a request looks for another way. */
const ATTEMPTS_MAX = 20;
/** With these errors the peer has certainly not executed the request, and can be asked later. */
const RETRIED = new Set(['ERR_PEER_DOWN', 'ERR_PEER_CLOSED']);
/** With these it may have executed it. */
const UNCERTAIN = new Set(['ERR_PEER_LOST', 'ERR_PEER_TIMEOUT']);

const DOWN = new CodedError('ERR_PEER_DOWN', 'it is down');

interface ForwarderParts {
  readonly view: TopologyView;
  readonly routes: Pick<PeerRoutes, 'to'>;
  readonly timers: Timers;
  readonly seat: Pick<ClusterSeat, 'locate'>;
  /** Executes a request whose keys have come to this node. */
  readonly execution: Pick<Execution, 'run'>;
}

/** What has become of the requests of one thread, for `stats`. */
interface ForwardCounts {
  /** Sent to other members, each once. */
  sent: number;
  /** Sent again, or executed here, because the topology has changed or a link broke. */
  retried: number;
  failed: number;
  /** Nodes of the same topology that did not agree who has a key: always 0. */
  disagreements: number;
}

/** One request on its way. */
interface Forward extends ForwardedRequest {
  readonly settle: SettleForward;
  attempts: number;
  /** When the first attempt failed; 0 before. */
  troubledSinceMs: number;
  /** Whether an attempt may have been executed: possible for reads only. */
  isRepeated: boolean;
}

/** Sends the requests of clients to the primaries of their keys, and returns the replies. */
export class Forwarder {
  readonly counts: ForwardCounts = { sent: 0, retried: 0, failed: 0, disagreements: 0 };
  readonly #parts: ForwarderParts;
  readonly #parked: ParkedForwards;
  readonly #reader = new ForwardReader();
  /** The request that `#write` writes. */
  #writing: ForwardedRequest | undefined;
  readonly #write = (sink: ByteSink): void => {
    const { dialect, role, bytes } = this.#writing!;
    putForward(sink, dialect, ROLES.indexOf(role), bytes, 0, bytes.length);
  };

  constructor(parts: ForwarderParts) {
    this.#parts = parts;
    this.#parked = new ParkedForwards(parts.timers);
  }

  /** See ClusterSeat. */
  forward(
    member: number,
    dialect: ForwardedRequest['dialect'],
    role: Role,
    bytes: Buffer,
    settle: SettleForward,
  ): void {
    this.counts.sent++;
    const start = { attempts: 0, troubledSinceMs: 0, isRepeated: false };
    this.#sendTo(member, { dialect, role, bytes, settle, ...start });
  }

  /** The requests that wait for another topology or for a link. */
  get parkedCount(): number {
    return this.#parked.count;
  }

  /** The thread has adopted another topology. */
  adopted(): void {
    this.#parked.retryAll();
  }

  /** The link to this peer is up again. */
  reached(peer: string): void {
    this.#parked.retry(peer);
  }

  close(): void {
    this.#parked.close();
  }

  #sendTo(index: number, forward: Forward): void {
    const { view, routes } = this.#parts;
    const member = view.memberAt(index);
    if (member === undefined) this.#fail(forward, forwardErrors.nobody());
    else {
      const key = peerKey(member);
      const route = routes.to(member);
      if (route !== undefined && !this.#parked.has(key)) this.#send(route, forward);
      else this.#park(forward, key, forwardErrors.unreachable(member, DOWN));
    }
  }

  #send(route: PeerRoute, forward: Forward): void {
    const { version } = this.#parts.view;
    this.#writing = forward;
    route.link.send(KIND.forward, version, this.#write, (reply) => {
      if (reply instanceof CodedError) this.#broken(route, forward, reply);
      else this.#replied(route, forward, version, reply);
    });
  }

  #replied(route: PeerRoute, forward: Forward, version: number, reply: Frame): void {
    if (reply.flags === PEER_STATUS.ok) {
      forward.settle(reply.bytes.subarray(reply.start, reply.end));
    } else if (reply.flags === PEER_STATUS.newer) {
      this.#wait(route, forward, reply.version);
    } else if (reply.flags === PEER_STATUS.failed) {
      this.#fail(forward, forwardErrors.refused(route, reply.payloadText()));
    } else if (version < this.#parts.view.version) {
      this.#retry(forward);
    } else {
      this.counts.disagreements++;
      this.#fail(forward, forwardErrors.disagreement(route, version));
    }
  }

  /** The peer has a newer topology: the request goes on once this thread has it. */
  #wait(route: PeerRoute, forward: Forward, version: number): void {
    if (version <= this.#parts.view.version) this.#retry(forward);
    else {
      const error = new CodedError('ERR_FORWARD', `it has the newer topology ${version}`);
      this.#park(forward, peerKey(route.peer), forwardErrors.unreachable(route, error));
    }
  }

  #broken(route: PeerRoute, forward: Forward, error: CodedError): void {
    const key = peerKey(route.peer);
    const sentence = forwardErrors.unreachable(route, error);
    if (RETRIED.has(error.code)) this.#park(forward, key, sentence);
    else if (!UNCERTAIN.has(error.code)) this.#fail(forward, sentence);
    else if (forward.isRepeated || !this.#reader.isReading(forward)) {
      this.#fail(forward, forwardErrors.lost(route, error));
    } else {
      forward.isRepeated = true;
      this.#park(forward, key, sentence);
    }
  }

  #park(forward: Forward, peer: string, error: CodedError): void {
    forward.troubledSinceMs ||= this.#parts.timers.nowMs();
    this.#parked.add(peer, {
      bytes: forward.bytes,
      sinceMs: forward.troubledSinceMs,
      error,
      retry: () => this.#retry(forward),
      fail: (failure) => this.#fail(forward, failure),
    });
  }

  /** Sends the request to where its keys are now. */
  #retry(forward: Forward): void {
    this.counts.retried++;
    const place = this.#reader.locate(forward, this.#parts.seat);
    if (++forward.attempts > ATTEMPTS_MAX) this.#fail(forward, forwardErrors.unsettled());
    else if (place === undefined) this.#split(forward);
    else if (place >= 0) this.#sendTo(place, forward);
    else if (place === PLACE.nobody) this.#fail(forward, forwardErrors.nobody());
    else this.#execute(forward);
  }

  #execute(forward: Forward): void {
    this.#parts.execution.run(forward, (outcome) => {
      if (outcome === 'notMine') this.#retry(forward);
      else if (outcome instanceof CodedError) this.#fail(forward, outcome);
      else forward.settle(outcome);
    });
  }

  /** The keys of a get are on several nodes now. */
  #split(forward: Forward): void {
    const parts = this.#reader.split(forward);
    const replies: Buffer[] = [];
    let left = parts.length;
    let failure: CodedError | undefined;
    parts.forEach((part, nth) => {
      const settle = (reply: Buffer | CodedError): void => {
        if (reply instanceof CodedError) failure ??= reply;
        else replies[nth] = Buffer.from(reply);
        if (--left === 0) forward.settle(failure ?? joinReplies(replies));
      };
      this.#retry({ ...forward, ...part, settle });
    });
  }

  #fail({ settle }: Forward, error: CodedError): void {
    this.counts.failed++;
    settle(error);
  }
}
