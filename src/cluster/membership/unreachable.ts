import { type ClusterTopology, type Member, memberOf, STATE_RULES } from '../../topology/index.ts';

/** What becomes of a member that a primary cannot reach: its changes wait for that member. */
type Remedy = 'new process' | 'give up the change' | 'wait';

/**
 * Whether each key of a member has another holder that answers, so that the process of the member
 * can be killed. Each other member that is down, that is filled again, or whose process may have
 * ended, may be a holder.
 */
export function isHeldElsewhere(
  { members, replicas }: ClusterTopology,
  name: string,
  lives: (member: Member) => boolean = () => true,
): boolean {
  const isAway = (member: Member): boolean => {
    const { inRing, answers } = STATE_RULES[member.state];
    return member.weight > 0 && inRing && !(answers && lives(member));
  };
  return members.filter((member) => member.name !== name && isAway(member)).length < replicas - 1;
}

/**
 * A node that alone holds some keys keeps its process. With one copy only a change of the ring
 * makes it a receiver, and without the change nobody needs to reach it.
 */
export function remedyFor(topology: ClusterTopology, unreachable: string): Remedy {
  const state = memberOf(topology, unreachable)?.state;
  if (state === undefined || state === 'down' || state === 'gone') return 'wait';
  if (!STATE_RULES[state].answers || isHeldElsewhere(topology, unreachable)) return 'new process';
  if (topology.replicas > 1) return 'wait';
  const isChanging = topology.members.some(
    (member) => member.state === 'joining' || member.state === 'leaving',
  );
  return isChanging ? 'give up the change' : 'wait';
}
