import { counted } from '../../base/index.ts';
import type { PlannedRestart, RestartedNode } from '../../cluster/index.ts';
import { sizeText } from './amounts.ts';
import { columns } from './columns.ts';

/** What a restart would do. */
export function planText(plan: readonly PlannedRestart[]): string {
  const rows = plan.map(({ node, items, bytes, seconds }) => [
    node,
    `${items}`,
    sizeText(bytes),
    `${Math.ceil(seconds)} s`,
  ]);
  const total = plan.reduce((sum, { seconds }) => sum + seconds, 0);
  return [
    columns([['node', 'items', 'memory', 'down for about'], ...rows], {
      gap: '   ',
      numbers: 'after-first',
    }),
    '',
    `The nodes restart in this order, in about ${Math.ceil(total)} s. Each keeps its items.`,
  ].join('\n');
}

/** A node that serves again. */
export function resultText({ node, items, left, downMs }: RestartedNode): string {
  const others = left === 0 ? '' : `, ${left} not: they expired or no longer fit`;
  const kept = counted(items, 'item');
  return `${node}: ${kept} kept${others}; it was down for ${(downMs / 1000).toFixed(1)} s`;
}
