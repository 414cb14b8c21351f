import { type ClusterTopology, STATE_RULES } from '../../topology/index.ts';
import { type Adopted, isSame, type PeerIdentity } from '../thread/adopted.ts';

/** Why this incarnation cannot follow a topology; undefined if it can. */
export function reasonToRenew(
  topology: ClusterTopology,
  before: Adopted | undefined,
  self: PeerIdentity,
): string | undefined {
  const { version, members } = topology;
  const known = before?.topology.version;
  if (known !== undefined && version !== known + 1) {
    return `The node has topology ${known} and missed the one before ${version}.`;
  }
  const member = members.find((one) => isSame(one, self));
  const isDown = member !== undefined && !STATE_RULES[member.state].isUp;
  return isDown ? `The cluster has taken this node for dead (topology ${version}).` : undefined;
}
