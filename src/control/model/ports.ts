/** The ports of the clusters of a machine; pure. */
import { invalidValue } from '../api/errors.ts';
import type { ClusterRecord } from './records.ts';

/** Each cluster has so many ports, one for each node that it may get. */
export const PORTS_PER_CLUSTER = 64;
const PORT_MAX = 65_535;

/**
 * The first port of a new cluster: the wanted one, or the first block that no cluster has.
 * @throws {ApiError} `InvalidParameterValue`
 */
export function freePorts(
  clusters: readonly Pick<ClusterRecord, 'id' | 'port'>[],
  wanted: number | undefined,
  first: number,
): number {
  const taken = (port: number) =>
    clusters.find((each) => Math.abs(each.port - port) < PORTS_PER_CLUSTER);
  if (wanted !== undefined) {
    const other = taken(wanted);
    if (wanted < 1 || wanted + PORTS_PER_CLUSTER - 1 > PORT_MAX) {
      throw invalidValue(`Port is ${wanted}; it must be 1 to ${PORT_MAX - PORTS_PER_CLUSTER + 1}.`);
    }
    if (other === undefined) return wanted;
    throw invalidValue(
      `Port is ${wanted}: all clusters share one machine, and the cluster ${other.id} has the ` +
        `ports ${other.port} to ${other.port + PORTS_PER_CLUSTER - 1}. Leave Port out.`,
    );
  }
  for (let port = first; port + PORTS_PER_CLUSTER - 1 <= PORT_MAX; port += PORTS_PER_CLUSTER) {
    if (taken(port) === undefined) return port;
  }
  throw invalidValue('No ports are left for one more cluster.');
}

/** `host:port` of a node for clients: the node 0002 has the port after that of the node 0001. */
export const nodeAddress = (
  { port }: Pick<ClusterRecord, 'port'>,
  nodeId: string,
  host: string,
): string => `${host}:${port + Number(nodeId) - 1}`;
