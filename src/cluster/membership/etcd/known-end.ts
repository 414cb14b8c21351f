import type { Member } from '../../../topology/index.ts';
import { isSame } from '../../thread/adopted.ts';
import type { ClusterState } from './cluster-keys.ts';

/**
 * Whether the process of a member is known to have ended: it has said so, an operator has said so,
 * or another process has its name and its address, which only one process can listen at.
 */
export function hasEnded(
  member: Pick<Member, 'name' | 'incarnation' | 'address'>,
  { nodes, ended, removals }: Pick<ClusterState, 'nodes' | 'ended' | 'removals'>,
): boolean {
  return (
    ended.some((one) => isSame(one, member)) ||
    nodes.some(({ member: other }) => {
      const isNamed = other.name === member.name && other.address === member.address;
      return isNamed && !isSame(other, member);
    }) ||
    removals.some((removal) => removal.hasEnded && isSame(removal, member))
  );
}
