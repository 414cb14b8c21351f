import { type ItemCopies, KEY_VERDICT, type KeyVisitor, type KeyWalk } from '../../store/index.ts';
import { answers, type Group, type KeyGroups } from '../../topology/index.ts';
import type { Adopted } from '../thread/adopted.ts';
import { holds } from '../thread/roles.ts';
import { type FastWalking, type ItemVerdict, mergedArcs } from './fast-walking.ts';

/** A slice of a walk ends after the group of buckets with which it has visited so many keys. */
const KEYS_PER_SLICE = 1000;
const GROUPS_PER_SLICE = 1000;

type GroupVerdict = (group: Group) => ItemVerdict;

/** Drops the items that this member does not hold, and marks those of which it is not primary. */
export function cleanVerdict({ self }: Adopted): GroupVerdict {
  return (group) => {
    if (self !== -1 && group.primary === self) return 'markOwn';
    return holds(group, self) ? 'markCopy' : 'drop';
  };
}

/**
 * What a member may keep when its process adopts its first topology: if it answers from there on,
 * the items that it is primary of, which it has from a file; otherwise nothing, because it has
 * missed changes. One that leaves answers, too: it gives these items to the others.
 */
export function firstVerdict({ topology, self }: Adopted): GroupVerdict {
  const member = topology.members[self];
  if (member === undefined || !answers(member)) return () => 'drop';
  return ({ primary }) => (primary === self ? 'keep' : 'drop');
}

interface CleanParts {
  walkKeys(): KeyWalk;
  readonly copies: { readonly changes: Pick<ItemCopies['changes'], 'isOpen'> };
  /** Absent: JavaScript visits all items. */
  readonly fastWalk?: FastWalking | undefined;
  /** Runs it soon, after what else the thread has to do. */
  soon(run: () => void): void;
}

/**
 * Does with all items what the verdict about the group of their key says, in slices, with `soon`
 * between them; resolves at the end. An item with a change on its way keeps its mark.
 */
export function cleanStore(
  groups: KeyGroups,
  verdict: GroupVerdict,
  { walkKeys, copies, fastWalk, soon }: CleanParts,
): Promise<void> {
  const walk = walkKeys();
  const visit: KeyVisitor = (bytes, start, end) => {
    const found = verdict(groups.groupOf(bytes, start, end));
    const isOpen = found === 'markOwn' && copies.changes.isOpen(bytes, start, end);
    return isOpen ? KEY_VERDICT.keep : KEY_VERDICT[found];
  };
  const arcs = groups.arcs.map(({ last, group }) => ({ last, action: verdict(group) }));
  const isFast = fastWalk?.begin(mergedArcs(arcs)) === true;
  return new Promise((resolve) => {
    const slice = (): void => {
      if (isFast) fastSlice(walk, visit, fastWalk);
      else slowSlice(walk, visit);
      if (walk.isDone) resolve();
      else soon(slice);
    };
    slice();
  });
}

function fastSlice(walk: KeyWalk, visit: KeyVisitor, fast: FastWalking): void {
  const last = Math.min(walk.groups, walk.visitedGroups + GROUPS_PER_SLICE);
  walk.skipTo(fast.step(walk.visitedGroups, last, walk.groups));
  if (walk.visitedGroups < last) walk.step(Number.POSITIVE_INFINITY, visit);
}

function slowSlice(walk: KeyWalk, visit: KeyVisitor): void {
  let keys = 0;
  const counted: KeyVisitor = (...key) => {
    keys++;
    return visit(...key);
  };
  for (let groups = 0; groups < GROUPS_PER_SLICE && keys < KEYS_PER_SLICE; groups++) {
    if (walk.isDone) break;
    walk.step(Number.POSITIVE_INFINITY, counted);
  }
}
