/** Maintenance windows. */
import { isInWindow } from '../model/cluster-rules.ts';
import { save } from './cluster-lookups.ts';
import type { Context } from './context.ts';
import { withPendingApplied } from './modify-cluster.ts';

/** Changes of a cluster that waited for its maintenance window begin in it. */
export function openWindow(id: string, context: Context): void {
  const cluster = context.state.get('cluster', id);
  if (cluster?.status !== 'available') return;
  if (!isInWindow(cluster.maintenanceWindow, context.nowMs)) return;
  const applied = withPendingApplied(cluster, context);
  if (applied === cluster) return;
  context.tell('cache-cluster', id, 'Applying in the maintenance window what waited for it');
  save(applied, context);
}
