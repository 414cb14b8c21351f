import { type Clock, type Logger, machineClock } from '../../base/index.ts';
import type { NodeControl } from '../../commands/index.ts';
import { json, type Reply } from './pages.ts';

/** Requests within this time get the same answer: probes need no token, and each costs a thread. */
const CHECK_MS = 250;

/** A running node, as far as its health is concerned. */
export interface HealthSource {
  readonly control: Pick<NodeControl, 'health'>;
  /** Rejects, within a bounded time, if a thread does not work. */
  checkThreads(): Promise<void>;
}

/** GET /healthz: whether the process and its threads work. */
export class HealthPage {
  readonly #log: Logger;
  readonly #clock: Clock;
  #source: HealthSource | undefined;
  #check: { readonly reason: Promise<string | undefined>; readonly atMs: number } | undefined;
  #lastReason: string | undefined;

  constructor(log: Logger, clock = machineClock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Checks this node from here on; before, the process is alive if it answers. */
  show(source: HealthSource): void {
    this.#source = source;
  }

  async reply(): Promise<Reply> {
    const reason = await this.#reason();
    return reason === undefined
      ? json(200, { healthy: true })
      : json(503, { healthy: false, reason });
  }

  /** Why the node is not healthy. The threads of a node that starts or stops do not answer. */
  #reason(): Promise<string | undefined> {
    const nowMs = this.#clock.nowMs();
    if (this.#check === undefined || nowMs - this.#check.atMs >= CHECK_MS) {
      this.#check = { reason: this.#ask(), atMs: nowMs };
    }
    return this.#check.reason;
  }

  async #ask(): Promise<string | undefined> {
    const isServing = (): boolean => this.#source?.control.health().state === 'serving';
    if (!isServing()) return undefined;
    const reason = await this.#source!.checkThreads().then(
      () => undefined,
      (error: Error) => (isServing() ? error.message : undefined),
    );
    this.#report(reason);
    return reason;
  }

  /** Logs when the node falls ill, and when it is well again. */
  #report(reason: string | undefined): void {
    const wasHealthy = this.#lastReason === undefined;
    this.#lastReason = reason;
    if (reason !== undefined && wasHealthy) this.#log.error({ reason }, 'the node is not healthy');
    if (reason === undefined && !wasHealthy) this.#log.warn({}, 'the node is healthy again');
  }
}
