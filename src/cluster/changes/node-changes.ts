import { CodedError } from '../../base/index.ts';
import { memberOf, TopologyError, withChangeGivenUp, withLeaving } from '../../topology/index.ts';
import type { LocalCluster } from '../local-cluster.ts';
import type { TopologyKeeper } from '../membership/topology-keeper.ts';
import type { NodePlan, SupervisedNode } from '../supervised-node.ts';
import { ChangeAccount } from './change-account.ts';
import type { ChangeEvent, ChangeRequest, MoveStep, PlannedChange } from './change-events.ts';
import { factsOf, planChanges, restartWay } from './change-plan.ts';
import { ChangeProgress } from './change-progress.ts';

interface ChangeDeps {
  readonly cluster: LocalCluster;
  /** The plan of a node that the cluster does not have yet, the first such one being 0. */
  readonly newPlan: (nth: number) => NodePlan;
}

/** A new node takes the next address if another program listens on the first one. */
const ADDRESSES_TRIED_MAX = 8;

interface Watcher {
  readonly onEvent: (event: ChangeEvent) => void;
  /** Aborts when nobody wants further nodes changed. */
  readonly signal: AbortSignal;
}

/** Adds, removes, replaces and restarts nodes while the cluster serves. */
export class NodeChanges {
  readonly #deps: ChangeDeps;

  constructor(deps: ChangeDeps) {
    this.#deps = deps;
  }

  /** @throws {CodedError} `ERR_CHANGE` if it breaks a rule; then nothing has happened. */
  async run(request: ChangeRequest, { onEvent, signal }: Watcher): Promise<void> {
    const plan = await this.#plan(request);
    onEvent({ event: 'change-plan', changes: plan });
    if (!request.dryRun) await this.#execute(plan, request, { onEvent, signal });
  }

  /** Goes on with what a supervisor that has ended left half done. */
  resume(onFailure: (reason: string) => void): void {
    const { membership } = this.#deps.cluster;
    const leaving = this.#keeper.topology.members.filter(({ state }) => state === 'leaving');
    for (const { name } of leaving.filter((member) => !membership.expects(member.name))) {
      const { signal } = new AbortController();
      const work = this.#awaitRemoval(this.#nodeOf(name), { onEvent: () => {}, signal });
      work.catch((error: unknown) => onFailure(reasonOf(error)));
    }
  }

  get #keeper(): TopologyKeeper {
    return this.#deps.cluster.membership.keeper!;
  }

  async #plan(request: ChangeRequest): Promise<readonly PlannedChange[]> {
    const { cluster, newPlan } = this.#deps;
    const { name, address } = newPlan(0);
    try {
      const facts = await factsOf(cluster.nodes);
      return planChanges(this.#keeper.topology, facts, request, { name, address });
    } catch (error) {
      if (error instanceof TopologyError) throw changeRefusal(error.message);
      throw error;
    }
  }

  async #execute(
    plan: readonly PlannedChange[],
    { memoryLimitBytes }: ChangeRequest,
    watcher: Watcher,
  ): Promise<void> {
    const changed: string[] = [];
    for (const [at, { node, action }] of plan.entries()) {
      const untouched = plan.slice(at).map((each) => each.node);
      try {
        if (watcher.signal.aborted) throw changeRefusal('Nobody waits for the change any more.');
        if (action === 'add') await this.#add(memoryLimitBytes, watcher);
        else if (action === 'replace')
          await this.#replace(this.#nodeOf(node), memoryLimitBytes, watcher);
        else if (action === 'remove') await this.#remove(this.#nodeOf(node), watcher);
        else await this.#restart(this.#nodeOf(node), memoryLimitBytes, watcher);
        changed.push(node);
      } catch (error) {
        watcher.onEvent({ event: 'change-failed', reason: reasonOf(error), changed, untouched });
        return;
      }
    }
    watcher.onEvent({ event: 'done' });
  }

  async #add(memoryLimitBytes: number | undefined, watcher: Watcher): Promise<void> {
    const { cluster } = this.#deps;
    const account = new ChangeAccount('add', watcher.onEvent);
    const node = await this.#startNew(memoryLimitBytes, account);
    try {
      cluster.membership.join(node);
      await this.#awaitServing(node, account);
    } catch (error) {
      await this.#undoJoin(node);
      throw error;
    }
    account.end(node);
  }

  /** Nothing has moved for good: the others have all their items. */
  async #undoJoin(node: SupervisedNode): Promise<void> {
    const state = memberOf(this.#keeper.topology, node.name)?.state;
    if (state === 'joining') this.#keeper.change(withChangeGivenUp, `${node.name} gives up`);
    if (state === undefined || state === 'joining') await this.#deps.cluster.remove(node);
  }

  /** One change: the new node gets the items while the old one gives them away. */
  async #replace(
    old: SupervisedNode,
    memoryLimitBytes: number | undefined,
    watcher: Watcher,
  ): Promise<void> {
    const { cluster } = this.#deps;
    const account = new ChangeAccount('replace', watcher.onEvent);
    const node = await this.#startNew(memoryLimitBytes, account);
    try {
      cluster.membership.replace(old, node);
      await this.#awaitServing(node, account);
      await this.#awaitLeft(old, account);
    } catch (error) {
      await this.#undoJoin(node);
      throw error;
    }
    account.step(old, 'stops');
    await cluster.remove(old);
    account.end(node);
  }

  async #startNew(memory: number | undefined, account: ChangeAccount): Promise<SupervisedNode> {
    const { cluster, newPlan } = this.#deps;
    for (let nth = 0; ; nth++) {
      const plan = newPlan(nth);
      account.step(plan, 'starts');
      try {
        return await cluster.add(plan, memory);
      } catch (error) {
        const isTaken = error instanceof CodedError && error.code === 'ERR_PORT_TAKEN';
        if (!isTaken || nth + 1 >= ADDRESSES_TRIED_MAX) throw error;
      }
    }
  }

  async #remove(node: SupervisedNode, watcher: Watcher): Promise<void> {
    this.#leave(node);
    await this.#awaitRemoval(node, watcher);
  }

  async #awaitRemoval(node: SupervisedNode, watcher: Watcher): Promise<void> {
    const account = new ChangeAccount('remove', watcher.onEvent);
    await this.#awaitLeft(node, account);
    account.step(node, 'stops');
    await this.#deps.cluster.remove(node);
    account.end(node);
  }

  async #restart(
    node: SupervisedNode,
    memoryLimitBytes: number | undefined,
    watcher: Watcher,
  ): Promise<void> {
    const { membership } = this.#deps.cluster;
    const account = new ChangeAccount('restart', watcher.onEvent);
    const memory = memoryLimitBytes ?? (await node.facts())?.memoryLimitBytes;
    if (restartWay(this.#keeper.topology, node.name) === 'leave and join') {
      membership.expect(node);
      await this.#leaveToReturn(node, account);
    }
    account.step(node, 'stops');
    const handlers = { onItems: () => {}, onStarting: () => account.step(node, 'starts') };
    await node.restart(handlers, memory, false);
    await this.#awaitServing(node, account);
    account.end(node);
  }

  async #leaveToReturn(node: SupervisedNode, account: ChangeAccount): Promise<void> {
    try {
      this.#leave(node);
      await this.#awaitLeft(node, account);
    } catch (error) {
      this.#deps.cluster.membership.expectNoMore(node);
      throw error;
    }
  }

  #leave({ name }: SupervisedNode): void {
    this.#keeper.change((topology) => withLeaving(topology, name), `${name} leaves`);
  }

  /** @throws {CodedError} `ERR_CHANGE` if the node stays; then nothing has happened. */
  async #awaitLeft({ name }: SupervisedNode, account: ChangeAccount): Promise<void> {
    const state = () => memberOf(this.#keeper.topology, name)?.state;
    const isLeaving = (): boolean => state() === 'leaving' || state() === 'gone';
    try {
      await this.#await({ name }, account, 'gives its items away', () => !isLeaving());
    } catch (error) {
      // Without weight it has given its items away: it is too late to stay.
      const hasWeight = memberOf(this.#keeper.topology, name)?.weight !== 0;
      if (isLeaving() && hasWeight) this.#keeper.change(withChangeGivenUp, `${name} stays`);
      throw error;
    }
    if (state() !== undefined)
      throw changeRefusal(`${name} stays, because its leave was given up.`);
  }

  /** @throws {CodedError} `ERR_CHANGE` if the node ends before it has its items. */
  async #awaitServing({ name }: SupervisedNode, account: ChangeAccount): Promise<void> {
    const { membership } = this.#deps.cluster;
    const state = () => memberOf(this.#keeper.topology, name)?.state;
    const isSettled = (): boolean =>
      state() === 'serving' || (state() === undefined && !membership.expects(name));
    await this.#await({ name }, account, 'gets its items', isSettled);
    if (state() === undefined) throw changeRefusal(`${name} ended before it had its items.`);
  }

  async #await(
    { name }: Pick<SupervisedNode, 'name'>,
    account: ChangeAccount,
    step: MoveStep,
    isDone: () => boolean,
  ): Promise<void> {
    const progress = new ChangeProgress(this.#keeper, (moved) => account.moved(name, step, moved));
    try {
      await this.#keeper.until(isDone, progress.signal);
    } finally {
      progress.end();
    }
  }

  /** @throws {CodedError} `ERR_CHANGE` if the node has ended in the meantime. */
  #nodeOf(name: string): SupervisedNode {
    const node = this.#deps.cluster.nodes.find((each) => each.name === name);
    if (node === undefined) throw changeRefusal(`The process of ${name} does not run.`);
    return node;
  }
}

function changeRefusal(message: string): CodedError {
  return new CodedError('ERR_CHANGE', message);
}

/** @throws what is no failure but a bug. */
function reasonOf(error: unknown): string {
  if (error instanceof CodedError) return error.message;
  throw error;
}
