import { DIALECT } from '../../protocol/index.ts';
import type { ClusterSeat, ForwardedRun, Throttle } from '../../server/index.ts';
import type { PeerMachine } from '../peers/machine.ts';
import { replyEcpu, requestEcpu } from './ecpu.ts';
import type { EcpuShare } from './ecpu-share.ts';

/** So long it waits at most before it looks again. */
const WAIT_MS_MAX = 1000;

/** A run whose replies are counted when they come. */
class MeteredRun implements ForwardedRun {
  readonly dialect: ForwardedRun['dialect'];
  readonly role: ForwardedRun['role'];
  readonly bytes: Buffer;
  readonly ends: readonly number[];
  readonly itemsMax: number;
  readonly #run: ForwardedRun;
  readonly #meter: EcpuMeter;

  constructor(run: ForwardedRun, meter: EcpuMeter) {
    this.dialect = run.dialect;
    this.role = run.role;
    this.bytes = run.bytes;
    this.ends = run.ends;
    this.itemsMax = run.itemsMax;
    this.#run = run;
    this.#meter = meter;
  }

  settle(replies: Buffer): void {
    this.#meter.add(replyEcpu(replies, this.dialect === DIALECT.binary));
    this.#run.settle(replies);
  }

  failure(...failed: Parameters<ForwardedRun['failure']>): Buffer {
    return this.#run.failure(...failed);
  }
}

/**
 * Counts what the requests of one thread of a proxy cost, and makes the sessions wait while all
 * threads together have more than the limit.
 */
export class EcpuMeter implements Throttle {
  /** Since the start of the process. */
  used = 0;
  /** Requests that had to wait. */
  waits = 0;
  readonly #share: EcpuShare;
  readonly #machine: Pick<PeerMachine, 'sharedMs' | 'setTimer'>;
  readonly #waiting = new Set<() => void>();
  #timer: { cancel(): void } | undefined;

  constructor(share: EcpuShare, machine: Pick<PeerMachine, 'sharedMs' | 'setTimer'>) {
    this.#share = share;
    this.#machine = machine;
  }

  /** Sends runs on as `forward` does, and counts them. */
  metered(forward: ClusterSeat['forward']): ClusterSeat['forward'] {
    return (member, run) => {
      this.add(requestEcpu(run.ends, run.itemsMax));
      forward(member, new MeteredRun(run, this));
    };
  }

  add(ecpu: number): void {
    if (ecpu === 0) return;
    this.used += ecpu;
    this.#share.add(ecpu);
  }

  get isOver(): boolean {
    return this.#msOver > 0;
  }

  wait(wake: () => void, isFirst: boolean): void {
    if (isFirst) this.waits++;
    this.#waiting.add(wake);
    if (this.#timer !== undefined) return;
    const ms = Math.min(WAIT_MS_MAX, Math.max(1, this.#msOver));
    this.#timer = this.#machine.setTimer(() => {
      this.#timer = undefined;
      this.#wakeAll();
    }, ms);
  }

  leave(wake: () => void): void {
    this.#waiting.delete(wake);
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  get #msOver(): number {
    return this.#share.msOver(() => this.#machine.sharedMs());
  }

  #wakeAll(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
