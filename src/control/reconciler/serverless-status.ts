/** What becomes of a serverless cache when its nodes change. */
import type { ClusterRecord } from '../model/records.ts';
import { shownName } from '../model/serverless-names.ts';
import type { ServerlessRecord } from '../model/serverless-records.ts';
import type { StateFile } from '../state/state-file.ts';

/** The statuses of nodes that end a change. */
const STATUS: Partial<Record<ClusterRecord['status'], ServerlessRecord['status']>> = {
  available: 'available',
  'restore-failed': 'create-failed',
};

/** Takes over the status of the nodes. */
export function followNodes(nodes: ClusterRecord, state: StateFile): void {
  const name = shownName(nodes.id);
  const cache = name === undefined ? undefined : state.get('serverlesscache', name);
  const isChanging = cache?.status === 'creating' || cache?.status === 'modifying';
  if (cache === undefined || !isChanging) return;
  const status = STATUS[nodes.status];
  if (status !== undefined) state.put('serverlesscache', cache.name, { ...cache, status });
}

/** Its nodes are gone. */
export function removeCache(id: string, state: StateFile): void {
  const name = shownName(id);
  if (name !== undefined) state.remove('serverlesscache', name);
}

/** An event of a cluster, or of the serverless cache with these nodes. */
export function eventOf(id: string, message: string) {
  const name = shownName(id);
  if (name === undefined) return { sourceType: 'cache-cluster', sourceId: id, message };
  const text = message
    .replace('Cache cluster', 'Serverless cache')
    .replace('cache cluster', 'serverless cache');
  return { sourceType: 'serverless-cache', sourceId: name, message: text };
}
