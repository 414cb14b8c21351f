import { type ItemCopies, KEY_VERDICT, type KeyVisitor, type KeyWalk } from '../../store/index.ts';
import { answers } from '../../topology/index.ts';
import type { Adopted } from '../thread/adopted.ts';
import { holds } from '../thread/roles.ts';

/** A slice of a walk ends after the group of buckets with which it has visited so many keys. */
const KEYS_PER_SLICE = 1000;
const GROUPS_PER_SLICE = 1000;

/**
 * Drops the items that this member does not hold, and marks those of which it is not primary. An
 * item with a change on its way keeps its mark.
 */
export function cleanVerdict(
  { groups, self }: Adopted,
  changes: Pick<ItemCopies['changes'], 'isOpen'>,
): KeyVisitor {
  return (bytes, start, end) => {
    const group = groups.groupOf(bytes, start, end);
    if (self !== -1 && group.primary === self) {
      return changes.isOpen(bytes, start, end) ? KEY_VERDICT.keep : KEY_VERDICT.markOwn;
    }
    return holds(group, self) ? KEY_VERDICT.markCopy : KEY_VERDICT.drop;
  };
}

/**
 * What a member may keep when its process adopts its first topology: if it answers from there on,
 * the items that it is primary of, which it has from a file; otherwise nothing, because it has
 * missed changes. One that leaves answers, too: it gives these items to the others.
 */
export function firstVerdict({ topology, groups, self }: Adopted): KeyVisitor {
  const member = topology.members[self];
  if (member === undefined || !answers(member)) return () => KEY_VERDICT.drop;
  return (bytes, start, end) =>
    groups.groupOf(bytes, start, end).primary === self ? KEY_VERDICT.keep : KEY_VERDICT.drop;
}

/** Walks over all keys in slices, with `soon` between them; resolves at the end of the walk. */
export function walkInSlices(
  walk: KeyWalk,
  visit: KeyVisitor,
  soon: (run: () => void) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const slice = (): void => {
      let keys = 0;
      const counted: KeyVisitor = (bytes, start, end, access) => {
        keys++;
        return visit(bytes, start, end, access);
      };
      for (let groups = 0; groups < GROUPS_PER_SLICE && keys < KEYS_PER_SLICE; groups++) {
        if (walk.isDone) break;
        walk.step(Number.POSITIVE_INFINITY, counted);
      }
      if (walk.isDone) resolve();
      else soon(slice);
    };
    slice();
  });
}
