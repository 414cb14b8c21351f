/** What is wanted of the nodes of a cluster. */
import { CodedError } from '../../base/index.ts';
import { shapeOf } from '../model/node-options.ts';
import { nodeType } from '../model/node-types.ts';
import type { ParameterValues } from '../model/parameters.ts';
import type { ClusterRecord } from '../model/records.ts';
import { usersText } from '../model/users-text.ts';
import type { StateFile } from '../state/state-file.ts';
import type { Wanted } from './steps.ts';

type Reads = Pick<StateFile, 'get'>;

/** The values of its group as they are now. */
export const groupValuesOf = ({ parameterGroup }: ClusterRecord, state: Reads): ParameterValues =>
  state.get('parametergroup', parameterGroup)?.values ?? {};

/** A node that has not started will get the values of the group. */
export const wantedOf = (cluster: ClusterRecord, state: Reads): Wanted => ({
  // Nobody but the manager may log in to a node behind a proxy.
  users: cluster.proxy === undefined ? usersOf(cluster.userGroup, state) : usersText([]),
  proxy: cluster.proxy && { ...cluster.proxy, users: usersOf(cluster.proxy.userGroup, state) },
  parameters: groupValuesOf(cluster, state),
  shapeOf: (node) => {
    const type = nodeType(cluster.nodeType);
    if (type === undefined) {
      const text = `There is no node type ${cluster.nodeType} any more.`;
      throw new CodedError('ERR_NODE_TYPE', text);
    }
    const { parameters } = cluster.nodes.find(({ id }) => id === node) ?? {};
    return shapeOf(type, parameters ?? groupValuesOf(cluster, state));
  },
});

function usersOf(userGroup: string | undefined, state: Reads): string | undefined {
  if (userGroup === undefined) return undefined;
  const { userIds = [] } = state.get('usergroup', userGroup) ?? {};
  return usersText(userIds.flatMap((id) => state.get('user', id) ?? []));
}
