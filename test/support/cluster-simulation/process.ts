import { ByteSink, silentLogger } from '../../../src/base/index.ts';
import type { Grants } from '../../../src/cluster/grants/grants.ts';
import { EventJournal } from '../../../src/cluster/node/event-journal.ts';
import type { FillOrder } from '../../../src/cluster/node/fill-keeper.ts';
import { FillPlan } from '../../../src/cluster/node/fill-plan.ts';
import { FillRun } from '../../../src/cluster/node/fill-run.ts';
import { FillShare } from '../../../src/cluster/node/fill-share.ts';
import { NodeCluster } from '../../../src/cluster/node/node-cluster.ts';
import type { PeerIdentity } from '../../../src/cluster/peers/identity.ts';
import { PeerLink } from '../../../src/cluster/peers/peer-link.ts';
import { adoptedBy, peerKey } from '../../../src/cluster/thread/adopted.ts';
import { ClusterShare } from '../../../src/cluster/thread/cluster-share.ts';
import type { ThreadNotice, ThreadOrder } from '../../../src/cluster/thread/orders.ts';
import { MemberThread } from '../../../src/cluster/thread/thread-cluster.ts';
import { machineTimers } from '../../../src/cluster/thread/timers.ts';
import {
  type ClusterSeat,
  createSessionContext,
  FastServing,
  PeerSession,
} from '../../../src/server/index.ts';
import type { Store } from '../../../src/store/index.ts';
import { decodeTopology, memberOf } from '../../../src/topology/index.ts';
import { TEST_CONTROL } from '../session-harness.ts';
import { type Network, type NetworkActor, OUTSIDE } from './network.ts';
import { NodeMemory } from './node-memory.ts';
import { Serving } from './serving.ts';
import { simGrants } from './sim-grants.ts';
import type { World } from './world.ts';

const SECRET = Buffer.from('a secret of 16 bytes or more');
const SILENT_LOG = { watchedStreams: 0, cfd: 0, publish: () => {} };
const RULES = {
  flushAllowed: true,
  dumpingAllowed: true,
  watchingAllowed: false,
  requestsPerTurn: 1_000_000,
};

export interface ProcessOptions {
  readonly name: string;
  readonly incarnation: number;
  /** `host:port` for clients and for members. */
  readonly address: string;
  readonly peerAddress: string;
  readonly threads: number;
  readonly readsCopies: boolean;
  /** Whether its items expire. */
  readonly ticks: boolean;
  /** See `Membership`. */
  readonly grantMs: number | undefined;
}

/** One thread of a process: the real parts of a worker thread, on simulated sockets. */
interface SimThread {
  readonly actor: NetworkActor;
  readonly member: MemberThread;
  readonly serving: Serving;
}

/** One incarnation of a node: its store, its worker threads, and its main thread. */
export class SimProcess {
  readonly options: ProcessOptions;
  readonly cluster: NodeCluster;
  readonly main: NetworkActor;
  readonly grants: Grants | undefined;
  /** Its store, as its main thread has it. */
  readonly store: Store;
  readonly copies: ReturnType<Store['copies']>;
  readonly #world: World;
  readonly #network: Network;
  readonly #memory: NodeMemory;
  /** Its store, as its fills have it, one after the other. */
  readonly #fillDoors: Pick<SimProcess, 'store' | 'copies'>;
  readonly #memberShare = ClusterShare.allocate();
  readonly #threads: readonly SimThread[];
  readonly #actors: NetworkActor[] = [];
  /** When the last message between two threads arrives: they stay in order. */
  readonly #lastMs = new Map<number, number>();

  /** @param renew the process must end, and start again */
  constructor(
    world: World,
    network: Network,
    options: ProcessOptions,
    renew: (reason: string) => void,
  ) {
    this.#world = world;
    this.#network = network;
    this.options = options;
    const { threads } = options;
    this.#memory = NodeMemory.take(threads);
    this.main = this.#newActor();
    this.store = this.#memory.open(threads);
    this.copies = this.store.copies();
    const store = this.#memory.open(threads + 1);
    this.#fillDoors = { store, copies: store.copies() };
    this.grants = simGrants(options, {
      share: new ClusterShare(this.#memberShare),
      machine: network.machineOf(this.main),
      cluster: () => this.cluster,
      order: (order) => this.#order(order),
    });
    this.cluster = new NodeCluster({
      self: this.identity,
      peerPort: Number(options.peerAddress.split(':')[1]),
      readsCopies: options.readsCopies,
      timers: this.#timersOf(this.main),
      copies: this.copies,
      walkKeys: () => this.store.walkKeys(),
      order: (order) => this.#order(order),
      soon: (run) => void world.plan(this.main, world.random.fraction(), run),
      runFill: (order) => this.#runFill(order),
      journal: new EventJournal({ self: this.identity, log: silentLogger }),
      adopted: () => {},
      renew,
      grants: this.grants,
    });
    this.#threads = Array.from({ length: threads }, (_, nth) => this.#startThread(nth));
  }

  get identity(): PeerIdentity {
    const { name, incarnation } = this.options;
    return { cluster: 'web', name, incarnation, secret: SECRET };
  }

  get isDead(): boolean {
    return this.main.isDead;
  }

  /** Resolves once it listens. */
  async start(): Promise<void> {
    if (this.options.ticks) this.#tick();
    for (const { member } of this.#threads) await member.start();
  }

  /** Runs something later, whether the process has ended or not. */
  after(ms: number, run: () => void): void {
    this.#world.plan(OUTSIDE, ms, run);
  }

  /** Ends at once. Bytes that it has written may still arrive. */
  kill(): void {
    for (const actor of this.#actors) actor.isDead = true;
    this.#network.ended(new Set(this.#actors));
  }

  /** The run is over. */
  release(): void {
    for (const { serving } of this.#threads) serving.release();
    this.#memory.release();
  }

  freeze(ms: number): void {
    for (const actor of this.#actors) hold(actor, this.#world.nowMs + ms);
  }

  /** One of its threads is busy for so long. */
  stall(ms: number): void {
    hold(this.#world.random.pick(this.#actors), this.#world.nowMs + ms);
  }

  /** Seconds go by in its store, whatever its threads do. */
  #tick(): void {
    const { unixMs } = this.#world;
    if (this.isDead) return;
    this.#memory.setClock(unixMs);
    this.after(1000 - (unixMs % 1000), () => this.#tick());
  }

  #startThread(nth: number): SimThread {
    const actor = this.#newActor();
    const machine = this.#network.machineOf(actor);
    const store = this.#memory.open(nth);
    const { threads, peerAddress, address } = this.options;
    const { fastPath, outputBuffers } = this.#memory.partsOf(nth, 'peers');
    const newContext = () =>
      createSessionContext(store, TEST_CONTROL, RULES, new ByteSink(4096), SILENT_LOG);
    const output = new ByteSink(outputBuffers[1]!);
    const host = {
      store,
      thread: nth,
      threads,
      share: this.#memberShare,
      itemBytesMax: 1 << 20,
      log: silentLogger,
      fastCopies: fastPath?.copies,
      peerSession: (seat: ClusterSeat) => {
        const fast = new FastServing(fastPath!, output, SILENT_LOG, TEST_CONTROL, 0, seat);
        return new PeerSession(newContext(), seat, fast);
      },
      tell: (notice: unknown) => this.#tell(actor, notice as ThreadNotice),
    };
    const [peerHost, peerPort] = peerAddress.split(':') as [string, string];
    const argument = {
      identity: this.identity,
      peerHost,
      peerPort: Number(peerPort),
      readsCopies: this.options.readsCopies,
    };
    const member = new MemberThread(host, argument, machine);
    const cluster = { seat: member.seat, local: new PeerSession(newContext(), member.seat) };
    const serving = new Serving(this.#memory.partsOf(nth, 'clients'), store, cluster);
    this.#network.listen(actor, address, (open) => serving.accept(open));
    return { actor, member, serving };
  }

  #newActor(): NetworkActor {
    const [host] = this.options.address.split(':') as [string];
    const actor = { host, isDead: false, heldUntilMs: 0 };
    this.#actors.push(actor);
    return actor;
  }

  #timersOf(actor: NetworkActor) {
    return machineTimers(this.#network.machineOf(actor));
  }

  #order(order: ThreadOrder): Promise<readonly unknown[]> {
    const { main } = this;
    return Promise.all(
      this.#threads.map(async ({ actor, member }) => {
        await this.#message(main, actor);
        const answer = await member.adopt(order);
        await this.#message(actor, main);
        return answer;
      }),
    );
  }

  async #tell(from: NetworkActor, notice: ThreadNotice): Promise<unknown> {
    await this.#message(from, this.main);
    const answer = await this.cluster.told(notice);
    await this.#message(this.main, from);
    return answer;
  }

  /** A message from thread to thread, in the order of messages between the two. */
  #message(from: NetworkActor, to: NetworkActor): Promise<void> {
    const { nowMs, random } = this.#world;
    const key = ACTORS_MAX * this.#actors.indexOf(from) + this.#actors.indexOf(to);
    const delayMs = random.fraction() * (random.oneIn(10) ? MESSAGE_SLOW_MS : MESSAGE_MS);
    const atMs = Math.max(nowMs + delayMs, this.#lastMs.get(key) ?? 0);
    this.#lastMs.set(key, atMs);
    return this.#world.pauseUntil(to, atMs);
  }

  /** The job of src/cluster/node/fill-job.ts, on simulated sockets. */
  async #runFill({ self, topologies, complete, share }: FillOrder) {
    const actor = this.#newActor();
    const machine = this.#network.machineOf(actor);
    await this.#message(this.main, actor);
    const { store, copies } = this.#fillDoors;
    const [now, ...past] = topologies.map((text) => adoptedBy(decodeTopology(text), self));
    const links: PeerLink[] = [];
    const fill = new FillRun({
      plan: new FillPlan(now!, past, (peer) => complete.get(peerKey(peer)) ?? 0),
      walkKeys: () => store.walkKeys(),
      items: store.view.itemCount(),
      nowSeconds: () => store.clock.now(),
      copies,
      timers: machineTimers(machine),
      share: new FillShare(share),
      delayMs: () => 0,
      soon: (run) => void machine.setTimer(run, 0),
      linkTo: ({ name, incarnation }) => {
        const { peerAddress } = memberOf(now!.topology, name)!;
        const link = new PeerLink({ name, incarnation, peerAddress }, this.identity, {
          machine,
          log: silentLogger,
        });
        links.push(link);
        return link;
      },
    });
    const outcome = await fill.run();
    for (const link of links) link.close();
    await this.#message(actor, this.main);
    return outcome;
  }
}

const MESSAGE_MS = 0.2;
const MESSAGE_SLOW_MS = 10;
/** More threads than a process ever starts, with those of its fills. */
const ACTORS_MAX = 2 ** 20;

function hold(actor: NetworkActor, untilMs: number): void {
  actor.heldUntilMs = Math.max(actor.heldUntilMs, untilMs);
}
