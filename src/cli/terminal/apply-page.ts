import { columns } from './columns.ts';

export interface ShownStep {
  readonly logical: string;
  readonly type: string;
  readonly action: string;
  readonly changed: readonly string[];
}

/** What `slabring apply --dry-run` shows. */
export function changeSetPage(stack: string, steps: readonly ShownStep[]): string {
  const changes = steps.filter(({ action }) => action !== 'none');
  if (changes.length === 0) return `${stack}: nothing changes`;
  const rows = changes.map(({ logical, type, action, changed }) => [
    action,
    logical,
    type,
    action === 'create' ? '' : changed.join(', '),
  ]);
  return `${stack}:\n${columns(
    rows.map((row) => ['', ...row]),
    { gap: '  ' },
  )}`;
}

/** A line of the progress of one resource. */
export const stepLine = ({ logical, type }: ShownStep, text: string): string =>
  `${logical} (${type.replace(/^AWS::ElastiCache::/, '')}): ${text}`;

/** What a stack is after it was applied. */
export function outputsPage(
  stack: string,
  steps: readonly ShownStep[],
  outputs: Readonly<Record<string, string>>,
): string {
  const changes = steps.filter(({ action }) => action !== 'none').length;
  const rows = Object.entries(outputs).map(([name, value]) => ['', name, value]);
  if (steps.every(({ action }) => action === 'delete' || action === 'keep')) {
    return `${stack} is deleted`;
  }
  const head = changes === 0 ? `${stack}: nothing changed` : `${stack} is as it is wanted`;
  return rows.length === 0 ? head : `${head}\n${columns(rows)}`;
}
