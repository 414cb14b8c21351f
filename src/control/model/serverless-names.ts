/** The names of what belongs to serverless caches, beside those of clusters; pure. */

/** No cluster and no snapshot of a cluster can be called so. */
const PREFIX = 'serverless--';

const isServerless = (id: string): boolean => id.startsWith(PREFIX);

/** The id of the nodes of a serverless cache, or the name of the file of one of its snapshots. */
export const hiddenName = (name: string): string => PREFIX + name;

/** The name of the serverless cache with these nodes, or of the snapshot with this file. */
export const shownName = (id: string): string | undefined =>
  isServerless(id) ? id.slice(PREFIX.length) : undefined;

export const clusterKind = (id: string): 'cluster' | 'serverlesscluster' =>
  isServerless(id) ? 'serverlesscluster' : 'cluster';
