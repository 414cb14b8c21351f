import { setTimeout as pause } from 'node:timers/promises';
import { CodedError } from '../../../base/index.ts';
import {
  type ClusterTopology,
  type Member,
  memberOf,
  TopologyError,
  withReplaced,
} from '../../../topology/index.ts';
import { ChangeAccount } from '../../changes/change-account.ts';
import type { ChangeEvent, ChangeRequest, MoveStep } from '../../changes/change-events.ts';
import { isSame, type PeerIdentity } from '../../thread/adopted.ts';
import type { ChangeLock } from './change-lock.ts';
import type { BegunState, ChangeParts } from './change-parts.ts';
import { EtcdError } from './etcd-error.ts';
import { movedOf, processOf, waitsFor } from './etcd-members.ts';
import { knownMembers, type Newcomer, newcomerIn } from './newcomer.ts';
import { encodeOrder, type Removal, type Replacement, type Restart } from './orders.ts';

/** How often the state in etcd is read while a change is under way. */
const POLL_MS = 200;
/** A change that does not advance for this time has failed. */
const STALL_MS_MAX = 60_000;
/** An operator starts the node that `add` or `replace` waits for within this time. */
const NEWCOMER_MS_MAX = 600_000;

type Stage = MoveStep | 'starts' | 'stops' | 'is awaited';
/** Where a change stands; undefined: it is done. */
type Progress = { readonly node: string; readonly stage: Stage } | undefined;

/** The change of one node. The driver of the cluster does it; this orders and watches it. */
export class NodeChange {
  readonly #parts: ChangeParts;
  readonly #lock: ChangeLock;
  readonly #request: ChangeRequest;
  readonly #account: ChangeAccount;
  readonly #events: ChangeEvent[] = [];

  constructor(parts: ChangeParts, lock: ChangeLock, request: ChangeRequest) {
    this.#parts = parts;
    this.#lock = lock;
    this.#request = request;
    this.#account = new ChangeAccount(request.action, (event) => this.#events.push(event));
  }

  /**
   * @param name of the node; of one that joins it may be undefined
   * @throws {CodedError} `ERR_CHANGE` if the change is not done; what has begun goes on.
   */
  async *run(name: string | undefined): AsyncGenerator<ChangeEvent> {
    const state = await this.#read();
    this.#lock.check(state.lock);
    switch (this.#request.action) {
      case 'add':
        return yield* this.#add(state, name);
      case 'remove':
        return yield* this.#remove(state, memberNamed(state, name));
      case 'replace':
        return yield* this.#replace(state, memberNamed(state, name));
      case 'restart':
        return yield* this.#restart(state, memberNamed(state, name));
    }
  }

  async *#add({ newest }: BegunState, name: string | undefined): AsyncGenerator<ChangeEvent> {
    const before = name === undefined ? knownMembers(newest) : [];
    let found: Newcomer | undefined;
    yield* this.#until((state) => {
      found ??= newcomerIn(state.newest, state, before, name);
      if (found === undefined) return { node: name ?? 'the next node', stage: 'is awaited' };
      const member = sameMember(state.newest, found);
      if (member === undefined && processOf(found, state.nodes) === undefined) {
        throw changeError(`${found.name} ended before it had its items.`);
      }
      return member?.state === 'serving'
        ? undefined
        : { node: found.name, stage: 'gets its items' };
    });
    yield* this.#end(found!);
  }

  async *#remove({ nodes }: BegunState, member: Member): AsyncGenerator<ChangeEvent> {
    const { name, incarnation } = member;
    const hasEnded = processOf(member, nodes) === undefined;
    const key = this.#parts.keys.removal(name);
    await this.#order(key, { name, incarnation, by: 0, hasEnded });
    yield* this.#until(
      ({ newest }) => sameMember(newest, member) && { node: name, stage: 'gives its items away' },
      key,
    );
    yield* this.#end(member);
  }

  async *#replace({ newest }: BegunState, old: Member): AsyncGenerator<ChangeEvent> {
    const { name, incarnation } = old;
    const before = knownMembers(newest);
    // The order ends with this command, until a node has joined by it.
    await this.#order(this.#parts.keys.replacement(name), { name, incarnation }, this.#lock.lease);
    let joined: Member | undefined;
    yield* this.#until((state) => {
      const now = newcomerIn(state.newest, state, before, undefined);
      const member = now && sameMember(state.newest, now);
      if (joined !== undefined && sameMember(state.newest, joined) === undefined) {
        throw changeError(`${joined.name} ended before it had its items: ${name} stays.`);
      }
      joined ??= member;
      if (joined === undefined) {
        if (now !== undefined) withReplaced(state.newest, name, now);
        return { node: 'the next node', stage: 'is awaited' };
      }
      const isOver = member?.state === 'serving' && sameMember(state.newest, old) === undefined;
      return isOver ? undefined : { node: joined.name, stage: 'gets its items' };
    });
    yield* this.#end(joined!);
  }

  async *#restart({ nodes }: BegunState, old: Member): AsyncGenerator<ChangeEvent> {
    const { name, incarnation } = old;
    if (processOf(old, nodes) === undefined) {
      throw changeError(`${name} has no process in etcd: start its service.`);
    }
    const { memoryLimitBytes = 0, isByService = false } = this.#request;
    const key = this.#parts.keys.restart(name);
    await this.#order(key, { name, incarnation, memoryLimitBytes, isByService });
    yield* this.#until((state) => restartProgress(state, old), key);
    yield* this.#end(old);
  }

  #order(key: string, order: Removal | Restart | Replacement, lease?: string): Promise<void> {
    return this.#parts.client.put(key, encodeOrder(order), lease);
  }

  *#end(member: Newcomer): Generator<ChangeEvent> {
    this.#account.end(member);
    yield* this.#events.splice(0);
  }

  /** @param orderKey an order that is undone if nobody obeys it */
  async *#until(
    look: (state: BegunState) => Progress,
    orderKey?: string,
  ): AsyncGenerator<ChangeEvent> {
    let last = '';
    let lastMs = performance.now();
    for (let stage: Stage | undefined; ; ) {
      this.#lock.checkTime();
      const state = await this.#readInTime();
      if (state !== undefined) this.#lock.check(state.lock);
      const now = state && looked(look, state);
      if (state !== undefined && now === undefined) break;
      if (now !== undefined) {
        if (this.#tell(state!, now, stage, last)) lastMs = performance.now();
        last = textOf(state!, now);
        stage = now.stage;
      }
      yield* this.#events.splice(0);
      const limitMs = stage === 'is awaited' ? NEWCOMER_MS_MAX : STALL_MS_MAX;
      if (performance.now() - lastMs > limitMs) throw await this.#stalled(stage, orderKey);
      await pause(POLL_MS);
    }
  }

  /** Returns whether the change has advanced. */
  #tell(
    state: BegunState,
    { node, stage }: NonNullable<Progress>,
    before: Stage | undefined,
    last: string,
  ): boolean {
    if (textOf(state, { node, stage }) === last) return false;
    const isMove = stage === 'gets its items' || stage === 'gives its items away';
    if (isMove) this.#account.moved(node, stage, movedOf(state));
    else if (stage !== before) this.#account.step({ name: node }, stage);
    return true;
  }

  async #read(): Promise<BegunState> {
    const { read, keys } = this.#parts;
    const state = await read();
    const { newest } = state;
    if (newest !== undefined) return { ...state, newest };
    throw changeError(`etcd has lost the topologies below ${keys.prefix}.`);
  }

  /** Undefined while etcd cannot be reached; the lock says for how long that may be. */
  async #readInTime(): Promise<BegunState | undefined> {
    try {
      return await this.#read();
    } catch (error) {
      if (error instanceof EtcdError && error.code === 'ERR_ETCD_DOWN') return undefined;
      throw error;
    }
  }

  async #stalled(stage: Stage | undefined, orderKey: string | undefined): Promise<CodedError> {
    if (stage === 'is awaited') {
      const start = 'start it with slabring serve --join and --cluster';
      return changeError(`No node has joined in ${minutes(NEWCOMER_MS_MAX)}: ${start}.`);
    }
    const state = await this.#read();
    const { newest } = state;
    const reasons = waitsFor(newest, state).join('; ') || 'no node drives the cluster';
    const text = `Nothing has moved for ${STALL_MS_MAX / 1000} s: ${reasons}.`;
    if (orderKey === undefined) return changeError(`${text} The change goes on after that.`);
    const isUndone = await this.#undo(newest, orderKey);
    return changeError(
      isUndone ? `${text} The change is undone.` : `${text} The change goes on after that.`,
    );
  }

  /** An order that the driver has not obeyed is taken back, unless it does at this moment. */
  async #undo(newest: ClusterTopology, orderKey: string): Promise<boolean> {
    if (newest.members.some(({ state }) => state === 'leaving')) return false;
    const key = this.#parts.keys.topology(newest.version + 1);
    const { succeeded } = await this.#parts.client.transact(
      [{ key, target: 'created', revision: 0 }],
      [{ remove: orderKey }],
    );
    return succeeded;
  }
}

/** A node that restarts leaves, or ends at once; its new process joins, or is filled. */
function restartProgress({ newest, nodes }: BegunState, old: Member): Progress {
  const { name: node } = old;
  const member = memberOf(newest, node);
  if (member !== undefined && !isSame(member, old)) {
    return member.state === 'serving' ? undefined : { node, stage: 'gets its items' };
  }
  if (member?.state === 'leaving') return { node, stage: 'gives its items away' };
  return { node, stage: processOf(old, nodes) === undefined ? 'starts' : 'stops' };
}

/** A change that breaks a rule by now has failed. */
function looked(look: (state: BegunState) => Progress, state: BegunState): Progress {
  try {
    return look(state);
  } catch (error) {
    if (error instanceof TopologyError) throw changeError(error.message);
    throw error;
  }
}

const textOf = (state: BegunState, progress: NonNullable<Progress>): string =>
  JSON.stringify([progress, movedOf(state), state.newest.version]);

const sameMember = (topology: ClusterTopology, process: PeerIdentity): Member | undefined =>
  topology.members.find((member) => isSame(member, process));

function memberNamed({ newest }: BegunState, name: string | undefined): Member {
  const member = memberOf(newest, name ?? '');
  if (member !== undefined) return member;
  throw changeError(`The cluster ${newest.cluster} has no node ${name} any more.`);
}

const minutes = (ms: number): string => `${ms / 60_000} minutes`;

const changeError = (message: string): CodedError => new CodedError('ERR_CHANGE', message);
