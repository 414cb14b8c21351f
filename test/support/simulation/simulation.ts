import { CacheClient, type ClientOptions } from '../../../src/client.ts';
import { HandDiscovery } from '../hand-discovery.ts';
import type { Random } from '../random.ts';
import { SimClock } from './clock.ts';
import { type ListChanges, SimLists } from './lists.ts';
import { enter, SimNetwork, type SimNode, type SimWire } from './network.ts';
import { KEYS, Workload } from './workload.ts';

export interface SimulationOptions {
  readonly client: Partial<ClientOptions>;
  /** Nodes that own keys, and those of the gutter. */
  readonly nodes: readonly string[];
  readonly gutter: readonly string[];
  /** How the list of nodes changes; without, they are all there all the time. */
  readonly changes?: ListChanges | undefined;
  /** Operations that the client may have under way at once. */
  readonly concurrent: number;
  /**
   * Whether a node may do what came by one connection after what came later by another, as nodes with
   * several threads may.
   */
  readonly isUnordered?: boolean;
}

const STEPS = 150;
/** The list of nodes changes once in so many of them. */
const CHANGE_GAP_STEPS = 15;
/** What is left to do when nothing goes wrong any more takes less. */
const CALM_STEPS_MAX = 20_000;

/** Lets everything run that waits for no timer and no network. */
const turn = (): Promise<void> => new Promise((ran) => setImmediate(ran));

/** One client and its nodes; what happens next, and what goes wrong, is drawn. */
export class Simulation {
  readonly log: string[] = [];
  readonly #options: SimulationOptions;
  readonly #random: Random;
  readonly #network: SimNetwork;
  readonly #clock = new SimClock();
  readonly #workload: Workload;
  readonly #down = new Set<string>();
  readonly #discovery = new HandDiscovery();
  /** None when it does not change. */
  readonly #lists: SimLists | undefined;

  constructor(options: SimulationOptions, random: Random) {
    this.#options = options;
    this.#random = random;
    this.#network = new SimNetwork([...options.nodes, ...options.gutter]);
    enter(this.#network, this.#clock);
    const { nodes, changes } = options;
    this.#lists = changes && new SimLists(changes, nodes, random);
    const found = changes === undefined ? nodes : this.#discovery;
    const cache = new CacheClient({ nodes: found, ...options.client });
    if (this.#lists !== undefined) this.#discovery.tell(this.#lists.current);
    cache.on('node-up', (name) => this.#down.delete(name));
    cache.on('node-down', (name) => this.#down.add(name));
    this.#workload = new Workload(cache, (what) => this.#tell(what));
  }

  get hits(): number {
    return this.#workload.hits;
  }

  /** What was read that must not have been; undefined when all is well. */
  async run(): Promise<string | undefined> {
    const random = Math.random;
    Math.random = () => this.#random.fraction();
    try {
      for (let step = 0; step < STEPS; step++) await this.#step();
      await this.#calm();
      for (const node of this.#listed) await this.#readFromOnly(node);
    } finally {
      Math.random = random;
    }
    return this.#workload.wrong;
  }

  /** The nodes that there are, as the client knows. */
  get #listed(): readonly SimNode[] {
    const names = [...(this.#lists?.current ?? this.#options.nodes), ...this.#options.gutter];
    return this.#network.nodes.filter(({ name }) => names.includes(name));
  }

  async #step(): Promise<void> {
    const random = this.#random;
    if (this.#lists !== undefined && random.oneIn(CHANGE_GAP_STEPS)) this.#change(this.#lists);
    const kind = random.int(0, 99);
    if (kind < 90) {
      if (kind < 20 || !this.#move()) this.#begin();
    } else if (kind < 92) this.#tick();
    else if (kind < 93) this.#abort();
    else if (this.#lists === undefined || random.oneIn(2))
      this.#disturb(random.pick(this.#network.nodes), random.int(0, 9));
    await turn();
  }

  /** Something that is under way goes one step on; false when nothing is. */
  #move(): boolean {
    const moves: (() => void)[] = [];
    for (const wire of this.#network.wires) {
      if (wire.state === 'connecting') moves.push(() => wire.accept());
      if (wire.replies.length > 0) moves.push(() => wire.deliver());
    }
    for (const node of this.#network.nodes) {
      if (!node.isFrozen && node.queue.length > 0) moves.push(() => this.#execute(node));
    }
    if (moves.length === 0) return false;
    this.#random.pick(moves)();
    return true;
  }

  #execute(node: SimNode): void {
    const wires = node.queue.map(({ wire }) => wire);
    const firsts = wires.flatMap((wire, i) => (wires.indexOf(wire) === i ? [i] : []));
    const at = this.#options.isUnordered ? this.#random.pick(firsts) : 0;
    this.#tell(`${node.name} does ${node.queue[at]?.text.replaceAll('\r\n', ' ')}`);
    node.execute(at);
  }

  #tick(): boolean {
    const ticked = this.#clock.tick();
    if (ticked) this.#tell(`it is ${Math.round(this.#clock.now)} ms`);
    return ticked;
  }

  #abort(): void {
    const { aborts } = this.#workload;
    if (aborts.length === 0) return;
    this.#tell('one is called off');
    this.#random.pick(aborts).abort();
  }

  #disturb(node: SimNode, kind: number): void {
    const wire = this.#random.pick([...this.#network.wires, undefined]);
    if (kind <= 1 && wire !== undefined) this.#reset(wire);
    else if (kind <= 3 && wire?.state === 'open') {
      this.#tell(`${wire.node.name} closes in peace`);
      wire.end();
    } else if (kind === 4) this.#cut(node);
    else if (kind === 5) {
      const key = this.#random.pick(KEYS);
      this.#tell(`${node.name} evicts ${key}`);
      node.evict(key);
    } else if (kind === 6) {
      this.#restart(node);
    } else if (kind === 7) {
      this.#tell(`${node.name} is frozen`);
      node.isFrozen = true;
    } else this.#mend(node);
  }

  /** Another list; a node that comes back has been emptied. */
  #change(lists: SimLists): void {
    const before = lists.current;
    lists.change();
    const joining = lists.current.filter((name) => !before.includes(name));
    for (const node of this.#network.nodes) if (joining.includes(node.name)) this.#restart(node);
    for (const name of this.#down) if (!lists.current.includes(name)) this.#down.delete(name);
    this.#tell(`the nodes are ${lists.current.join(', ')}`);
    this.#discovery.tell(lists.current);
  }

  #restart(node: SimNode): void {
    this.#tell(`${node.name} is restarted`);
    node.wipe();
    this.#resetAll(node);
  }

  #reset(wire: SimWire): void {
    const keptCount = this.#random.int(0, 3);
    this.#tell(`${wire.node.name} is reset, and still does ${keptCount}`);
    wire.node.drop(wire, keptCount);
    wire.fail();
  }

  #resetAll(node: SimNode): void {
    for (const wire of this.#network.wires) if (wire.node === node) this.#reset(wire);
  }

  #cut(node: SimNode): void {
    this.#tell(`${node.name} is cut off`);
    node.isCut = true;
    this.#resetAll(node);
  }

  #mend(node: SimNode): void {
    this.#tell(`${node.name} is mended`);
    node.isCut = false;
    node.isFrozen = false;
  }

  /** Nothing goes wrong any more; everything ends, and all nodes are up. */
  async #calm(): Promise<void> {
    for (const node of this.#network.nodes) this.#mend(node);
    await this.#settle(() => this.#workload.open === 0 && this.#down.size === 0);
  }

  /** One node is left alone: what it alone has may be read, too. */
  async #readFromOnly(node: SimNode): Promise<void> {
    for (const other of this.#network.nodes) if (other !== node) this.#cut(other);
    for (let i = 0; i < 2; i++) {
      this.#workload.readMany();
      await this.#settle(() => this.#workload.open === 0);
    }
    await this.#calm();
  }

  async #settle(isSettled: () => boolean): Promise<void> {
    for (let step = 0; step < CALM_STEPS_MAX; step++) {
      const isMoving = this.#move();
      if (!isMoving && isSettled()) return;
      if (!isMoving && !this.#tick()) break;
      await turn();
    }
    throw new Error(`it does not settle:\n${this.log.slice(-30).join('\n')}`);
  }

  #begin(): void {
    if (this.#workload.open >= this.#options.concurrent) return;
    // Keys that move are few: more is done with one of them.
    const isFirst = this.#lists !== undefined && this.#random.oneIn(2);
    const key = isFirst ? KEYS[0] : this.#random.pick(KEYS);
    this.#workload.begin(key, this.#random.int(0, 19));
  }

  #tell(what: string): void {
    this.log.push(what);
  }
}
