import { CacheClient, type ClientOptions } from '../../../src/client.ts';
import type { Random } from '../random.ts';
import { SimClock } from './clock.ts';
import { type ChangeEnd, History } from './history.ts';
import { enter, SimNetwork, type SimNode, type SimWire } from './network.ts';

export interface SimulationOptions {
  readonly client: Partial<ClientOptions>;
  /** Nodes that own keys, and those of the gutter. */
  readonly nodes: readonly string[];
  readonly gutter: readonly string[];
  /** Operations that the client may have under way at once. */
  readonly concurrent: number;
  /** Whether each node does what it is asked in the order in which it came, over all connections. */
  readonly isOrderly: boolean;
}

const KEYS = ['k1', 'k2'];
const STEPS = 150;
/** What is left to do when nothing goes wrong any more takes less. */
const CALM_STEPS_MAX = 20_000;

/** Lets everything run that waits for no timer and no network. */
const turn = (): Promise<void> => new Promise((ran) => setImmediate(ran));

/** One client and its nodes; what happens next, and what goes wrong, is drawn. */
export class Simulation {
  readonly log: string[] = [];
  hits = 0;
  readonly #options: SimulationOptions;
  readonly #random: Random;
  readonly #network: SimNetwork;
  readonly #clock = new SimClock();
  readonly #cache: CacheClient;
  readonly #histories = new Map(KEYS.map((key) => [key, new History()]));
  readonly #down = new Set<string>();
  readonly #aborts = new Set<AbortController>();
  #open = 0;
  #now = 0;
  #count = 0;
  #wrong: string | undefined;

  constructor(options: SimulationOptions, random: Random) {
    this.#options = options;
    this.#random = random;
    this.#network = new SimNetwork([...options.nodes, ...options.gutter]);
    enter(this.#network, this.#clock);
    this.#cache = new CacheClient({ nodes: options.nodes, ...options.client });
    this.#cache.on('node-up', (name) => this.#down.delete(name));
    this.#cache.on('node-down', (name) => this.#down.add(name));
  }

  /** What was read that must not have been; undefined when all is well. */
  async run(): Promise<string | undefined> {
    const random = Math.random;
    Math.random = () => this.#random.fraction();
    try {
      for (let step = 0; step < STEPS; step++) await this.#step();
      await this.#calm();
      for (const node of this.#network.nodes) await this.#readFromOnly(node);
    } finally {
      Math.random = random;
    }
    return this.#wrong;
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const kind = random.int(0, 99);
    if (kind < 90) {
      if (kind < 20 || !this.#move()) this.#begin();
    } else if (kind < 92) this.#tick();
    else if (kind < 93 && this.#aborts.size > 0) this.#abort();
    else this.#disturb(random.pick(this.#network.nodes), random.int(0, 9));
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
    const at = this.#options.isOrderly ? 0 : this.#random.pick(firsts);
    this.#tell(`${node.name} does ${node.queue[at]?.text.replaceAll('\r\n', ' ')}`);
    node.execute(at);
  }

  #tick(): boolean {
    const ticked = this.#clock.tick();
    if (ticked) this.#tell(`it is ${Math.round(this.#clock.now)} ms`);
    return ticked;
  }

  #abort(): void {
    const controller = this.#random.pick([...this.#aborts]);
    this.#tell('one is called off');
    controller.abort();
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
      this.#tell(`${node.name} is restarted`);
      node.wipe();
      this.#resetAll(node);
    } else if (kind === 7) {
      this.#tell(`${node.name} is frozen`);
      node.isFrozen = true;
    } else this.#mend(node);
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
    await this.#settle(() => this.#open === 0 && this.#down.size === 0);
  }

  /** One node is left alone: what it alone has may be read, too. */
  async #readFromOnly(node: SimNode): Promise<void> {
    for (const other of this.#network.nodes) if (other !== node) this.#cut(other);
    for (let i = 0; i < 2; i++) {
      this.#read('readMany', KEYS[0]!);
      await this.#settle(() => this.#open === 0);
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
    if (this.#open >= this.#options.concurrent) return;
    const key = this.#random.pick(KEYS);
    const kind = this.#random.int(0, 19);
    if (kind <= 4) this.#set(key);
    else if (kind <= 7) this.#delete(key);
    else if (kind <= 9) this.#append(key);
    else if (kind === 10) this.#add(key);
    else if (kind <= 12) this.#cas(key, false);
    else if (kind === 13) this.#cas(key, true);
    else if (kind === 14) this.#read('readMany', key);
    else this.#read('get', key);
  }

  #set(key: string): void {
    const mark = `s${++this.#count}`;
    this.#change(key, mark, false, async (call) => {
      await this.#cache.set(key, mark, call);
      return 'done';
    });
  }

  #delete(key: string): void {
    this.#change(key, `d${++this.#count}`, false, async (call) => {
      await this.#cache.delete(key, call);
      return 'done';
    });
  }

  #append(key: string): void {
    const mark = `a${++this.#count}`;
    this.#change(key, mark, true, async (call) => {
      return endOf(await this.#cache.append(key, `+${mark}`, call));
    });
  }

  #add(key: string): void {
    const mark = `n${++this.#count}`;
    this.#change(key, mark, false, async (call) => endOf(await this.#cache.add(key, mark, call)));
  }

  #cas(key: string, isDelete: boolean): void {
    const mark = `${isDelete ? 'e' : 'c'}${++this.#count}`;
    this.#operate(`${mark} of ${key}: gets`, async (call) => {
      const readAt = ++this.#now;
      const found = await this.#cache.gets<string>(key, call);
      this.#check(key, found?.value, readAt);
      if (found === undefined) return;
      this.#change(key, mark, false, async (again) => {
        if (!isDelete) return endOf(await this.#cache.cas(key, mark, found.cas, again));
        return (await this.#cache.delete(key, { ...again, cas: found.cas })) ? 'done' : 'no-effect';
      });
    });
  }

  #read(how: 'get' | 'readMany', key: string): void {
    const readAt = ++this.#now;
    this.#operate(`${how} ${key}`, async (call) => {
      if (how === 'get') {
        this.#check(key, await this.#cache.get<string>(key, call), readAt);
        return;
      }
      const { values } = await this.#cache.getMany<string>(KEYS, call);
      for (const each of KEYS) this.#check(each, values.get(each), readAt);
    });
  }

  #change(
    key: string,
    mark: string,
    isAppend: boolean,
    run: (call: { signal: AbortSignal }) => Promise<ChangeEnd>,
  ): void {
    const change = this.#histories.get(key)!.begin(mark, isAppend, ++this.#now);
    this.#operate(`${mark} of ${key}`, async (call) => {
      const ended = (end: ChangeEnd): void => {
        change.end = end;
        change.endedAt = ++this.#now;
        this.#tell(`${mark} of ${key} is ${end}`);
      };
      try {
        ended(await run(call));
      } catch (error) {
        ended('failed');
        throw error;
      }
    });
  }

  #operate(name: string, run: (call: { signal: AbortSignal }) => Promise<void>): void {
    const controller = new AbortController();
    this.#aborts.add(controller);
    this.#open++;
    this.#tell(name);
    run({ signal: controller.signal })
      .catch((error: Error) => this.#tell(`${name} failed: ${error.message}`))
      .finally(() => {
        this.#aborts.delete(controller);
        this.#open--;
      });
  }

  #check(key: string, value: string | undefined, readAt: number): void {
    if (value === undefined) return;
    this.hits++;
    const why = this.#histories.get(key)!.whyNot(value, readAt);
    this.#tell(`${key} is read: ${value}${why === undefined ? '' : ` WRONG: ${why}`}`);
    if (why !== undefined) this.#wrong ??= `${key} is ${value}: ${why}`;
  }

  #tell(what: string): void {
    this.log.push(what);
  }
}

function endOf(outcome: string): ChangeEnd {
  return outcome === 'stored' ? 'done' : 'no-effect';
}
