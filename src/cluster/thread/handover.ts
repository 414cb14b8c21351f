import { CodedError } from '../../base/index.ts';
import { type Group, isProxy, type Member, STATE_RULES } from '../../topology/index.ts';
import { type Adopted, isSame, mayRun, type PeerIdentity } from './adopted.ts';
import { type Mark, Marks } from './marks.ts';

/** More topologies than this are not told apart: the oldest ones count as "any peer answers". */
const PAST_MAX = 16;

/** A topology by which some peer may still answer. */
interface Past {
  readonly version: number;
  readonly members: readonly Member[];
  /** Undefined: each of the members may be the primary of each key. */
  readonly groups: Adopted['groups'] | undefined;
  readonly self: number;
  /** By member: 1 once it cannot answer by this topology any more. */
  readonly released: Uint8Array;
}

/** Keys that this member has from a primary that has ended: others may lack its last change. */
interface Inheritance {
  /** Over once the receivers have all that this member had at this version. */
  readonly version: number;
  /** Undefined: each key may be one of them. */
  readonly past: Past | undefined;
  /** The primary, as an index of the past topology. */
  readonly member: number;
}

/** A promise of `settled`. */
interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: CodedError) => void;
}

const WAITERS_MAX = 10_000;
/** More primaries that have ended are not told apart: then each key may be inherited. */
const INHERITANCES_MAX = 16;

/**
 * Decides which keys of this member another member may still answer: a key that another member was
 * primary of in an earlier topology stays undecided until that member has sent its mark for a later
 * one, or its process has ended. It looks at each earlier topology, because a member that was
 * primary for a moment only may itself have waited for an older one.
 */
export class Handover {
  readonly #marks = new Marks();
  #adopted: Adopted | undefined;
  /** The topology that all threads of this node have adopted. */
  #decided = 0;
  #past: Past[] = [];
  /** Whether keys have been decided in a topology in which this member answers. */
  #hasBegun = false;
  #running: readonly PeerIdentity[] = [];
  readonly #waiters: Waiter[] = [];
  #inheritances: Inheritance[] = [];

  /** Whether no key can be undecided. */
  get isOver(): boolean {
    return this.#past.length === 0;
  }

  /** Whether the first topology of this member is not decided yet, or the first that it answers. */
  get isStarting(): boolean {
    return !this.#hasBegun || this.#past.some(({ groups }) => groups === undefined);
  }

  /** Whether some key may be inherited. */
  get inherits(): boolean {
    return this.#inheritances.length > 0;
  }

  /** The adopted version, once no key of it is undecided; else 0. */
  get overVersion(): number {
    const version = this.#adopted?.topology.version ?? 0;
    return this.isOver && this.#decided === version ? version : 0;
  }

  /** The versions of earlier topologies that some peer may still answer by. */
  get openVersions(): readonly number[] {
    return this.#past.map(({ version }) => version);
  }

  adopt(adopted: Adopted): void {
    const previous = this.#adopted;
    this.#adopted = adopted;
    const own = adopted.topology.members[adopted.self];
    // A proxy is the primary of no key, so it waits for nobody.
    if (own !== undefined && isProxy(own)) return;
    this.#past.push(previous === undefined ? unknownPast(adopted) : pastOf(previous));
    if (this.#past.length > PAST_MAX) this.#mergeOldest();
  }

  /** These marks have arrived; they decide nothing yet. */
  know(marks: readonly Mark[]): void {
    this.#marks.addAll(marks);
  }

  /**
   * All threads of this node have adopted `version`, and know these marks.
   * @param running members that the topology says are down, and that may still answer
   */
  decide(version: number, marks: readonly Mark[], running: readonly PeerIdentity[] = []): void {
    this.#marks.addAll(marks);
    this.#running = running;
    this.#decided = Math.max(this.#decided, version);
    const adopted = this.#adopted;
    if (adopted === undefined || adopted.topology.version !== this.#decided) return;
    const own = adopted.topology.members[adopted.self];
    this.#hasBegun ||= own !== undefined && STATE_RULES[own.state].answers;
    for (const past of this.#past) this.#release(past, adopted);
    this.#marks.prune([adopted]);
    this.#past = this.#past.filter((past) => past.released.includes(0));
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  /** Whether another member may still answer this key, which this one is primary of. */
  isUndecided(bytes: Buffer, start: number, end: number): boolean {
    if (!this.#hasBegun) return true;
    return this.#past.some((past) => {
      const { groups, self, released } = past;
      if (groups === undefined) return true;
      const { primary } = groups.groupOf(bytes, start, end);
      return primary !== -1 && primary !== self && released[primary] === 0;
    });
  }

  /**
   * Whether the primary of the key has ended and another member held the key too: this member may
   * have a change that the other one lacks.
   */
  isInherited(bytes: Buffer, start: number, end: number): boolean {
    return this.#inheritances.some(({ past, member }) => {
      if (past?.groups === undefined) return true;
      return isShared(past.groups.groupOf(bytes, start, end), member, past.self);
    });
  }

  /** The receivers of this member have all that it had at this version. */
  completed(version: number): void {
    this.#inheritances = this.#inheritances.filter((one) => one.version > version);
  }

  /** The version of the newest mark of a peer; 0 for none. */
  markOf(peer: PeerIdentity): number {
    return this.#marks.versionOf(peer);
  }

  /** Resolves after the next decision; the caller bounds its wait. */
  settled(): Promise<void> {
    if (this.#waiters.length >= WAITERS_MAX) return Promise.reject(tooMany());
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  end(): void {
    for (const { reject } of this.#waiters.splice(0)) reject(stopped());
  }

  #release(past: Past, adopted: Adopted): void {
    const { version, members, self, released } = past;
    members.forEach((member, at) => {
      if (released[at] === 1) return;
      // A proxy has never answered for a key, so nobody waits for its mark.
      const isFree = at === self || isProxy(member) || this.#marks.versionOf(member) > version;
      if (isFree || this.#hasEnded(member, adopted)) released[at] = 1;
      if (!isFree && released[at] === 1) this.#inherit(past, at, adopted);
    });
  }

  #inherit(past: Past, member: number, { topology }: Adopted): void {
    const { groups, self } = past;
    // A member without a topology before this one held nothing.
    if (groups === undefined && self !== -1) return;
    if (groups?.groups.some((group) => isShared(group, member, self)) === false) return;
    const { version } = topology;
    if (this.#inheritances.length < INHERITANCES_MAX) {
      this.#inheritances.push({ version, past, member });
    } else this.#inheritances = [{ version, past: undefined, member }];
  }

  /**
   * Whether the process has ended, or answers for no key since an older topology: a member without
   * weight holds nothing. One that leaves has none in its last topology.
   */
  #hasEnded(member: Member, { topology }: Adopted): boolean {
    if (this.#running.some((one) => isSame(one, member))) return false;
    const isNamed = topology.members.some(({ name }) => name === member.name);
    if (isNamed) return !mayRun(topology, member);
    const last = this.#past.findLast(({ members }) => members.some((one) => isSame(one, member)));
    return last?.members.find((one) => isSame(one, member))?.weight === 0;
  }

  #mergeOldest(): void {
    const [first, second] = this.#past.splice(0, 2) as [Past, Past];
    const others = othersOf(first);
    const added = othersOf(second).filter((one) => others.every((other) => !isSame(one, other)));
    const members = [...others, ...added];
    this.#past.unshift({ ...unknown(second.version, members), self: -1 });
  }
}

/** Whether this member of a past topology held keys of a primary together with another one. */
function isShared({ primary, receivers }: Group, member: number, self: number): boolean {
  return primary === member && receivers.length > 1 && receivers.includes(self);
}

function pastOf({ topology, groups, self }: Adopted): Past {
  const { version, members } = topology;
  return { version, members, groups, self, released: neverAnswering(members) };
}

/**
 * By member: 1 if its process has not answered for a key by this topology or an older one, or has
 * ended. Nobody waits for its mark: it may be removed without one.
 */
function neverAnswering(members: readonly Member[]): Uint8Array {
  return Uint8Array.from(members, ({ state }) => (STATE_RULES[state].answers ? 0 : 1));
}

/** The other members that may still answer by this topology. */
function othersOf({ members, self, released }: Past): readonly Member[] {
  return members.filter((_, at) => at !== self && released[at] === 0);
}

/** Before its first topology a member knows nothing: each peer may answer each key. */
function unknownPast({ topology, self }: Adopted): Past {
  return { ...unknown(topology.version - 1, topology.members), self };
}

function unknown(version: number, members: readonly Member[]): Omit<Past, 'self'> {
  return { version, members, groups: undefined, released: neverAnswering(members) };
}

function tooMany(): CodedError {
  const waiting = `${WAITERS_MAX} requests wait already`;
  return new CodedError('ERR_HANDOVER', `The keys are handed over, and ${waiting}. Try again.`);
}

function stopped(): CodedError {
  return new CodedError('ERR_HANDOVER', 'The node stops before the keys are handed over.');
}
