import { encodeTopology } from '../../topology/index.ts';
import { type Adopted, type PeerIdentity, peerKey } from '../thread/adopted.ts';
import type { Timers } from '../thread/timers.ts';
import { type CompleteOf, FillPlan } from './fill-plan.ts';
import type { FillOutcome } from './fill-run.ts';
import { FillShare } from './fill-share.ts';

const RETRY_MS = 500;
/** How long a pause before the next try needs to see that the fill has to stop. */
const STOP_LOOK_MS = 20;

/** What a fill needs to know; it survives a structured clone. */
export interface FillOrder {
  readonly self: PeerIdentity;
  /** The texts of the present topology and of those before, the newest one first. */
  readonly topologies: readonly string[];
  /** By `peerKey`: the last version at which that member was complete. */
  readonly complete: ReadonlyMap<string, number>;
  readonly share: SharedArrayBuffer;
}

export interface FillKeeperParts {
  readonly self: PeerIdentity;
  readonly timers: Timers;
  /** Runs a fill to its end. */
  run(order: FillOrder): Promise<FillOutcome>;
  /** All receivers of this node had all items at this version. */
  completed(version: number): void;
}

interface RunningFill {
  readonly share: FillShare;
  readonly ended: Promise<void>;
}

/** Keeps filling the receivers of the present topology until they have all items. */
export class FillKeeper {
  readonly #parts: FillKeeperParts;
  #running: RunningFill | undefined;
  #keysSent = 0;
  #bytesSent = 0;

  constructor(parts: FillKeeperParts) {
    this.#parts = parts;
  }

  /** Since the last change of the topology. */
  get keysSent(): number {
    return this.#keysSent + (this.#running?.share.keysSent ?? 0);
  }

  get bytesSent(): number {
    return this.#bytesSent + (this.#running?.share.bytesSent ?? 0);
  }

  get keysLeft(): number {
    return this.#running?.share.keysLeft ?? 0;
  }

  /** Fills for `now`; `past` has the topologies before it, the newest one first. */
  start(now: Adopted, past: readonly Adopted[], completeOf: CompleteOf): void {
    const share = new FillShare();
    this.#keysSent = 0;
    this.#bytesSent = 0;
    const ended = this.#fill(now, past, completeOf, share);
    this.#running = { share, ended };
  }

  /** Resolves once no fill runs. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    running.share.stop();
    await running.ended;
    this.#keysSent += running.share.keysSent;
    this.#bytesSent += running.share.bytesSent;
    if (this.#running === running) this.#running = undefined;
  }

  async #fill(
    now: Adopted,
    past: readonly Adopted[],
    completeOf: CompleteOf,
    share: FillShare,
  ): Promise<void> {
    const { version } = now.topology;
    if (new FillPlan(now, past, completeOf).isEmpty) return this.#parts.completed(version);
    const order = this.#orderOf([now, ...past], completeOf, share);
    while (!share.isStopping) {
      const outcome = await this.#parts.run(order);
      if (outcome === 'done') return this.#parts.completed(version);
      if (outcome === 'failed') await this.#rest(share);
    }
  }

  #orderOf(all: readonly Adopted[], completeOf: CompleteOf, share: FillShare): FillOrder {
    const members = all.flatMap(({ topology }) => topology.members);
    return {
      self: this.#parts.self,
      topologies: all.map(({ topology }) => encodeTopology(topology)),
      complete: new Map(members.map((member) => [peerKey(member), completeOf(member)])),
      share: share.memory,
    };
  }

  /** Waits before the next try, unless the fill has to stop. */
  async #rest(share: FillShare): Promise<void> {
    const { timers } = this.#parts;
    const untilMs = timers.nowMs() + RETRY_MS;
    while (!share.isStopping && timers.nowMs() < untilMs) {
      await new Promise<void>((resolve) => timers.setTimer(() => resolve(), STOP_LOOK_MS));
    }
  }
}
