import type { KeyWalk } from '../../store/index.ts';
import type { AccessBand } from './access-bands.ts';
import { type FastWalking, mergedArcs } from './fast-walking.ts';
import type { FillPlan } from './fill-plan.ts';

/** The groups of buckets that a step visits: some 5 µs. */
const GROUPS_PER_STEP = 16;

/** Collects the states of items for their receivers, in WebAssembly. */
export class StateCollector {
  readonly #fast: FastWalking;
  /** The receivers of each set of states, as indexes in the topology. */
  readonly #sets: readonly (readonly number[])[];

  private constructor(fast: FastWalking, sets: readonly (readonly number[])[]) {
    this.#fast = fast;
    this.#sets = sets;
  }

  /** Undefined: the keys of the plan have too many different receivers. */
  static of(fast: FastWalking, plan: FillPlan): StateCollector | undefined {
    const sets = new Map<string, number>();
    const members: (readonly number[])[] = [];
    const actionOf = (receivers: readonly number[]): 'keep' | number => {
      if (receivers.length === 0) return 'keep';
      const set = sets.get(`${receivers}`) ?? members.push(receivers) - 1;
      sets.set(`${receivers}`, set);
      return set;
    };
    const arcs = plan.arcs.map(({ last, receivers }) => ({ last, action: actionOf(receivers) }));
    const isBegun = fast.begin(mergedArcs(arcs), members.length);
    return isBegun ? new StateCollector(fast, members) : undefined;
  }

  /**
   * Visits the next groups.
   * @returns `full` if the states must be taken first, `slow` if JavaScript must visit the next
   *     group.
   */
  step(walk: KeyWalk, band: AccessBand): 'done' | 'full' | 'slow' {
    const last = Math.min(walk.groups, walk.visitedGroups + GROUPS_PER_STEP);
    walk.skipTo(this.#fast.step(walk.visitedGroups, last, walk.groups, band));
    if (walk.visitedGroups === last) return 'done';
    return this.#fast.isFull && this.count > 0 ? 'full' : 'slow';
  }

  /** The states that were not taken. */
  get count(): number {
    return this.#sets.reduce((sum, _, set) => sum + this.#fast.countOf(set), 0);
  }

  /** Takes all states. */
  take(visit: (receivers: readonly number[], states: Buffer, count: number) => void): void {
    for (const [set, receivers] of this.#sets.entries()) {
      const count = this.#fast.countOf(set);
      if (count > 0) visit(receivers, this.#fast.take(set), count);
    }
  }
}
