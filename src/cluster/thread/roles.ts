import type { Group } from '../../topology/index.ts';
import type { Adopted } from './adopted.ts';

/** How the roles of a member change from one topology to the next. */
interface RoleChanges {
  /** It holds some key no more, in any role. */
  readonly losesKeys: boolean;
  /** It is the primary of some key no more. */
  readonly losesPrimary: boolean;
  /** It becomes the primary of some key. */
  readonly gainsPrimary: boolean;
}

export function holds({ primary, receivers }: Group, member: number): boolean {
  return member !== -1 && (primary === member || receivers.includes(member));
}

/** `before`: undefined if the member had no topology. */
export function roleChanges(before: Adopted | undefined, now: Adopted): RoleChanges {
  if (before === undefined) return { losesKeys: true, losesPrimary: true, gainsPrimary: true };
  const changes = { losesKeys: false, losesPrimary: false, gainsPrimary: false };
  for (const point of boundsOf([before, now])) {
    const old = before.groups.groupAt(point);
    const next = now.groups.groupAt(point);
    const wasPrimary = before.self !== -1 && old.primary === before.self;
    const isPrimary = now.self !== -1 && next.primary === now.self;
    if (holds(old, before.self) && !holds(next, now.self)) changes.losesKeys = true;
    if (wasPrimary && !isPrimary) changes.losesPrimary = true;
    if (!wasPrimary && isPrimary) changes.gainsPrimary = true;
  }
  return changes;
}

/** The last points of the arcs within which all keys have the same group in each topology. */
export function boundsOf(adopted: readonly Adopted[]): Iterable<number> {
  return new Set(adopted.flatMap(({ groups }) => [...groups.lasts]));
}
