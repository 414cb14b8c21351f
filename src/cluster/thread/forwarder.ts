import { CodedError } from '../../base/index.ts';
import { PEER_STATUS } from '../../protocol/peer.ts';
import { type ClusterSeat, type ForwardedRun, PLACE } from '../../server/index.ts';
import { peerKey } from './adopted.ts';
import type { Execution } from './execution.ts';
import { forwardErrors } from './forward-errors.ts';
import { ForwardFrames, type RequestReply } from './forward-frames.ts';
import { ForwardReader, joinReplies } from './forward-reader.ts';
import { ParkedForwards } from './parked-forwards.ts';
import type { PeerRoute, PeerRoutes } from './peer-routes.ts';
import { SingleForward, singlesOf } from './single-forward.ts';
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
  /** The largest item of a node. */
  readonly itemBytesMax: number;
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

/** Sends the requests of clients to the primaries of their keys, and returns the replies. */
export class Forwarder {
  readonly counts: ForwardCounts = { sent: 0, retried: 0, failed: 0, disagreements: 0 };
  readonly #parts: ForwarderParts;
  readonly #parked: ParkedForwards;
  readonly #reader = new ForwardReader();
  readonly #frames: ForwardFrames;
  /** By member of the adopted topology. */
  #routes: (PeerRoute | undefined)[] = [];

  constructor(parts: ForwarderParts) {
    this.#parts = parts;
    this.#parked = new ParkedForwards(parts.timers);
    this.#frames = new ForwardFrames(
      parts.itemBytesMax,
      () => parts.view.version,
      (run, replyOf) => this.#settleEach(run, replyOf),
    );
  }

  /** See ClusterSeat. */
  forward(member: number, run: ForwardedRun): void {
    this.counts.sent += run.ends.length;
    const route = this.#routeTo(member);
    const isParked = route !== undefined && this.#parked.count > 0;
    if (route === undefined || (isParked && this.#parked.has(peerKey(route.peer)))) {
      for (const single of singlesOf(run)) this.#sendTo(member, single);
    } else this.#frames.add(route, run);
  }

  /** The requests that wait for another topology or for a link. */
  get parkedCount(): number {
    return this.#parked.count;
  }

  /** The thread has adopted another topology. */
  adopted(): void {
    this.#routes = [];
    this.#parked.retryAll();
  }

  /** The link to this peer is up again. */
  reached(peer: string): void {
    this.#parked.retry(peer);
  }

  close(): void {
    this.#parked.close();
  }

  #routeTo(member: number): PeerRoute | undefined {
    const known = this.#routes[member];
    if (known !== undefined) return known;
    const { view, routes } = this.#parts;
    const peer = view.memberAt(member);
    const route = peer && routes.to(peer);
    this.#routes[member] = route;
    return route;
  }

  #sendTo(index: number, forward: SingleForward): void {
    const { view, routes } = this.#parts;
    const member = view.memberAt(index);
    if (member === undefined) this.#fail(forward, forwardErrors.nobody());
    else {
      const key = peerKey(member);
      const route = routes.to(member);
      if (route !== undefined && !this.#parked.has(key)) this.#frames.add(route, forward);
      else this.#park(forward, key, forwardErrors.unreachable(member, DOWN));
    }
  }

  /** Some requests of the run have no good reply: each of them goes on alone. */
  #settleEach(run: ForwardedRun, replyOf: (nth: number) => RequestReply): void {
    const singles = run instanceof SingleForward ? [run] : singlesOf(run);
    for (const [nth, single] of singles.entries()) this.#replied(single, replyOf(nth));
  }

  #replied(
    forward: SingleForward,
    { route, version, status, peerVersion, bytes }: RequestReply,
  ): void {
    if (status instanceof CodedError) {
      this.#broken(route, forward, version, status);
    } else if (status === PEER_STATUS.ok) {
      forward.settle(bytes);
    } else if (status === PEER_STATUS.newer) {
      this.#wait(route, forward, peerVersion);
    } else if (status === PEER_STATUS.failed) {
      this.#fail(forward, forwardErrors.refused(route, bytes.toString()));
    } else if (version < this.#parts.view.version) {
      this.#retry(forward);
    } else {
      this.counts.disagreements++;
      this.#fail(forward, forwardErrors.disagreement(route, version));
    }
  }

  /** The peer has a newer topology: the request goes on once this thread has it. */
  #wait(route: PeerRoute, forward: SingleForward, version: number): void {
    if (version <= this.#parts.view.version) this.#retry(forward);
    else {
      const error = new CodedError('ERR_FORWARD', `it has the newer topology ${version}`);
      this.#park(forward, peerKey(route.peer), forwardErrors.unreachable(route, error));
    }
  }

  #broken(route: PeerRoute, forward: SingleForward, version: number, error: CodedError): void {
    const sentence = forwardErrors.unreachable(route, error);
    const isUncertain = UNCERTAIN.has(error.code);
    if (!isUncertain && !RETRIED.has(error.code)) this.#fail(forward, sentence);
    else if (isUncertain && (forward.isRepeated || !this.#reader.isReading(forward))) {
      this.#fail(forward, forwardErrors.lost(route, error));
    } else {
      forward.isRepeated ||= isUncertain;
      // Nothing would wake it: the topology that it could wait for has come since it was sent.
      if (version < this.#parts.view.version) this.#retry(forward);
      else this.#park(forward, peerKey(route.peer), sentence);
    }
  }

  #park(forward: SingleForward, peer: string, error: CodedError): void {
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
  #retry(forward: SingleForward): void {
    this.counts.retried++;
    const place = this.#reader.locate(forward, this.#parts.seat);
    if (++forward.attempts > ATTEMPTS_MAX) this.#fail(forward, forwardErrors.unsettled());
    else if (place === undefined) this.#split(forward);
    else if (place >= 0) this.#sendTo(place, forward);
    else if (place === PLACE.nobody) this.#fail(forward, forwardErrors.nobody());
    else this.#execute(forward);
  }

  #execute(forward: SingleForward): void {
    this.#parts.execution.run(forward, (outcome) => {
      if (outcome === 'notMine') this.#retry(forward);
      else if (outcome instanceof CodedError) this.#fail(forward, outcome);
      else forward.settle(outcome);
    });
  }

  /** The keys of a get are on several nodes now. */
  #split(forward: SingleForward): void {
    const parts = this.#reader.split(forward);
    const replies: Buffer[] = [];
    let left = parts.length;
    let failure: CodedError | undefined;
    parts.forEach((bytes, nth) => {
      const settle = (reply: Buffer | CodedError): void => {
        if (reply instanceof CodedError) failure ??= reply;
        else replies[nth] = Buffer.from(reply);
        if (--left > 0) return;
        if (failure === undefined) forward.settle(joinReplies(replies));
        else forward.fail(failure);
      };
      this.#retry(forward.partOf(bytes, settle));
    });
  }

  #fail(forward: SingleForward, error: CodedError): void {
    this.counts.failed++;
    forward.fail(error);
  }
}
