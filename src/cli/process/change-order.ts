/** Has a cluster change its nodes, and shows how that goes. */
import { CodedError } from '../../base/index.ts';
import type { ChangeRequest, ControlReply, ControlRequest } from '../../cluster/index.ts';
import { changedText, changePlanText } from '../terminal/nodes-page.ts';
import { type ProgressBar, progressBar } from '../terminal/progress-bar.ts';
import { EXIT } from './exit-codes.ts';
import type { Host } from './host.ts';

type Reply<Kind extends ControlReply['event']> = Extract<ControlReply, { event: Kind }>;

interface ChangeResult {
  plan: Reply<'change-plan'>['changes'];
  readonly changed: Omit<Reply<'changed'>, 'event'>[];
  untouched: readonly string[];
  /** Why the change is not done; undefined if it is. */
  error: string | undefined;
}

/** Sends a request to what keeps a cluster: the supervisor of a machine, or etcd. */
export type SendOrder = (request: ControlRequest) => AsyncIterable<ControlReply>;

/** Resolves with whether all of the change is done. */
export async function orderChange(
  send: SendOrder,
  request: ChangeRequest,
  json: boolean,
  host: Host,
): Promise<boolean> {
  const result: ChangeResult = { plan: [], changed: [], untouched: [], error: undefined };
  const bar = progressBar(host.terminal);
  try {
    let isSettled = false;
    for await (const reply of send({ verb: 'change', ...request })) {
      isSettled ||= take(reply, result, bar);
      if (reply.event === 'changed' && !json) {
        bar.clear();
        host.out(changedText(reply));
      }
    }
    if (!isSettled && !request.dryRun) result.error = SUPERVISOR_ENDED;
  } finally {
    bar.clear();
  }
  report(result, request.dryRun, json, host);
  return result.error === undefined;
}

/** Gives up the change under way; resolves with the exit code. */
export async function orderCancel(
  send: SendOrder,
  { dryRun, json }: { readonly dryRun: boolean; readonly json: boolean },
  host: Host,
): Promise<number> {
  for await (const reply of send({ verb: 'cancel', dryRun })) {
    if (reply.event === 'refused') throw new CodedError('ERR_CHANGE', reply.reason);
    if (reply.event !== 'given-up') continue;
    const { what } = reply;
    const text = dryRun ? `Would give up: ${what}.` : `Given up: ${what}. Nothing has moved.`;
    host.out(json ? JSON.stringify({ givenUp: what }) : text);
    return EXIT.ok;
  }
  throw new CodedError('ERR_SUPERVISOR', SUPERVISOR_ENDED);
}

const SUPERVISOR_ENDED =
  'The supervisor ended during the change. Start the cluster again: with --state it goes on.';

/** Returns true for the last reply. */
function take(reply: ControlReply, result: ChangeResult, bar: ProgressBar): boolean {
  switch (reply.event) {
    case 'change-plan':
      result.plan = reply.changes;
      return false;
    case 'step':
      draw(reply, result, bar);
      return false;
    case 'changed': {
      const { event: _, ...changed } = reply;
      result.changed.push(changed);
      return false;
    }
    case 'change-failed':
      result.untouched = reply.untouched;
      result.error = reply.reason.replace(/\.?$/, '.');
      return true;
    case 'refused':
      result.error = reply.reason;
      return true;
  }
  return reply.event === 'done';
}

function draw(
  { node, step, keysMoved, keysLeft }: Reply<'step'>,
  { plan, changed }: ChangeResult,
  bar: ProgressBar,
): void {
  const place = plan.length > 1 ? ` (${changed.length + 1}/${plan.length})` : '';
  const total = keysMoved + keysLeft;
  const fraction = total === 0 ? 0 : keysMoved / total;
  bar.draw({ title: `${node}${place} ${step}`, fraction, count: keysMoved, unit: 'keys' });
}

function report(result: ChangeResult, dryRun: boolean, json: boolean, host: Host): void {
  const { plan, changed, untouched, error } = result;
  if (json) {
    const failed = error === undefined ? {} : { error };
    host.out(JSON.stringify(dryRun ? { plan, ...failed } : { changed, untouched, ...failed }));
  } else if (error === undefined && dryRun) host.out(changePlanText(plan));
  if (error === undefined) return;
  host.err(`slabring: ${error}`);
  if (untouched.length > 1) host.err(`slabring: not done: ${untouched.join(', ')}.`);
}
