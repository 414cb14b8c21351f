import { answers, type ClusterTopology, type Member, STATE_RULES } from './cluster-topology.ts';

/** What a node says of itself; each number is the version of a topology, 0 for none. */
export interface NodeReport {
  readonly name: string;
  readonly incarnation: number;
  /** All its threads follow this topology. */
  readonly adopted: number;
  /** All receivers of the keys whose primary it is in this topology have all their items. */
  readonly complete: number;
  /** It has dropped all items that it does not hold or receive in this topology. */
  readonly clean: number;
}

/** The topology that follows, and why. */
export interface TopologyStep {
  readonly topology: ClusterTopology;
  readonly reason: string;
}

/**
 * The topology that follows from the reports of the nodes, if one does: members that are filled
 * serve, and those that leave are removed, all at once, when nobody misses an item that it needs
 * then. It is a pure function: a driver that dies leaves nothing half done, and two drivers that
 * work at once compute the same step from the same facts.
 *
 * A report that is old does no harm, because its versions are lower, or its incarnation differs.
 */
export function nextTopology(
  topology: ClusterTopology,
  reports: readonly NodeReport[],
): TopologyStep | undefined {
  const changes = topology.members.flatMap(changeOf);
  if (changes.length === 0 || unfinished(topology, reports).length > 0) return undefined;
  return { topology: finishedTopology(topology), reason: changes.join('; ') };
}

/**
 * The topology after the changes under way; without changes, the next version of the same. A member
 * that leaves keeps its place for one version more, without weight: until it has adopted that, it
 * may still answer, and the new primaries of its keys must know whom they wait for.
 */
export function finishedTopology(topology: ClusterTopology): ClusterTopology {
  const members = topology.members
    .filter((member) => !hasLeft(member) && member.state !== 'gone')
    .map(afterChange);
  return { ...topology, version: topology.version + 1, members };
}

/** What each member must do before the changes under way are finished, as sentences. */
export function unfinished(
  topology: ClusterTopology,
  reports: readonly NodeReport[],
): readonly string[] {
  const known = new Map(reports.map((report) => [report.name, report]));
  const tasks = topology.members.flatMap((member) => {
    const task = taskOf(member, known.get(member.name), topology.version);
    return task === undefined ? [] : [`${member.name} ${task}`];
  });
  const last = lastHolder(topology);
  return last === undefined ? tasks : [...tasks, `${last.name} is the last node that has items`];
}

/** A leaving member that must stay, because the others have died. */
function lastHolder(topology: ClusterTopology): Member | undefined {
  if (finishedTopology(topology).members.some(answers)) return undefined;
  return topology.members.find(answers);
}

/**
 * A member of weight 0 has no items, so nobody waits for it; but one that leaves must know that it
 * answers no more.
 */
function taskOf(
  member: Member,
  report: NodeReport | undefined,
  version: number,
): string | undefined {
  const { weight, state, incarnation } = member;
  const rule = STATE_RULES[state];
  if ((weight === 0 && !hasLeft(member)) || !rule.isUp) return undefined;
  if (report?.incarnation !== incarnation) return 'has not reported';
  if (report.adopted < version) return `has not adopted version ${version}`;
  if (weight === 0) return undefined;
  if (report.clean < version) return 'has not dropped the items that it no longer holds';
  if (rule.answers && report.complete < version) return 'has not sent all items to their receivers';
  return undefined;
}

function afterChange(member: Member): Member {
  if (isFilled(member)) return { ...member, state: 'serving' };
  return member.state === 'leaving' ? { ...member, weight: 0 } : member;
}

/** It leaves, and holds nothing any more. */
function hasLeft({ weight, state }: Member): boolean {
  return state === 'leaving' && weight === 0;
}

function isFilled({ state }: Member): boolean {
  return state === 'joining' || state === 'filling';
}

function changeOf(member: Member): readonly string[] {
  if (hasLeft(member)) return [`${member.name} has left`];
  if (isFilled(member)) return [`${member.name} has all its items`];
  if (member.state === 'leaving') return [`${member.name} has given its items to the others`];
  return member.state === 'gone' ? [`${member.name} is down and leaves`] : [];
}
