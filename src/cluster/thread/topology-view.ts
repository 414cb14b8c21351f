import type { Member } from '../../topology/index.ts';
import type { Adopted } from './adopted.ts';
import type { Timers } from './timers.ts';

/** How long a request waits until this thread has adopted a topology that a peer knows already. */
export const ADOPTION_MS_MAX = 2000;
/** More requests of one thread do not wait. */
const ADOPTION_WAITS_MAX = 10_000;
/** The adopted topologies that are kept, the present one included. */
const KEPT_MAX = 8;

interface Wait {
  readonly version: number;
  readonly done: (isAdopted: boolean) => void;
  timer?: { cancel(): void };
}

/** The topology that one thread answers by, and the requests that wait for a newer one. */
export class TopologyView {
  readonly #timers: Timers;
  readonly #waits = new Set<Wait>();
  /** Undefined before the first topology. */
  current: Adopted | undefined;
  /** The newest one first. */
  #kept: readonly Adopted[] = [];

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** The adopted version; 0 before the first topology. */
  get version(): number {
    return this.current?.topology.version ?? 0;
  }

  adopt(adopted: Adopted): void {
    this.current = adopted;
    this.#kept = [adopted, ...this.#kept].slice(0, KEPT_MAX);
  }

  /** The topologies from this version on; undefined if one of them is not known any more. */
  since(version: number): readonly Adopted[] | undefined {
    const since = this.#kept.filter(({ topology }) => topology.version >= version);
    return since.length > this.version - version ? since : undefined;
  }

  /** The member with this index in the adopted topology. */
  memberAt(index: number): Member | undefined {
    return this.current?.topology.members[index];
  }

  /** The thread has adopted the topology, with all that depends on it. */
  wake(): void {
    this.#settle(({ version }) => version <= this.version, true);
  }

  /**
   * Calls `done` once the thread has adopted the version, or with false after ADOPTION_MS_MAX or if
   * too many requests wait.
   */
  whenAdopted(version: number, done: (isAdopted: boolean) => void): void {
    if (version <= this.version || this.#waits.size >= ADOPTION_WAITS_MAX) {
      done(version <= this.version);
      return;
    }
    const wait: Wait = { version, done };
    const expire = (): void => this.#settle((each) => each === wait, false);
    wait.timer = this.#timers.setTimer(expire, ADOPTION_MS_MAX);
    this.#waits.add(wait);
  }

  /** Nothing waits any longer. */
  end(): void {
    this.#settle(() => true, false);
  }

  #settle(isDue: (wait: Wait) => boolean, isAdopted: boolean): void {
    for (const wait of [...this.#waits].filter(isDue)) {
      this.#waits.delete(wait);
      wait.timer?.cancel();
      wait.done(isAdopted);
    }
  }
}
