/** Requests with DryRun, an extension: what they would do, without a change; pure. */

import type { NodeNow } from '../metrics/cluster-metrics.ts';
import { totalOf } from '../metrics/cluster-metrics.ts';
import type { ClusterRecord } from '../model/records.ts';
import { type ClusterPlan, planOf } from '../reconciler/plan.ts';
import type { Wanted } from '../reconciler/steps.ts';
import type { Observed } from '../runtime/runtime.ts';

const STOPPED: Observed = { isRunning: false, nodes: [] };

export const isDryRun = (input: object): boolean => 'DryRun' in input && input.DryRun === true;

/** The plan of a cluster as it was seen last, with the samples of its nodes. */
export function dryPlan(
  cluster: ClusterRecord,
  { seen = STOPPED, wanted, nodes }: PlanFacts,
): DryPlan {
  const samples = nodes.map(({ sample }) => sample);
  const [items, bytes] = [totalOf(samples, 'items') ?? 0, totalOf(samples, 'usedBytes') ?? 0];
  const sampled = new Set(nodes.map(({ node }) => node));
  return {
    plan: planOf(cluster, seen, wanted, { items, bytes }),
    silent: seen.nodes.map(({ id }) => id).filter((id) => !sampled.has(id)),
  };
}

interface PlanFacts {
  readonly seen?: Observed | undefined;
  readonly wanted: Wanted;
  readonly nodes: readonly NodeNow[];
}

/** A plan, and the nodes of which it does not know what they hold. */
export interface DryPlan {
  readonly plan: ClusterPlan;
  readonly silent: readonly string[];
}

/** As the reply has it. */
export const planMembers = ({ plan, silent }: DryPlan) => ({
  Steps: plan.steps.map(({ step, keys, bytes, seconds }) => ({
    Kind: step.kind,
    ...('node' in step && { CacheNodeId: step.node }),
    ...('snapshot' in step && { SnapshotName: step.snapshot }),
    ...{ Keys: keys, Bytes: bytes, Seconds: Math.round(seconds) },
  })),
  MemoryBytes: plan.limitBytes,
  KeysLost: plan.keysLost,
  BytesLost: plan.bytesLost,
  SilentNodes: silent,
});
