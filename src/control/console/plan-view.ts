/** Plans in words and numbers; pure. */
import { totalOf } from '../metrics/cluster-metrics.ts';
import type { ClusterPlan, PlannedStep } from '../reconciler/plan.ts';
import type { Step } from '../reconciler/steps.ts';
import { amount, bytes, counted, duration, whole } from './format.ts';
import { type Column, table } from './frame.ts';
import { type Content, type Html, html } from './html.ts';
import type { Planned } from './plans.ts';
import type { Recent } from './recent.ts';

const KINDS: Readonly<Record<Step['kind'], string>> = {
  start: 'Start the nodes',
  'set-users': 'Give the nodes their users',
  'start-proxy': 'Start the proxy',
  'set-proxy': 'Change the proxy',
  'add-node': 'Add node',
  'resize-node': 'Change the memory of node',
  'restart-node': 'Hand the items over, restart node',
  'remove-node': 'Hand the items over, remove node',
  restore: 'Restore snapshot',
  snapshot: 'Write snapshot',
  stop: 'Stop all nodes',
  forget: 'Remove the files',
};

function stepText(step: Step): Content {
  const object = 'node' in step ? step.node : 'snapshot' in step ? step.snapshot : '';
  return html`${KINDS[step.kind]} ${object}`;
}

const COLUMNS: readonly Column<PlannedStep>[] = [
  { head: 'Step', isName: true, cell: ({ step }) => stepText(step) },
  { head: 'Keys that move', isNumber: true, cell: ({ keys }) => whole(keys) },
  { head: 'Bytes', isNumber: true, cell: (step) => bytes(step.bytes) },
  { head: 'About', isNumber: true, cell: ({ seconds }) => duration(seconds) },
];

/** What a change will do. */
export function planView({ plan, silent }: Planned): Html {
  const seconds = plan.steps.reduce((sum, step) => sum + step.seconds, 0);
  return html`${table({
    label: 'Plan',
    columns: COLUMNS,
    rows: plan.steps,
    empty: 'No node changes.',
  })}
<p class="total">${counted(plan.steps.length, 'step')}, about ${duration(seconds)}.</p>
${silent.length > 0 ? unknownView(silent) : lossView(plan)}`;
}

const unknownView = (silent: readonly string[]): Html =>
  html`<p class="bad">How many keys move, and whether some are lost, is not known: the
${silent.length === 1 ? 'node' : 'nodes'} ${silent.join(', ')} did not reply.</p>`;

function lossView({ steps, keysLost, bytesLost, limitBytes }: ClusterPlan): Html {
  const what = html`about ${counted(keysLost, 'key')} (${bytes(bytesLost)})`;
  const isKept = steps.some(({ step }) => step.kind === 'snapshot');
  if (limitBytes === 0 && !isKept) {
    return html`<p class="bad">All items are lost: ${what}.</p>`;
  }
  if (keysLost === 0 && bytesLost === 0) {
    return html`<p class="good">${
      limitBytes > 0 && html`The nodes will have ${bytes(limitBytes)} for items. `
    }Nothing is lost.</p>`;
  }
  return html`<p class="bad">The nodes will have ${bytes(limitBytes)} for items, which is less than
they hold: they evict ${what}.</p>`;
}

/** What a change has still to do. */
export function progressView({ plan: { steps } }: Planned, { now }: Recent): Html {
  const seconds = steps.reduce((sum, step) => sum + step.seconds, 0);
  const items = steps.map(
    ({ step }, nth) => html`<li${nth === 0 && html` class="now"`}>${stepText(step)}</li>`,
  );
  return html`<section class="progress" aria-label="Change in progress"><h2>In progress</h2>
<ol>${items}</ol>
<p>${movedOf(now)}${steps.length > 0 && html`about ${duration(seconds)} left`}</p></section>`;
}

function movedOf(now: Recent['now']): Content {
  const [moved, left] = [totalOf(now, 'keysMoved'), totalOf(now, 'keysLeft')];
  if (left === undefined || left === 0) return undefined;
  return html`${amount(moved)} keys moved, about ${amount(left)} left; `;
}
