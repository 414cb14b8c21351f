import type { ClusterTopology } from './cluster-topology.ts';
import { commonArcs } from './common-arcs.ts';
import type { Group } from './group-table.ts';
import { KeyGroups, keepersOf } from './key-groups.ts';
import { finishedTopology } from './policy.ts';

/** Items that one member sends to another. */
interface PlannedMove {
  /** The name of the primary of the items. */
  readonly from: string;
  readonly to: string;
  /** The share of all keys of the cluster. */
  readonly share: number;
}

/** What one member holds, as shares of all keys of the cluster. */
interface PlannedMember {
  readonly name: string;
  readonly before: number;
  readonly after: number;
  /** The part of `after` that it receives. */
  readonly received: number;
}

/** What a change of the ring moves, for `--dry-run`. Nobody's items are counted: shares only. */
export interface ChangePlan {
  /** The largest first. */
  readonly moves: readonly PlannedMove[];
  /** The members of both topologies, in the order of the new one; then those that are removed. */
  readonly members: readonly PlannedMember[];
  /** The share of the keys that have another primary afterwards. */
  readonly primaryChanges: number;
}

/**
 * Plans the way from a topology to the end of the change that `changed` begins, such as
 * `withJoined(topology, member)`, if no member fails.
 */
export function planChange(topology: ClusterTopology, changed: ClusterTopology): ChangePlan {
  const before = new KeyGroups(topology);
  const after = new KeyGroups(finishedTopology(changed));
  const tally = new Tally(before, after);
  for (const arc of commonArcs(before, after)) tally.add(arc.before, arc.after, arc.share);
  return tally.plan();
}

interface Sums {
  before: number;
  after: number;
  received: number;
}

/** Adds up shares; members of different topologies meet by their names. */
class Tally {
  readonly #before: KeyGroups;
  readonly #after: KeyGroups;
  readonly #sums = new Map<string, Sums>();
  readonly #moves = new Map<string, PlannedMove>();
  #primaryChanges = 0;

  constructor(before: KeyGroups, after: KeyGroups) {
    this.#before = before;
    this.#after = after;
    for (const { topology } of [after, before]) {
      for (const { name } of topology.members) {
        this.#sums.set(name, { before: 0, after: 0, received: 0 });
      }
    }
  }

  add(before: Group, after: Group, share: number): void {
    const held = namesOf(this.#before, keepersOf(before));
    for (const name of held) this.#sums.get(name)!.before += share;
    for (const name of namesOf(this.#after, keepersOf(after))) {
      const sums = this.#sums.get(name)!;
      sums.after += share;
      if (held.includes(name) || held.length === 0) continue;
      sums.received += share;
      this.#addMove(held[0]!, name, share);
    }
    const [primary] = namesOf(this.#after, keepersOf(after));
    if (primary !== held[0]) this.#primaryChanges += share;
  }

  #addMove(from: string, to: string, share: number): void {
    const key = `${from} ${to}`;
    const sum = this.#moves.get(key)?.share ?? 0;
    this.#moves.set(key, { from, to, share: sum + share });
  }

  plan(): ChangePlan {
    return {
      moves: [...this.#moves.values()].sort((a, b) => b.share - a.share),
      members: [...this.#sums].map(([name, sums]) => ({ name, ...sums })),
      primaryChanges: this.#primaryChanges,
    };
  }
}

function namesOf({ topology }: KeyGroups, members: readonly number[]): readonly string[] {
  return members.map((member) => topology.members[member]!.name);
}
