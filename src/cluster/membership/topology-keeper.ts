import { machineClock } from '../../base/index.ts';
import {
  type ClusterTopology,
  isAtRest,
  memberOf,
  nextTopology,
  unfinished,
} from '../../topology/index.ts';
import type { ChangeCause, MemberReport } from '../node/main-cluster.ts';

/** The policy decides one step at a time; more of them without a report are a bug. */
const STEPS_MAX = 1000;

export interface TopologyChange extends ChangeCause {
  readonly topology: ClusterTopology;
}

/** Who decides a change that an operator has not asked for. */
const SUPERVISOR = 'supervisor';

interface KeeperDeps {
  /** Keeps a topology over the end of this process; runs before anybody hears of it. */
  readonly save: (topology: ClusterTopology) => void;
  /** Hands a topology to all members. */
  readonly publish: (change: TopologyChange) => void;
  readonly onChange: (change: TopologyChange) => void;
}

/**
 * Holds the topology of a cluster. It changes by a transition that somebody asks for, or by a step
 * that the policy decides from the reports of the members.
 */
export class TopologyKeeper {
  readonly #deps: KeeperDeps;
  readonly #reports = new Map<string, MemberReport>();
  readonly #waiters = new Set<() => void>();
  #topology: ClusterTopology;

  constructor(first: ClusterTopology, reason: string, deps: KeeperDeps) {
    this.#topology = first;
    this.#deps = deps;
    this.#announce(reason, SUPERVISOR);
  }

  get topology(): ClusterTopology {
    return this.#topology;
  }

  /** The last report of the present incarnation of a member. */
  reportOf(name: string): MemberReport | undefined {
    return this.#reports.get(name);
  }

  /** What the members must do before the change under way has ended, as sentences. */
  get waitsFor(): readonly string[] {
    return isAtRest(this.#topology) ? [] : unfinished(this.#topology, [...this.#reports.values()]);
  }

  /**
   * @param by who wants it: `supervisor`, or `operator`
   * @throws {TopologyError} if the transition refuses; then nothing has changed.
   */
  change(
    transition: (topology: ClusterTopology) => ClusterTopology,
    reason: string,
    by = SUPERVISOR,
  ): void {
    this.#replace(transition(this.#topology), reason, by);
    this.#advance();
  }

  /** A report of an earlier incarnation, or of no member, has no effect. */
  take(report: MemberReport): void {
    const member = memberOf(this.#topology, report.name);
    if (member?.incarnation !== report.incarnation) return;
    this.#reports.set(report.name, report);
    this.#advance();
    this.#wake();
  }

  /**
   * Resolves once a test of this keeper holds; it runs after each change and each report.
   * @throws the reason of the signal.
   */
  until(test: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        this.#waiters.delete(check);
        signal.removeEventListener('abort', onAbort);
        end();
      };
      const onAbort = (): void => settle(() => reject(signal.reason));
      const check = (): void => {
        if (test()) settle(resolve);
      };
      if (signal.aborted) return reject(signal.reason);
      this.#waiters.add(check);
      signal.addEventListener('abort', onAbort);
      check();
    });
  }

  #advance(): void {
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      const next = nextTopology(this.#topology, [...this.#reports.values()]);
      if (next === undefined) return;
      this.#replace(next.topology, next.reason, SUPERVISOR);
    }
  }

  #replace(topology: ClusterTopology, reason: string, by: string): void {
    this.#topology = topology;
    for (const { name, incarnation } of this.#reports.values()) {
      if (memberOf(topology, name)?.incarnation !== incarnation) this.#reports.delete(name);
    }
    this.#announce(reason, by);
  }

  #announce(reason: string, by: string): void {
    const change = { topology: this.#topology, reason, by, atMs: machineClock.nowMs() };
    this.#deps.save(change.topology);
    this.#deps.onChange(change);
    this.#deps.publish(change);
    this.#wake();
  }

  #wake(): void {
    for (const check of this.#waiters) check();
  }
}
