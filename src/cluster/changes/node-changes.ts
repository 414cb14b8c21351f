import { CodedError } from '../../base/index.ts';
import { memberOf, TopologyError, withChangeGivenUp, withLeaving } from '../../topology/index.ts';
import type { LocalCluster } from '../local-cluster.ts';
import type { TopologyKeeper } from '../membership/topology-keeper.ts';
import type { GivenOptions, NodePlan, SupervisedNode } from '../supervised-node.ts';
import { Cancellation } from './cancellation.ts';
import { ChangeAccount } from './change-account.ts';
import type { ChangeEvent, ChangeRequest, PlannedChange } from './change-events.ts';
import { factsOf, planChanges, restartWay } from './change-plan.ts';
import { ChangeWaits, changeRefusal } from './change-waits.ts';

interface ChangeDeps {
  readonly cluster: LocalCluster;
  /** The plan of a node that the cluster does not have yet, the first such one being 0. */
  readonly newPlan: (nth: number) => NodePlan;
}

/** Who has asked for the changes. */
const OPERATOR = 'operator';
/** A new node takes the next address if another program listens on the first one. */
const ADDRESSES_TRIED_MAX = 8;

interface Watcher {
  readonly onEvent: (event: ChangeEvent) => void;
  /** Aborts when nobody wants further nodes changed. */
  readonly signal: AbortSignal;
}

/** One change under way. */
interface Work extends Watcher {
  readonly cancellation: Cancellation;
}

/** Adds, removes, replaces and restarts nodes while the cluster serves. */
export class NodeChanges {
  readonly #deps: ChangeDeps;
  readonly #waits: ChangeWaits;
  #current: { readonly cancellation: Cancellation; readonly ended: Promise<void> } | undefined;

  constructor(deps: ChangeDeps) {
    this.#deps = deps;
    this.#waits = new ChangeWaits(deps.cluster.membership);
  }

  /** @throws {CodedError} `ERR_CHANGE` if it breaks a rule; then nothing has happened. */
  async run(request: ChangeRequest, { onEvent, signal }: Watcher): Promise<void> {
    const plan = await this.#plan(request);
    onEvent({ event: 'change-plan', changes: plan });
    if (request.dryRun) return;
    const cancellation = new Cancellation(request.action);
    await this.#track(
      cancellation,
      this.#execute(plan, request, { onEvent, signal, cancellation }),
    );
  }

  /**
   * Gives up the change under way, unless its new ring is in force: then the nodes are as before.
   * Of a restart of several nodes it gives up what has not happened. Resolves, when that is done,
   * with what was given up; a dry run only tells it.
   * @throws {CodedError} `ERR_CHANGE` if there is nothing to give up.
   */
  async cancel(dryRun: boolean): Promise<string> {
    if (this.#current === undefined) {
      throw changeRefusal('No change of the cluster is under way.');
    }
    const { cancellation, ended } = this.#current;
    if (cancellation.phase === 'moves') this.#checkNotInForce();
    const { scope } = cancellation;
    if (scope === undefined) {
      throw changeRefusal('The new ring is in force already, so the change goes on to its end.');
    }
    if (dryRun) return scope;
    cancellation.request();
    await ended;
    return scope;
  }

  #checkNotInForce(): void {
    try {
      withChangeGivenUp(this.#keeper.topology);
    } catch (error) {
      if (error instanceof TopologyError) throw changeRefusal(error.message);
      throw error;
    }
  }

  async #track(cancellation: Cancellation, work: Promise<void>): Promise<void> {
    const ended = work.catch(() => {});
    this.#current = { cancellation, ended };
    try {
      await work;
    } finally {
      this.#current = undefined;
    }
  }

  /** Goes on with what a supervisor that has ended left half done. */
  resume(onFailure: (reason: string) => void): void {
    const { membership } = this.#deps.cluster;
    const leaving = this.#keeper.topology.members.filter(({ state }) => state === 'leaving');
    for (const { name } of leaving.filter((member) => !membership.expects(member.name))) {
      const { signal } = new AbortController();
      const cancellation = new Cancellation('remove');
      cancellation.next(name, []);
      const watcher = { onEvent: () => {}, signal, cancellation };
      const work = this.#awaitRemoval(this.#nodeOf(name), watcher);
      this.#track(cancellation, work).catch((error: unknown) => onFailure(reasonOf(error)));
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

  async #execute(plan: readonly PlannedChange[], given: ChangeRequest, work: Work): Promise<void> {
    const changed: string[] = [];
    for (const [at, { node, action }] of plan.entries()) {
      const untouched = plan.slice(at).map((each) => each.node);
      try {
        if (work.signal.aborted) throw changeRefusal('Nobody waits for the change any more.');
        work.cancellation.next(node, untouched.slice(1));
        if (action === 'add') await this.#add(given, work);
        else if (action === 'replace') await this.#replace(this.#nodeOf(node), given, work);
        else if (action === 'remove') await this.#remove(this.#nodeOf(node), work);
        else await this.#restart(this.#nodeOf(node), given, work);
        changed.push(node);
      } catch (error) {
        work.onEvent({ event: 'change-failed', reason: reasonOf(error), changed, untouched });
        return;
      }
    }
    work.onEvent({ event: 'done' });
  }

  async #add(given: GivenOptions, work: Work): Promise<void> {
    const { cluster } = this.#deps;
    const account = new ChangeAccount('add', work.onEvent);
    const node = await this.#startNew(given, account);
    try {
      work.cancellation.signal.throwIfAborted();
      cluster.membership.join(node, OPERATOR);
      work.cancellation.phase = 'moves';
      await this.#waits.serving(node, account, work.cancellation.signal);
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
  async #replace(old: SupervisedNode, given: GivenOptions, work: Work): Promise<void> {
    const { cluster } = this.#deps;
    const account = new ChangeAccount('replace', work.onEvent);
    const node = await this.#startNew(given, account);
    try {
      work.cancellation.signal.throwIfAborted();
      cluster.membership.replace(old, node, OPERATOR);
      work.cancellation.phase = 'moves';
      await this.#waits.serving(node, account, work.cancellation.signal);
      work.cancellation.phase = 'is in force';
      await this.#waits.left(old, account);
    } catch (error) {
      await this.#undoJoin(node);
      throw error;
    }
    account.step(old, 'stops');
    await cluster.remove(old);
    account.end(node);
  }

  async #startNew(given: GivenOptions, account: ChangeAccount): Promise<SupervisedNode> {
    const { cluster, newPlan } = this.#deps;
    for (let nth = 0; ; nth++) {
      const plan = newPlan(nth);
      account.step(plan, 'starts');
      try {
        return await cluster.add(plan, given);
      } catch (error) {
        const isTaken = error instanceof CodedError && error.code === 'ERR_PORT_TAKEN';
        if (!isTaken || nth + 1 >= ADDRESSES_TRIED_MAX) throw error;
      }
    }
  }

  async #remove(node: SupervisedNode, work: Work): Promise<void> {
    this.#leave(node);
    await this.#awaitRemoval(node, work);
  }

  async #awaitRemoval(node: SupervisedNode, { onEvent, cancellation }: Work): Promise<void> {
    const account = new ChangeAccount('remove', onEvent);
    cancellation.phase = 'moves';
    await this.#waits.left(node, account, cancellation.signal);
    cancellation.phase = 'is in force';
    account.step(node, 'stops');
    await this.#deps.cluster.remove(node);
    account.end(node);
  }

  async #restart(
    node: SupervisedNode,
    { memoryLimitBytes, options }: GivenOptions,
    { onEvent, cancellation }: Work,
  ): Promise<void> {
    const { membership } = this.#deps.cluster;
    const account = new ChangeAccount('restart', onEvent);
    const memory = memoryLimitBytes ?? (await node.facts())?.memoryLimitBytes;
    cancellation.signal.throwIfAborted();
    if (restartWay(this.#keeper.topology, node.name) === 'leave and join') {
      membership.expect(node);
      await this.#leaveToReturn(node, account, cancellation);
    }
    cancellation.phase = 'is in force';
    account.step(node, 'stops');
    const handlers = { onItems: () => {}, onStarting: () => account.step(node, 'starts') };
    await node.restart(handlers, { memoryLimitBytes: memory, options }, false);
    await this.#waits.serving(node, account);
    account.end(node);
  }

  async #leaveToReturn(
    node: SupervisedNode,
    account: ChangeAccount,
    cancellation: Cancellation,
  ): Promise<void> {
    try {
      this.#leave(node);
      cancellation.phase = 'moves';
      await this.#waits.left(node, account, cancellation.signal);
    } catch (error) {
      this.#deps.cluster.membership.expectNoMore(node);
      throw error;
    }
  }

  #leave({ name }: SupervisedNode): void {
    this.#keeper.change((topology) => withLeaving(topology, name), `${name} leaves`, OPERATOR);
  }

  /** @throws {CodedError} `ERR_CHANGE` if the node has ended in the meantime. */
  #nodeOf(name: string): SupervisedNode {
    const node = this.#deps.cluster.nodes.find((each) => each.name === name);
    if (node === undefined) throw changeRefusal(`The process of ${name} does not run.`);
    return node;
  }
}

/** @throws what is no failure but a bug. */
function reasonOf(error: unknown): string {
  if (error instanceof CodedError) return error.message;
  throw error;
}
