import { answers, type ClusterTopology, type Member, memberOf } from '../../topology/index.ts';
import {
  answersUntil,
  type Granted,
  goneBetween,
  granters,
  mayPromise,
  newBetween,
  type Promised,
  promiseTo,
  takesOverAt,
} from './grant-policy.ts';

/** A process of a member. */
type MemberProcess = Pick<Member, 'name' | 'incarnation'>;

interface GrantsDeps {
  /** Sends a ping to a member; calls `settle` once, within a bounded time: whether it promises. */
  readonly ask: (member: MemberProcess, settle: (isPromised: boolean) => void) => void;
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
/** The same while requests wait for the first grants. */
const FIRST_QUESTIONS_PER_GRANT = 60;
/** A new member that is silent for this part of the time is told. */
const SILENCE_PART = 0.75;

/**
 * The grants that a node gets from other members, and those that it gives. The node reports that it
 * is clean in a version only after `released`: so when a new member serves, every node that
 * had promised something to a member that has gone has waited for its end.
 */
export class Grants {
  readonly #self: MemberProcess;
  readonly #grantMs: number;
  readonly #deps: GrantsDeps;
  readonly #granted = new Map<string, Granted>();
  readonly #promised = new Map<string, Promised>();
  /** The members that a question is on its way to. */
  readonly #asked = new Set<string>();
  #topology: ClusterTopology | undefined;
  #silent: readonly string[] = [];
  /** Before this time the node answers for no key of a member that has gone. */
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #askTimer: { cancel(): void } | undefined;
  readonly #holds = new Set<{ cancel(): void; done: () => void }>();
  /** Whether the node has had the right to answer for keys of its own. */
  #hasBegun = false;
  readonly #beginWaiters: (() => void)[] = [];
  #isClosed = false;

  constructor(self: MemberProcess, grantMs: number, deps: GrantsDeps) {
    this.#self = self;
    this.#grantMs = grantMs;
    this.#deps = deps;
  }

  /** From here on the node promises nothing to members that this topology lacks. */
  adopting(topology: ClusterTopology): void {
    const before = this.#topology;
    const now = this.#deps.nowMs();
    this.#topology = topology;
    if (before !== undefined) this.#welcome(newBetween(before, topology), now);
    for (const gone of goneBetween(before, topology)) this.#hold(gone, now);
    this.#forgetOthers(topology);
    this.#publish();
    this.#lookForSilence(topology);
    this.#askTimer?.cancel();
    this.#askAll();
  }

  /** When no member that has gone lives by a promise of this node any longer; may be past. */
  get heldUntilMs(): number {
    return this.#heldUntilMs;
  }

  /** New members that have promised nothing for most of the time: nobody should wait for them. */
  get silent(): readonly string[] {
    return this.#silent;
  }

  /** Resolves at `heldUntilMs`, or when the grants are closed. */
  async released(): Promise<void> {
    for (;;) {
      const waitMs = this.#heldUntilMs - this.#deps.nowMs();
      if (waitMs <= 0 || this.#isClosed) return;
      await this.#wait(waitMs);
    }
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

  /** A member asks for a promise; true promises it. */
  asked(asker: MemberProcess): boolean {
    const topology = this.#topology;
    if (topology === undefined || this.#isClosed || !mayPromise(topology, asker)) return false;
    const promisedMs = this.#deps.nowMs();
    this.#promised.set(asker.name, { incarnation: asker.incarnation, promisedMs });
    return true;
  }

  /** The process of a member says that it answers no more: it needs no promise any longer. */
  left(member: MemberProcess): void {
    const promise = promiseTo(member, this.#promised);
    if (promise === undefined) return;
    const promisedMs = Number.NEGATIVE_INFINITY;
    this.#promised.set(member.name, { incarnation: member.incarnation, promisedMs });
  }

  /** The node answers for none of its keys any longer. */
  close(): void {
    this.#isClosed = true;
    this.#askTimer?.cancel();
    for (const hold of this.#holds) {
      hold.cancel();
      hold.done();
    }
    this.#deps.setAnswersUntil(Number.NEGATIVE_INFINITY);
    this.#wakeWaiters();
  }

  #hold(gone: MemberProcess, nowMs: number): void {
    const until = takesOverAt(gone, this.#promised, nowMs, this.#grantMs);
    this.#heldUntilMs = Math.max(this.#heldUntilMs, until);
  }

  /**
   * A new member takes nothing over before this node has reported that it has adopted a topology
   * with it. So it counts as if it had promised now, and a join interrupts nothing.
   */
  #welcome(members: readonly MemberProcess[], askedMs: number): void {
    for (const { name, incarnation } of members) this.#granted.set(name, { incarnation, askedMs });
  }

  #lookForSilence(topology: ClusterTopology): void {
    const before = this.#deps.nowMs() - this.#grantMs * SILENCE_PART;
    const silent = granters(topology, this.#self.name).filter((member) => {
      const granted = this.#granted.get(member.name);
      return !answers(member) && (granted?.askedMs ?? before) < before;
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
    const questions = this.mayDecide ? QUESTIONS_PER_GRANT : FIRST_QUESTIONS_PER_GRANT;
    const delayMs = this.#grantMs / questions;
    this.#askTimer = this.#deps.setTimer(() => this.#askAll(), delayMs);
  }

  /** One question at a time to each process. */
  #ask({ name, incarnation }: MemberProcess): void {
    const process = `${name} ${incarnation}`;
    if (this.#asked.has(process)) return;
    this.#asked.add(process);
    const askedMs = this.#deps.nowMs();
    this.#deps.ask({ name, incarnation }, (isPromised) => {
      this.#asked.delete(process);
      if (!isPromised || this.#isClosed) return;
      this.#granted.set(name, { incarnation, askedMs });
      this.#publish();
    });
  }

  get #isAnswering(): boolean {
    const member = this.#topology && memberOf(this.#topology, this.#self.name);
    return member?.incarnation === this.#self.incarnation && answers(member);
  }

  /** Before the first grants the node sends no replies for keys of its own, so all may leave. */
  #publish(): void {
    const untilMs = answersUntil(this.#topology!, this.#self, this.#granted, this.#grantMs);
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
