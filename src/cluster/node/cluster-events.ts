import type { ClusterEventKind } from '../../commands/index.ts';
import { type ClusterTopology, type Member, memberOf, STATE_RULES } from '../../topology/index.ts';
import { type Adopted, mayRun } from '../thread/adopted.ts';
import { boundsOf } from '../thread/roles.ts';

/** What happened to a member. */
interface Happening {
  readonly kind: ClusterEventKind;
  readonly node: string;
}

/** What a topology changes, compared with the one before it. */
export function happeningsBetween(
  before: ClusterTopology,
  now: ClusterTopology,
): readonly Happening[] {
  const gone = before.members.filter(({ name }) => memberOf(now, name) === undefined);
  return [
    ...now.members.flatMap((member) => kindsOf(memberOf(before, member.name), member)),
    ...gone.map(({ name, state }): Happening => {
      return { kind: state === 'joining' ? 'fill-given-up' : 'left', node: name };
    }),
  ];
}

function kindsOf(before: Member | undefined, now: Member): readonly Happening[] {
  const node = now.name;
  const happened = (...kinds: readonly ClusterEventKind[]): readonly Happening[] =>
    kinds.map((kind) => ({ kind, node }));
  const { state } = now;
  if (before === undefined) {
    return state === 'joining' ? happened('join', 'fill-began') : happened('join');
  }
  const isOther = before.incarnation !== now.incarnation;
  if (before.state === state) {
    if (!isOther) return [];
    return happened(isFilled(now) ? 'fill-began' : 'return');
  }
  if (!STATE_RULES[state].isUp) return STATE_RULES[before.state].isUp ? happened('death') : [];
  if (isFilled(now)) return happened('fill-began');
  if (state === 'leaving') return happened('leave');
  if (isFilled(before)) return happened('fill-ended');
  return happened(before.state === 'leaving' ? 'leave-given-up' : 'return');
}

const isFilled = ({ state }: Member): boolean => state === 'joining' || state === 'filling';

/**
 * The members that were the primaries of keys which this one answers for now, because their
 * processes do not run any more.
 */
export function takenOverFrom(before: Adopted, now: Adopted): readonly string[] {
  const { members } = before.topology;
  const died = new Set(
    members.flatMap((member, at) => {
      const isDead = mayRun(before.topology, member) && !mayRun(now.topology, member);
      return isDead && memberOf(now.topology, member.name) !== undefined ? [at] : [];
    }),
  );
  if (died.size === 0 || now.self === -1) return [];
  const from = new Set<string>();
  for (const point of boundsOf([before, now])) {
    const { primary } = before.groups.groupAt(point);
    const isTaken = died.has(primary) && now.groups.groupAt(point).primary === now.self;
    if (isTaken) from.add(members[primary]!.name);
  }
  return [...from];
}
