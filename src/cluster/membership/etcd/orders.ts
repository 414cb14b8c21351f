/** What operators want of a cluster in etcd: the driver of the cluster, or the node, obeys. */
import { type ClusterTopology, memberOf, STATE_RULES } from '../../../topology/index.ts';
import { isSame, type PeerIdentity } from '../../thread/adopted.ts';
import { countOf, fieldsOf } from './fields.ts';

/** This process leaves the cluster, and does not join again. */
export interface Removal extends PeerIdentity {
  /**
   * The incarnation of the node that takes its place; 0 for none. If that node ends before it has
   * its items, the removal is void.
   */
  readonly by: number;
  /** The process was not registered as the operator removed it: it has ended. */
  readonly hasEnded: boolean;
}

/** This process leaves, ends and joins as a new one. */
export interface Restart extends PeerIdentity {
  /** `-m` of the new process; 0: as before. */
  readonly memoryLimitBytes: number;
  /** The process ends, and its service manager starts a new one; else it replaces itself. */
  readonly isByService: boolean;
}

/** The next node that joins takes the place of this process. */
export type Replacement = PeerIdentity;

export const encodeOrder = (order: Removal | Restart | Replacement): string =>
  JSON.stringify(order);

export function decodeRemoval(text: string): Removal {
  const fields = fieldsOf(text);
  const hasEnded = fields['hasEnded'] === true;
  return { ...decodeReplacement(text), by: countOf(fields, 'by'), hasEnded };
}

export function decodeRestart(text: string): Restart {
  const fields = fieldsOf(text);
  const memoryLimitBytes = countOf(fields, 'memoryLimitBytes');
  const isByService = fields['isByService'] === true;
  return { ...decodeReplacement(text), memoryLimitBytes, isByService };
}

export function decodeReplacement(text: string): Replacement {
  const fields = fieldsOf(text);
  return { name: String(fields['name']), incarnation: countOf(fields, 'incarnation') };
}

/** The order for this process, if there is one. */
export const orderFor = <T extends PeerIdentity>(
  orders: readonly T[],
  process: PeerIdentity,
): T | undefined => orders.find((order) => isSame(order, process));

/** Whether a replacement was given up, so that its member stays. */
export function isVoid(topology: ClusterTopology, removal: Removal): boolean {
  const member = memberOf(topology, removal.name);
  if (removal.by === 0 || member?.incarnation !== removal.incarnation) return false;
  return STATE_RULES[member.state].inNextRing;
}
