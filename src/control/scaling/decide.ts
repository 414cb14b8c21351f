/** How many nodes a cluster should have now, by its bounds and its policies; pure. */
import { type Wish, wishOf } from './tracking.ts';

type Tracked = Parameters<typeof wishOf>;

interface Bounds {
  readonly min: number;
  readonly max: number;
}

interface SuspendedKinds {
  readonly in: boolean;
  readonly out: boolean;
}

interface PolicyFacts {
  readonly name: string;
  readonly policy: Tracked[0];
  readonly points: Tracked[1]['points'];
}

interface DecisionFacts extends Omit<Tracked[1], 'points'> {
  readonly bounds: Bounds;
  readonly suspended: SuspendedKinds;
  readonly policies: readonly PolicyFacts[];
  /** The fewest nodes that have room for the items of all. */
  readonly roomNodes: number;
}

export interface Decision {
  readonly capacity: number;
  /** Why, in a sentence. */
  readonly cause: string;
  /** Whether the bounds are the reason, and no policy. */
  readonly isOfBounds: boolean;
}

/** Undefined: the number of nodes stays. */
export function decide(facts: DecisionFacts): Decision | undefined {
  const { capacity, bounds, suspended } = facts;
  if (capacity < bounds.min) {
    return ofBound(bounds.min, 'minimum');
  }
  if (capacity > bounds.max) {
    return ofBound(bounds.max, 'maximum');
  }
  const wishes = facts.policies.map(({ name, policy, points }) => ({
    name,
    policy,
    wish: wishOf(policy, { ...facts, points }),
  }));
  const wanted = moreNodes(wishes) ?? fewerNodes(wishes);
  if (wanted === undefined || suspended[wanted.kind]) return undefined;
  const within = clamp(wanted, facts);
  if (within === capacity) return undefined;
  return { capacity: within, cause: causeOf(wanted), isOfBounds: false };
}

const ofBound = (capacity: number, name: string): Decision => ({
  capacity,
  cause: `the ${name} capacity is ${capacity}`,
  isOfBounds: true,
});

interface NamedWish {
  readonly name: string;
  readonly policy: Tracked[0];
  readonly wish: Wish;
}

interface Wanted {
  readonly kind: 'in' | 'out';
  readonly capacity: number;
  readonly value: number;
  readonly by: NamedWish;
}

const wantedBy = (all: readonly NamedWish[], kind: 'in' | 'out'): readonly Wanted[] =>
  all.flatMap((by) => {
    const { wish } = by;
    if (wish.kind !== kind) return [];
    return [{ kind, capacity: wish.capacity, value: wish.value, by }];
  });

const largest = (all: readonly Wanted[]): Wanted | undefined =>
  all.reduce<Wanted | undefined>(
    (most, each) => (most === undefined || each.capacity > most.capacity ? each : most),
    undefined,
  );

/** One policy is enough. */
const moreNodes = (wishes: readonly NamedWish[]): Wanted | undefined =>
  largest(wantedBy(wishes, 'out'));

/** All policies that may have to want it, also those without values. */
function fewerNodes(wishes: readonly NamedWish[]): Wanted | undefined {
  const voters = wishes.filter(({ policy }) => !policy.neverScalesIn);
  const wanted = wantedBy(voters, 'in');
  return wanted.length === voters.length ? largest(wanted) : undefined;
}

/** Items need room: nodes that would evict them do not go, whatever the metric says. */
function clamp({ kind, capacity: wanted }: Wanted, { capacity, bounds, roomNodes }: DecisionFacts) {
  if (kind === 'out') return Math.min(wanted, bounds.max);
  return Math.min(capacity, Math.max(wanted, bounds.min, roomNodes));
}

function causeOf({ kind, value, by }: Wanted): string {
  const { target } = by.policy;
  const place = kind === 'out' ? 'above' : 'well below';
  return (
    `the policy ${by.name} has its metric at ${shown(value)}, ${place} its target of ` +
    `${shown(target)}`
  );
}

const shown = (value: number): string => String(Number(value.toPrecision(4)));

/** Of the memory that stays, items may have this share after a node has gone. */
const FULL_SHARE = 0.9;

/** The fewest nodes that have room for all items; without numbers, as many as there are. */
export function roomNodes(
  nodes: number,
  usedBytes: number | undefined,
  limitBytes: number | undefined,
): number {
  if (usedBytes === undefined || limitBytes === undefined || limitBytes <= 0) return nodes;
  return Math.max(1, Math.ceil((usedBytes * nodes) / (FULL_SHARE * limitBytes)));
}
