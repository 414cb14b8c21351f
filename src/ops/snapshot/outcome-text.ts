import { counted } from '../../base/index.ts';
import type { DumpOutcome, RestoreOutcome } from './snapshot-job.ts';
import type { TotalsView } from './snapshot-totals.ts';

const KIB = 2 ** 10;
const MIB = 2 ** 20;

/** The result of a dump, as one line. */
export function dumpText({ items, fileBytes, seconds }: DumpOutcome): string {
  return `${counted(items, 'item')}, ${size(fileBytes)} in ${seconds.toFixed(1)} s`;
}

/** The result of a restore, as one line. */
export function restoreText({ counts, evicted = 0, seconds }: RestoreOutcome): string {
  const { restored, restoredBytes, existed, expired, tooLarge, noMemory } = counts;
  const others = [
    [existed, 'newer in the node'],
    [expired, 'expired'],
    [tooLarge, 'larger than the node accepts (-I)'],
    [noMemory, 'without memory'],
  ] as const;
  const left = others.filter(([items]) => items > 0).map(([items, why]) => `${items} ${why}`);
  const rest = left.length === 0 ? '' : `; not restored: ${left.join(', ')}`;
  const full = evicted === 0 ? '' : `; evicted in the meantime: ${counted(evicted, 'item')}`;
  const took = `${size(restoredBytes)} in ${seconds.toFixed(1)} s`;
  return `${counted(restored, 'item')}, ${took}${rest}${full}`;
}

/** What is missing in a snapshot; undefined if it is complete. */
export function missingText(totals: TotalsView): string | undefined {
  if (totals.isComplete) return undefined;
  const { missingBlocks, cutSnapshots, damagedHeaders } = totals;
  const parts = [
    ...(missingBlocks + totals.missingItems > 0 ? [`${blocksText(totals)} missing`] : []),
    ...(damagedHeaders > 0 ? ['a header is damaged'] : []),
    ...(cutSnapshots > 0 ? ['the end is missing, perhaps with more items'] : []),
    ...(totals.skippedBytes > 0 ? [`unreadable: ${counted(totals.skippedBytes, 'byte')}`] : []),
  ];
  return `The snapshot is damaged: ${parts.join('; ')}.`;
}

function blocksText({ missingBlocks, missingItems, missingBytes }: TotalsView): string {
  const lost = `${counted(missingItems, 'item')} (${counted(missingBytes, 'byte')})`;
  return `${counted(missingBlocks, 'block')} with ${lost} ${missingBlocks === 1 ? 'is' : 'are'}`;
}

/** `0.4 KiB` says more than `0.0 MiB`. */
const size = (bytes: number): string =>
  bytes < MIB ? `${(bytes / KIB).toFixed(1)} KiB` : `${(bytes / MIB).toFixed(1)} MiB`;
