import { answers, type ClusterTopology, memberOf } from '../../topology/index.ts';
import { isSame, type PeerIdentity, peerKey } from '../thread/adopted.ts';
import { type Answer, GoneMembers } from './gone-members.ts';
import {
  answersUntil,
  type Granted,
  goneBetween,
  granters,
  mayPromise,
  type Promised,
  promiseTo,
  takesOverAt,
} from './grant-policy.ts';
import type { Votes } from './votes.ts';

interface GrantOptions {
  /** How long a promise holds. */
  readonly grantMs: number;
  readonly votes: Votes;
}

interface GrantsDeps {
  /** Sends a ping to a member; calls `settle` once, within a bounded time. */
  readonly ask: (member: PeerIdentity, settle: (answer: Answer | undefined) => void) => void;
  /** `running` has changed. */
  readonly runningChanged: () => void;
  /** `silent` has changed. */
  readonly silenceChanged: () => void;
  /** Every thread answers for its keys only before this time. */
  readonly setAnswersUntil: (ms: number) => void;
  /** Milliseconds of a monotonic clock that all threads share. */
  readonly nowMs: () => number;
  readonly setTimer: (onFire: () => void, delayMs: number) => { cancel(): void };
}

/** So many questions to each member within the time of one grant. */
const QUESTIONS_PER_GRANT = 12;
/** The same while requests wait for the first grants, or a member that has gone may answer. */
const QUICK_QUESTIONS_PER_GRANT = 60;
/** A member that has not answered so many questions in a row is not heard. */
const UNHEARD_QUESTIONS = 2;
/** A new member that is silent for this part of the time is told. */
const SILENCE_PART = 0.75;

/**
 * The grants that a node gets from other members, and those that it gives. The node reports that it
 * is clean in a version only after `released` and `stopped`: so when a new member serves, every
 * member that has gone has lost its right to answer.
 */
export class Grants {
  readonly #self: PeerIdentity;
  readonly #options: GrantOptions;
  readonly #deps: GrantsDeps;
  readonly #granted = new Map<string, Granted>();
  readonly #promised = new Map<string, Promised>();
  /** The members that a question is on its way to. */
  readonly #asked = new Set<string>();
  #topology: ClusterTopology | undefined;
  readonly #gone: GoneMembers;
  #released = 0;
  /** When the node has adopted the first topology with this process. */
  readonly #sinceMs = new Map<string, number>();
  #silent: readonly string[] = [];
  /** Before this time the node answers for no key of a member that has gone. */
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #askTimer: { cancel(): void } | undefined;
  readonly #holds = new Set<{ cancel(): void; done: () => void }>();
  /** Whether the node has had the right to answer for keys of its own. */
  #hasBegun = false;
  readonly #beginWaiters: (() => void)[] = [];
  #isClosed = false;

  constructor(self: PeerIdentity, options: GrantOptions, deps: GrantsDeps) {
    this.#self = self;
    this.#options = options;
    this.#deps = deps;
    this.#gone = new GoneMembers({
      ...{ self, ...options, nowMs: deps.nowMs, runningChanged: deps.runningChanged },
      released: () => this.#releasedAt(deps.nowMs()),
    });
  }

  /** From here on the node promises nothing to members that this topology lacks. */
  adopting(topology: ClusterTopology): void {
    const before = this.#topology;
    const now = this.#deps.nowMs();
    this.#released = this.#releasedAt(now);
    this.#topology = topology;
    this.#noteNew(topology, now);
    const gone = goneBetween(before, topology);
    for (const process of gone) this.#hold(process, now);
    this.#gone.add(gone, before, topology);
    this.#forgetOthers(topology);
    this.#publish();
    this.#lookForSilence(topology);
    this.#askTimer?.cancel();
    this.#askAll();
    this.#gone.review();
  }

  /** The members that have gone and that may still answer: a majority may promise them that. */
  get running(): readonly PeerIdentity[] {
    return this.#gone.running;
  }

  /** Resolves when no member that has gone can answer, or when the grants are closed. */
  stopped(): Promise<void> {
    return this.#gone.stopped();
  }

  /** The process of a member has ended, though it may have promises. */
  ended(member: PeerIdentity): void {
    this.#gone.ended(member);
    this.#gone.review();
  }

  /** When no member that has gone lives by a promise of this node any longer; may be past. */
  get heldUntilMs(): number {
    return this.#heldUntilMs;
  }

  /** New members that have promised nothing for most of the time: nobody should wait for them. */
  get silent(): readonly string[] {
    return this.#silent;
  }

  /** Whether the process of a member has just promised something to this node: it lives. */
  hears({ name, incarnation }: PeerIdentity): boolean {
    if (isSame({ name, incarnation }, this.#self)) return true;
    const granted = this.#granted.get(name);
    const unheardMs = (this.#options.grantMs * UNHEARD_QUESTIONS) / QUESTIONS_PER_GRANT;
    const isKnown = granted?.incarnation === incarnation;
    return isKnown && granted.askedMs >= this.#deps.nowMs() - unheardMs;
  }

  /** Resolves at `heldUntilMs`, or when the grants are closed. */
  async released(): Promise<void> {
    for (;;) {
      const waitMs = this.#heldUntilMs - this.#deps.nowMs();
      if (waitMs <= 0 || this.#isClosed) return;
      await this.#wait(waitMs);
    }
  }

  adoptedOf(member: PeerIdentity): number {
    return this.#gone.adoptedOf(member);
  }

  /**
   * Whether the node, if it may be the primary of keys, has the grants for that, or has had them.
   * It decides no key before.
   */
  get mayDecide(): boolean {
    return this.#hasBegun || this.#isClosed || !this.#isAnswering;
  }

  /** Resolves when the node may decide keys, or when the grants are closed. */
  async begun(): Promise<void> {
    while (!this.mayDecide) {
      await new Promise<void>((resolve) => this.#beginWaiters.push(resolve));
    }
  }

  /** A member asks for a promise. */
  asked(asker: PeerIdentity): Answer {
    const topology = this.#topology;
    const now = this.#deps.nowMs();
    const isPromised = topology !== undefined && !this.#isClosed && mayPromise(topology, asker);
    if (isPromised) {
      this.#promised.set(asker.name, { incarnation: asker.incarnation, promisedMs: now });
    }
    return { isPromised, adopted: topology?.version ?? 0, released: this.#releasedAt(now) };
  }

  /** The process of a member says that it answers no more: it needs no promise any longer. */
  left(member: PeerIdentity): void {
    const promise = promiseTo(member, this.#promised);
    if (promise === undefined) return;
    const promisedMs = Number.NEGATIVE_INFINITY;
    this.#promised.set(member.name, { incarnation: member.incarnation, promisedMs });
  }

  #releasedAt(nowMs: number): number {
    return nowMs >= this.#heldUntilMs ? (this.#topology?.version ?? 0) : this.#released;
  }

  /** The node answers for none of its keys any longer. */
  close(): void {
    this.#isClosed = true;
    this.#askTimer?.cancel();
    for (const hold of this.#holds) {
      hold.cancel();
      hold.done();
    }
    this.#gone.close();
    this.#deps.setAnswersUntil(Number.NEGATIVE_INFINITY);
    this.#wakeWaiters();
  }

  #hold(gone: PeerIdentity, nowMs: number): void {
    const until = takesOverAt(gone, this.#promised, nowMs, this.#options.grantMs);
    this.#heldUntilMs = Math.max(this.#heldUntilMs, until);
  }

  #noteNew({ members }: ClusterTopology, nowMs: number): void {
    const keys = new Set(members.map(peerKey));
    for (const key of keys) if (!this.#sinceMs.has(key)) this.#sinceMs.set(key, nowMs);
    for (const key of this.#sinceMs.keys()) if (!keys.has(key)) this.#sinceMs.delete(key);
  }

  #lookForSilence(topology: ClusterTopology): void {
    const before = this.#deps.nowMs() - this.#options.grantMs * SILENCE_PART;
    const silent = granters(topology, this.#self.name).filter((member) => {
      const granted = this.#granted.get(member.name);
      const isKnown = granted?.incarnation === member.incarnation;
      const heardMs = isKnown ? granted.askedMs : this.#sinceMs.get(peerKey(member))!;
      return !answers(member) && heardMs < before;
    });
    const names = silent.map(({ name }) => name);
    if (names.join() === this.#silent.join()) return;
    this.#silent = names;
    this.#deps.silenceChanged();
  }

  #forgetOthers({ members }: ClusterTopology): void {
    const names = new Set(members.map(({ name }) => name));
    for (const map of [this.#granted, this.#promised]) {
      for (const name of map.keys()) if (!names.has(name)) map.delete(name);
    }
  }

  #askAll(): void {
    if (this.#isClosed || this.#topology === undefined) return;
    this.#lookForSilence(this.#topology);
    for (const member of granters(this.#topology, this.#self.name)) this.#ask(member);
    this.#gone.review();
    const isQuick = this.running.length > 0 || !this.mayDecide;
    const questions = isQuick ? QUICK_QUESTIONS_PER_GRANT : QUESTIONS_PER_GRANT;
    const delayMs = this.#options.grantMs / questions;
    this.#askTimer = this.#deps.setTimer(() => this.#askAll(), delayMs);
  }

  /** One question at a time to each process. */
  #ask({ name, incarnation }: PeerIdentity): void {
    const process = `${name} ${incarnation}`;
    if (this.#asked.has(process)) return;
    this.#asked.add(process);
    const askedMs = this.#deps.nowMs();
    this.#deps.ask({ name, incarnation }, (answer) => {
      this.#asked.delete(process);
      if (answer === undefined || this.#isClosed) return;
      this.#gone.answered({ name, incarnation }, answer);
      if (answer.isPromised) this.#granted.set(name, { incarnation, askedMs });
      this.#publish();
      this.#gone.review();
    });
  }

  get #isAnswering(): boolean {
    const member = this.#topology && memberOf(this.#topology, this.#self.name);
    return member?.incarnation === this.#self.incarnation && answers(member);
  }

  /** Before the first grants the node sends no replies for keys of its own, so all may leave. */
  #publish(): void {
    const untilMs = answersUntil(this.#topology!, this.#self, this.#granted, this.#options);
    this.#hasBegun ||= this.#isAnswering && untilMs > this.#deps.nowMs();
    this.#deps.setAnswersUntil(this.mayDecide ? untilMs : Number.POSITIVE_INFINITY);
    if (this.mayDecide) this.#wakeWaiters();
  }

  #wakeWaiters(): void {
    for (const resolve of this.#beginWaiters.splice(0)) resolve();
  }

  #wait(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#holds.delete(hold);
        resolve();
      };
      const timer = this.#deps.setTimer(done, waitMs);
      const hold = { cancel: () => timer.cancel(), done };
      this.#holds.add(hold);
    });
  }
}
