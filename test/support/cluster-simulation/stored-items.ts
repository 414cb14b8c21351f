import { ByteSink } from '../../../src/base/index.ts';
import { KEY_VERDICT, type KeyVisitor, newItemState } from '../../../src/store/index.ts';
import { KeyGroups } from '../../../src/topology/index.ts';
import { shorten } from './history.ts';
import type { SimMembership } from './membership.ts';
import type { SimProcess } from './process.ts';

/** A process evicts a key, as it does when its memory is full. */
export function evict(process: SimProcess, key: string): void {
  const walk = process.store.walkKeys();
  const visit: KeyVisitor = (bytes, start, end) =>
    bytes.toString('latin1', start, end) === key ? KEY_VERDICT.drop : KEY_VERDICT.keep;
  while (!walk.isDone) walk.step(Number.POSITIVE_INFINITY, visit);
}

/** What one node has of a key. */
interface StoredItem {
  readonly value: string;
  readonly id: string;
}

/** What may differ between the holders of a key. */
interface Differences {
  /** Whether any of them may have evicted the item. */
  readonly mayVanish: boolean;
  /** Whether a copy may have this item though the primary has none: it can come back. */
  mayRemain(key: string, item: StoredItem): boolean;
}

/** What is wrong with the items of a cluster at rest: all holders of a key have the same item. */
export function unequalItems(
  { topology, running }: Pick<SimMembership, 'topology' | 'running'>,
  keys: readonly string[],
  { mayVanish, mayRemain }: Differences,
): readonly string[] {
  const groups = KeyGroups.of(topology);
  const processes = topology.members.map(({ incarnation }) =>
    running.find(({ options }) => options.incarnation === incarnation),
  );
  return keys.flatMap((key) => {
    const { primary, receivers } = groups.groupOf(Buffer.from(key), 0, key.length);
    const items = processes.map((process) => process && itemOf(process, key));
    return items.flatMap((item, at) => {
      const isHolder = at === primary || receivers.includes(at);
      const right = isHolder ? items[primary] : undefined;
      if (textOf(item) === textOf(right)) return [];
      if (isHolder && (item === undefined ? mayVanish : !right && mayRemain(key, item))) return [];
      const { name } = topology.members[at]!;
      return [`at rest ${name} has ${textOf(item)} of ${key}, and not ${textOf(right)}`];
    });
  });
}

const textOf = (item: StoredItem | undefined): string =>
  item === undefined ? 'nothing' : `${shorten(item.value)} ${item.id}`;

function itemOf(process: SimProcess, key: string): StoredItem | undefined {
  const state = newItemState();
  const sink = new ByteSink(key.length);
  process.copies.read(Buffer.from(key), 0, key.length, state, sink);
  if (!state.exists) return undefined;
  const { valueStart, valueBytes, casHigh, casLow } = state;
  const value = sink.bytes.toString('latin1', valueStart, valueStart + valueBytes);
  return { value, id: String(2 ** 32 * casHigh + casLow) };
}
