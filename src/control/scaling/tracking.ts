/** Target tracking: how many nodes a metric asks for; pure. */

interface TrackedPolicy {
  readonly target: number;
  readonly scaleOutCooldownMs: number;
  readonly scaleInCooldownMs: number;
  readonly neverScalesIn: boolean;
}

/** A change of the number of nodes that is over. */
export interface PastChange {
  readonly atMs: number;
  readonly from: number;
  readonly to: number;
}

interface TrackingFacts {
  readonly nowMs: number;
  /** The nodes that there are. */
  readonly capacity: number;
  /** A value for each of the last minutes that are over, the oldest first; undefined: none. */
  readonly points: readonly (number | undefined)[];
  readonly lastOut?: PastChange | undefined;
  readonly lastIn?: PastChange | undefined;
}

/** What a policy wants: more nodes, fewer, or these. `unknown`: minutes without a value. */
export type Wish =
  | { readonly kind: 'out' | 'in'; readonly capacity: number; readonly value: number }
  | { readonly kind: 'keep' }
  | { readonly kind: 'unknown' };

/** So many minutes in a row above the target ask for more nodes. Source: AWS. */
const OUT_MINUTES = 3;
/** So many minutes in a row well below it allow fewer. Source: AWS. */
export const IN_MINUTES = 15;
/** For so long after a change some of these minutes are from before it. */
const OLD_MINUTES_MS = (OUT_MINUTES + 1) * 60_000;
/** Well below: under this share of the target. Source: AWS. */
const LOW_SHARE = 0.9;

/** What one policy wants after the last minutes. */
export function wishOf(policy: TrackedPolicy, facts: TrackingFacts): Wish {
  const { target } = policy;
  const last = valuesOf(facts.points.slice(-OUT_MINUTES), OUT_MINUTES);
  if (last === undefined) return { kind: 'unknown' };
  if (last.every((value) => value > target)) return outWish(policy, facts, meanOf(last));
  const long = valuesOf(facts.points.slice(-IN_MINUTES), IN_MINUTES);
  if (long === undefined) return { kind: 'unknown' };
  if (long.some((value) => value >= LOW_SHARE * target)) return { kind: 'keep' };
  return inWish(policy, facts, Math.max(...last));
}

/** In the cooldown the nodes that came count as part of what the metric asks for. */
function outWish(policy: TrackedPolicy, facts: TrackingFacts, value: number): Wish {
  const { lastOut, nowMs, capacity: now } = facts;
  const isCooling = isIn(lastOut, policy.scaleOutCooldownMs, nowMs);
  const base = isCooling ? lastOut!.from : now;
  const capacity = Math.max(base + 1, proportional(base, value, policy.target));
  return capacity > now ? { kind: 'out', capacity, value } : { kind: 'keep' };
}

/** One node at a time: the metric of those that stay is seen before the next one goes. */
function inWish(policy: TrackedPolicy, facts: TrackingFacts, value: number): Wish {
  const { lastIn, lastOut, nowMs, capacity: now } = facts;
  if (policy.neverScalesIn) return { kind: 'keep' };
  const isInterrupted = lastIn !== undefined && lastOut !== undefined && lastOut.atMs > lastIn.atMs;
  if (!isInterrupted && isIn(lastIn, policy.scaleInCooldownMs, nowMs)) return { kind: 'keep' };
  const capacity = now - 1;
  const fits = capacity >= 1 && proportional(now, value, policy.target) <= capacity;
  return fits ? { kind: 'in', capacity, value } : { kind: 'keep' };
}

const proportional = (capacity: number, value: number, target: number): number =>
  Math.ceil((capacity * value) / target);

const isIn = (change: PastChange | undefined, cooldownMs: number, nowMs: number): boolean =>
  change !== undefined && nowMs < change.atMs + Math.max(cooldownMs, OLD_MINUTES_MS);

/** Undefined if one is missing. */
function valuesOf(points: TrackingFacts['points'], count: number): readonly number[] | undefined {
  const values = points.filter((value) => value !== undefined);
  return values.length === count ? values : undefined;
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
