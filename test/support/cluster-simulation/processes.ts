import type { NewMember } from '../../../src/topology/index.ts';
import type { Network } from './network.ts';
import { SimProcess } from './process.ts';
import type { World } from './world.ts';

export interface ProcessesOptions {
  readonly threads: number;
  /** Seconds until some items expire; 0: all stay. */
  readonly ttl: number;
  /** 0: nodes have no zones. */
  readonly zones: number;
  /** Whether nodes have different weights. */
  readonly weighted: boolean;
  /** Whether nodes answer gets by their copies. */
  readonly readsCopies: boolean;
  /** See `Membership`; undefined: nodes need no promises. */
  readonly grantMs: number | undefined;
}

interface ProcessEvents {
  /** The process must start again, as another incarnation. */
  renewed(process: SimProcess, reason: string): void;
  reported(process: SimProcess): void;
  /** A process ends, of itself or by a fault. */
  ending(process: SimProcess): void;
}

/** The processes of a simulated cluster: names, starts and ends. */
export class Processes {
  readonly #world: World;
  readonly #network: Network;
  readonly #options: ProcessesOptions;
  readonly #events: ProcessEvents;
  readonly #running = new Map<string, SimProcess>();
  /** All of them, also those that have ended. */
  readonly #started: SimProcess[] = [];
  #named = 0;
  #incarnation = 0;

  constructor(world: World, network: Network, options: ProcessesOptions, events: ProcessEvents) {
    this.#world = world;
    this.#network = network;
    this.#options = options;
    this.#events = events;
  }

  get running(): readonly SimProcess[] {
    return [...this.#running.values()];
  }

  /** The running process of a member. */
  of(member: Pick<NewMember, 'name' | 'incarnation'>): SimProcess | undefined {
    return this.#running.get(keyOf(member));
  }

  newMember(): NewMember {
    const { zones, weighted } = this.#options;
    const nth = ++this.#named;
    const host = `10.0.0.${nth}`;
    return {
      name: `node-${nth}`,
      address: `${host}:11211`,
      peerAddress: `${host}:11212`,
      weight: weighted && nth % 2 === 0 ? 2 : 1,
      zone: zones === 0 ? '' : `zone-${nth % zones}`,
      incarnation: ++this.#incarnation,
    };
  }

  /** The member as the next process of its node. */
  nextOf(member: NewMember): NewMember {
    return { ...member, incarnation: ++this.#incarnation };
  }

  launch(member: NewMember): SimProcess {
    const { name, incarnation, address, peerAddress } = member;
    const { threads, grantMs, ttl, readsCopies } = this.#options;
    const options = {
      ...{ name, incarnation, address, peerAddress, threads, grantMs, readsCopies },
      ticks: ttl > 0,
    };
    const process: SimProcess = new SimProcess(this.#world, this.#network, options, (reason) => {
      this.#world.log(`${name}#${incarnation} must start again: ${reason}`);
      this.#events.renewed(process, reason);
    });
    this.#running.set(keyOf(member), process);
    this.#started.push(process);
    process.cluster.onReport(() => this.#events.reported(process));
    void process.start();
    return process;
  }

  kill(process: SimProcess): void {
    if (process.isDead) return;
    const { name, incarnation } = process.options;
    this.#world.log(`${name}#${incarnation} is killed`);
    this.#events.ending(process);
    process.kill();
    this.#running.delete(keyOf(process.options));
  }

  /** The run is over. */
  release(): void {
    for (const process of this.#started) process.release();
  }
}

export const keyOf = ({ name, incarnation }: Pick<NewMember, 'name' | 'incarnation'>): string =>
  `${name}#${incarnation}`;
