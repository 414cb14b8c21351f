import { type ClusterTopology, memberOf } from '../../topology/index.ts';

/** What becomes of a member that a primary cannot reach: its changes wait for that member. */
type Remedy = 'new process' | 'give up the change' | 'wait';

/**
 * A node that alone holds its keys keeps its process. With one copy only a change of the ring makes
 * it a receiver, and without the change nobody needs to reach it.
 */
export function remedyFor(topology: ClusterTopology, unreachable: string): Remedy {
  const state = memberOf(topology, unreachable)?.state;
  if (state === undefined || state === 'down' || state === 'gone') return 'wait';
  if (state === 'joining' || topology.replicas > 1) return 'new process';
  const isChanging = topology.members.some(
    (member) => member.state === 'joining' || member.state === 'leaving',
  );
  return isChanging ? 'give up the change' : 'wait';
}
