import { type Clock, type Logger, machineClock } from '../../base/index.ts';
import type { ClusterEvent, ClusterEventKind } from '../../commands/index.ts';
import type { ClusterTopology } from '../../topology/index.ts';
import { type Adopted, isSame, type PeerIdentity } from '../thread/adopted.ts';
import { happeningsBetween, takenOverFrom } from './cluster-events.ts';
import type { ChangeCause } from './main-cluster.ts';

/** The events that a member keeps. */
export const EVENTS_MAX = 32;
const REASON_CHARS_MAX = 200;
/** The decider is one word, so that the reason can have several. */
const BY_CHARS_MAX = 64;

/** Events that no topology tells, with the level of their line in the log and their sentence. */
const OWN_EVENTS = {
  started: ['info', () => 'its process follows the topology'],
  takeover: ['info', (node: string) => `the node answers for keys of ${node}: it is down`],
  'peer-lags': ['warn', (node: string) => `${node} has not taken changes for two seconds`],
  'peer-in-sync': ['info', (node: string) => `${node} takes changes again`],
  'membership-lost': ['warn', () => 'what keeps the topology cannot be reached'],
  'membership-back': ['info', () => 'what keeps the topology can be reached again'],
} as const satisfies Partial<
  Record<ClusterEventKind, readonly ['info' | 'warn', (node: string) => string]>
>;

interface JournalParts {
  readonly self: PeerIdentity;
  readonly log: Logger;
  readonly clock?: Clock;
}

/** The last events of a cluster, as one member has seen them. */
export class EventJournal {
  /** Times that this member has become the primary of keys of a member that was down. */
  takeovers = 0;
  isMembershipReachable = true;
  readonly #parts: JournalParts;
  readonly #clock: Clock;
  readonly #events: ClusterEvent[] = [];
  #topology: ClusterTopology | undefined;
  #nth = 0;

  constructor(parts: JournalParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? machineClock;
  }

  /** The newest at the end. */
  get events(): readonly ClusterEvent[] {
    return this.#events;
  }

  /** All threads of this member have adopted a topology. */
  adopted(now: Adopted, before: Adopted | undefined, cause: ChangeCause | undefined): void {
    const previous = this.#topology;
    this.#topology = now.topology;
    if (previous === undefined) return void this.#addOwn('started', this.#parts.self.name, false);
    const known = cause ?? { reason: 'not known', by: '-', atMs: this.#clock.nowMs() };
    for (const { kind, node } of happeningsBetween(previous, now.topology)) {
      this.#add(kind, node, known);
    }
    const from = before === undefined ? [] : takenOverFrom(before, now);
    this.takeovers += from.length;
    for (const node of from) this.#addOwn('takeover', node);
  }

  /** A member has not taken changes for a while, or takes them again. */
  reached(peer: PeerIdentity, isReached: boolean): void {
    // A member that is no more has not come back.
    const isMember = this.#topology?.members.some((member) => isSame(member, peer)) === true;
    if (isMember) this.#addOwn(isReached ? 'peer-in-sync' : 'peer-lags', peer.name);
  }

  /** The membership cannot be reached, or can again. */
  membershipReached(isReached: boolean): void {
    if (isReached === this.isMembershipReachable) return;
    this.isMembershipReachable = isReached;
    this.#addOwn(isReached ? 'membership-back' : 'membership-lost', this.#parts.self.name, false);
  }

  #addOwn(kind: keyof typeof OWN_EVENTS, node: string, isLogged = true): void {
    const [level, sentence] = OWN_EVENTS[kind];
    const reason = sentence(node);
    if (isLogged) this.#parts.log[level]({ event: kind, member: node }, reason);
    this.#add(kind, node, { reason, by: this.#parts.self.name, atMs: this.#clock.nowMs() });
  }

  #add(kind: ClusterEventKind, node: string, { reason, by, atMs }: ChangeCause): void {
    const version = this.#topology?.version ?? 0;
    const text = reason.replaceAll(/\s+/g, ' ').slice(0, REASON_CHARS_MAX);
    const word = by.replaceAll(/\s+/g, '_').slice(0, BY_CHARS_MAX) || '-';
    const event = { nth: ++this.#nth, atMs: Math.round(atMs), kind, node, version };
    this.#events.push({ ...event, by: word, reason: text });
    if (this.#events.length > EVENTS_MAX) this.#events.shift();
  }
}
