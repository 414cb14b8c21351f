import { type Adopted, indexOfPeer } from './adopted.ts';

/**
 * The receivers of a change that was held: those of the adopted topology, or, if this member is not
 * the primary of the key any more, those of the one before.
 */
export function heldReceivers(
  { topology, groups, self }: Adopted,
  previous: Adopted | undefined,
  bytes: Buffer,
  start: number,
  end: number,
): readonly number[] {
  const group = groups.groupOf(bytes, start, end);
  if (group.primary === self || previous === undefined) return group.receivers;
  const { receivers } = previous.groups.groupOf(bytes, start, end);
  return receivers
    .map((at) => indexOfPeer(topology, previous.topology.members[at]!))
    .filter((at) => at !== -1);
}
