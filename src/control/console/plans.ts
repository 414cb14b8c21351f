import type { ReadAdmin } from '../metrics/admin-reader.ts';
import { MEASURE_AT } from '../metrics/measures.ts';
import { readStats } from '../metrics/reading.ts';
import { nodeAddress } from '../model/ports.ts';
import type { ClusterRecord } from '../model/records.ts';
import { type ClusterPlan, planOf } from '../reconciler/plan.ts';
import { wantedOf } from '../reconciler/wanted.ts';
import type { View } from './view.ts';

/** A plan, and how far it knows what the nodes hold. */
export interface Planned {
  readonly plan: ClusterPlan;
  /** The nodes that run and did not tell. */
  readonly silent: readonly string[];
}

/** What has to be done until a cluster is as its record wants it. Each node is asked now. */
export async function planFor(view: View, cluster: ClusterRecord): Promise<Planned> {
  const { state, observe, limits, reader } = view.parts;
  const observed = await observe(cluster.id);
  const read = reader();
  const answers = await Promise.all(
    observed.nodes.map(async ({ id }) => ({
      id,
      held: await heldBy(nodeAddress(cluster, id, limits.host), read),
    })),
  );
  const sum = (name: 'items' | 'bytes'): number =>
    answers.reduce((total, { held }) => total + (held?.[name] ?? 0), 0);
  const held = { items: sum('items'), bytes: sum('bytes') };
  return {
    plan: planOf(cluster, observed, wantedOf(cluster, state), held),
    silent: answers.filter((answer) => answer.held === undefined).map(({ id }) => id),
  };
}

async function heldBy(address: string, read: ReadAdmin) {
  const text = await read(address, '/stats.json');
  const numbers = text === undefined ? undefined : readStats(text, 0)?.numbers;
  const [items, bytes] = [numbers?.[MEASURE_AT.items], numbers?.[MEASURE_AT.usedBytes]];
  return typeof items === 'number' && typeof bytes === 'number' ? { items, bytes } : undefined;
}
