import { Operation } from '../connection/operation.ts';
import type { KnownNode } from '../discovery/discovery.ts';
import { diffTopology } from '../discovery/topology-diff.ts';
import { CacheError } from '../errors.ts';
import type { ResolvedOptions } from '../options.ts';
import { createDistribution } from '../ring/create.ts';
import { type FormerPlacement, type Placement, rememberPlacement } from '../ring/previous-owner.ts';
import { type NodeAddress, readNodes } from '../topology.ts';
import { replyOf } from './attempt.ts';
import { type Composition, composeRoute, type RouteEvents } from './compose.ts';
import { Copier } from './copier.ts';
import { Era, type Whereabouts } from './era.ts';
import { LentKeys } from './lent-keys.ts';
import { lookInRounds } from './many-rounds.ts';
import { Member, type MemberEvents, type MemberOptions } from './member.ts';
import type { Route, Target } from './route.ts';
import { WaitingRoute } from './waiting.ts';

export interface FleetEvents extends RouteEvents {
  up(node: string): void;
  down(node: string, reason: CacheError): void;
  failed: MemberEvents['failed'];
}

/**
 * The nodes there are, and the route to each key among them. A new list takes effect between two
 * operations: nodes in both keep their connections, those that left end what they have, and
 * operations under way end where they began.
 */
export class Fleet implements Whereabouts {
  /** Whether a key may be served by more than one node, so that CAS ids must say whose they are. */
  readonly tagsCas: boolean;
  readonly #options: ResolvedOptions;
  readonly #events: FleetEvents;
  readonly #copier: Copier;
  readonly #lent = new LentKeys();
  readonly #waiting: WaitingRoute;
  readonly #gutter: readonly Member[];
  #members: readonly Member[] = [];
  #placement: Placement | undefined;
  #former: readonly FormerPlacement[] = [];
  #route: Route;
  /** Of the list in force. */
  #era: Era | undefined;
  /** Nodes that left and still have operations. */
  readonly #leaving = new Set<Promise<void>>();
  #graceTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param mayChange whether there may be other nodes later. */
  constructor(options: ResolvedOptions, mayChange: boolean, events: FleetEvents) {
    this.#options = options;
    this.#events = events;
    this.tagsCas = mayChange || options.replicas > 1 || options.failover !== 'fail';
    this.#copier = new Copier(options.deadlineMs);
    this.#waiting = new WaitingRoute(options.maxPendingPerNode);
    this.#route = this.#waiting;
    this.#gutter = gutterOf(options).map((node) => this.#join(node));
  }

  targetOf(key: string): Target {
    return this.#route.targetOf(key);
  }

  /** The nodes that own keys, and then those of the gutter. */
  get members(): readonly Member[] {
    return this.#gutter.length === 0 ? this.#members : [...this.#members, ...this.#gutter];
  }

  /** The members, once there are any; fails with ERR_DISCOVERY when the deadline passes first. */
  async whenKnown(deadlineMs: number): Promise<readonly Member[]> {
    if (this.#placement === undefined) {
      await new Promise((resolve, reject) => {
        const answered = { end: () => undefined };
        const wait = { verb: 'noop' } as const;
        const now = performance.now();
        this.#waiting.send(new Operation(wait, now, deadlineMs, answered, resolve, reject));
      });
    }
    return this.members;
  }

  /** The name of the node that owns the key. */
  ownerOf(key: string): string {
    const { nodes, distribution } = this.#placementFor(key);
    return nodes[distribution.ownerOf(key)]!.name;
  }

  membersOf(key: string): readonly Member[] {
    return holdersAmong(this.#placementFor(key), this.#members, this.#options.replicas)(key);
  }

  /** The names of the nodes that hold the key: its owner, then the other copies. */
  holdersOf(key: string): readonly string[] {
    const { nodes, distribution } = this.#placementFor(key);
    return distribution.ownersOf(key, this.#options.replicas).map((at) => nodes[at]!.name);
  }

  /**
   * Takes a list in the place of the one before.
   * @throws {CacheError} ERR_ARGUMENT when keys cannot be placed on it; the old list stays.
   */
  update(nodes: readonly KnownNode[]): void {
    if (this.#isClosed) return;
    const replaced = this.#placement;
    const distribution = createDistribution(this.#options.distribution, nodes);
    const diff = diffTopology(replaced?.nodes ?? [], nodes);
    const kept = new Set(diff.kept.map(({ after }) => after.name));
    const before = new Map(this.#members.map((member) => [member.name, member]));
    for (const [name, member] of before) if (!kept.has(name)) this.#part(member);
    this.#members = nodes.map((node) => {
      return kept.has(node.name) ? before.get(node.name)! : this.#join(node);
    });
    this.#placement = { nodes, distribution };
    if (replaced !== undefined && diff.placementChanged) this.#remember(replaced);
    this.#reroute();
    this.#waiting.release((operation) => this.#sendAnew(operation));
  }

  /** Lets pending operations finish, each by its deadline, then closes. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#graceTimer);
    this.#waiting.release((operation) => operation.fail('ERR_CLOSED', undefined));
    await Promise.all([...this.members.map((member) => member.close()), ...this.#leaving]);
  }

  #placementFor(key: string): Placement {
    if (this.#placement === undefined) throw new CacheError('ERR_DISCOVERY', { key });
    return this.#placement;
  }

  #join(node: KnownNode): Member {
    return new Member(node, memberOptionsOf(this.#options, this.tagsCas), {
      up: (name) => this.#events.up(name),
      down: (name, reason) => this.#events.down(name, reason),
      failed: (error, kind) => this.#events.failed(error, kind),
      isNobodyUp: () => this.#members.every(({ isDown }) => isDown),
    });
  }

  #part(member: Member): void {
    const left = member.leave().finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
  }

  #remember(replaced: Placement): void {
    const graceSeconds = this.#options.previousOwner?.graceSeconds ?? 0;
    this.#former = rememberPlacement(this.#former, replaced, performance.now(), graceSeconds);
    if (this.#former.length === 0) return;
    clearTimeout(this.#graceTimer);
    this.#graceTimer = setTimeout(() => this.#endGrace(), graceSeconds * 1000);
    this.#graceTimer.unref();
  }

  #endGrace(): void {
    this.#former = [];
    this.#reroute();
  }

  #reroute(): void {
    const era = this.#newEra();
    this.#copier.overtaking.writtenAll();
    const composition: Composition = {
      placement: this.#placement!,
      members: this.#members,
      gutter: this.#gutter,
      former: this.#former,
      copier: this.#copier,
      lent: this.#lent,
      era,
      events: this.#events,
    };
    this.#route = composeRoute(composition, this.#options);
  }

  #newEra(): Era {
    const holders = holdersAmong(this.#placement!, this.#members, this.#options.replicas);
    if (this.#era !== undefined) this.#era.isOver = true;
    this.#era = new Era({ membersOf: holders }, this);
    return this.#era;
  }

  /** Many keys were asked for as if they had one place. */
  #sendAnew(operation: Operation): void {
    const { request } = operation;
    if (request.verb === 'get-many') {
      const placesOf = (key: string): readonly Target[] => [this.targetOf(key)];
      lookInRounds(operation, request, { placesOf, missGoesOn: false });
    } else if ('key' in request) {
      this.targetOf(request.key).send(operation);
    } else {
      operation.answer(replyOf('done'), '', performance.now());
    }
  }
}

function holdersAmong(
  { distribution }: Placement,
  members: readonly Member[],
  replicas: number,
): (key: string) => readonly Member[] {
  return (key) => distribution.ownersOf(key, replicas).map((at) => members[at]!);
}

function gutterOf({ failover }: ResolvedOptions): readonly NodeAddress[] {
  return typeof failover === 'string' ? [] : readNodes(failover.gutter);
}

function memberOptionsOf(options: ResolvedOptions, tagsCas: boolean): MemberOptions {
  return {
    ...options,
    tagsCas,
    silenceMs: options.deadlineMs,
    maxPending: options.maxPendingPerNode,
    maxPendingBytes: options.maxPendingBytesPerNode,
    connections: options.connectionsPerNode,
  };
}
