/** Finds the supervisor of a cluster, and has it restart nodes. */
import { resolve } from 'node:path';
import { CodedError } from '../../base/index.ts';
import {
  type ControlReply,
  type FoundSupervisor,
  findSupervisors,
  order,
  type PlannedRestart,
  type RestartedNode,
  supervisorOf,
} from '../../cluster/index.ts';
import { formatAddress, PORT_DEFAULT, parseAddress } from '../../topology/index.ts';
import { LOCAL_NODE } from '../cache/local-cluster.ts';
import { type ProgressBar, progressBar } from '../terminal/progress-bar.ts';
import { planText, resultText } from '../terminal/restart-page.ts';
import type { Host } from './host.ts';

interface Which {
  /** The address of a node, or the name of the cluster; empty for none. */
  readonly cluster: string;
  /** The folder of the cluster; empty for none. */
  readonly state: string;
}

/** @throws {CodedError} `ERR_SUPERVISOR` if there is no such supervisor, or more than one. */
export async function supervisorFor({ cluster, state }: Which): Promise<FoundSupervisor> {
  if (state !== '') {
    const found = await supervisorOf(resolve(state));
    if (found !== undefined) return found;
    throw notFound(`No \`slabring cluster\` runs with the folder ${state}.`);
  }
  const all = await findSupervisors();
  if (all.length === 0) {
    throw notFound(
      'No `slabring cluster` of this user runs on this machine. systemd, Docker or Kubernetes ' +
        'restart the nodes that they run: see Restart in docs/operating.md.',
    );
  }
  if (cluster !== '') {
    const named = all.filter(({ name }) => name === cluster);
    if (named.length === 1) return named[0]!;
    if (named.length > 1) {
      throw notFound(`Several clusters have the name ${cluster}: ${namesOf(all)}. ${BY_ADDRESS}`);
    }
    const wanted = addressOf(cluster);
    const found = all.find(({ nodes }) => nodes.some(({ address }) => address === wanted));
    if (found !== undefined) return found;
    const what = cluster.includes(':') ? `the node ${wanted}` : `the name or the node ${cluster}`;
    throw notFound(`No cluster of this user has ${what}; it runs ${namesOf(all)}.`);
  }
  const local = all.find(({ nodes }) => nodes.some(({ address }) => address === LOCAL_NODE));
  const found = all.length === 1 ? all[0] : local;
  if (found !== undefined) return found;
  throw notFound(`Several clusters run: ${namesOf(all)}. ${BY_ADDRESS}`);
}

const BY_ADDRESS = 'Choose one by the address of a node: --cluster <host:port>.';

const addressOf = (text: string): string =>
  formatAddress({ port: PORT_DEFAULT, ...parseAddress(text) });

const namesOf = (all: readonly FoundSupervisor[]): string =>
  all
    .map(({ name, nodes }) => `${name ?? 'a cluster'} with the node ${nodes[0]?.address}`)
    .join(', ');

const notFound = (message: string): CodedError => new CodedError('ERR_SUPERVISOR', message);

interface RestartChoice {
  readonly node: string | undefined;
  readonly dryRun: boolean;
  readonly pauseSeconds: number;
  readonly json: boolean;
}

/** What a restart has done so far. */
interface RestartResult {
  plan: readonly PlannedRestart[];
  readonly nodes: RestartedNode[];
  untouched: readonly string[];
  /** Why not every node serves again with its items; undefined if each does. */
  error: string | undefined;
}

/** Resolves with whether every node serves again with its items. */
export async function orderRestart(
  socketPath: string,
  choice: RestartChoice,
  host: Host,
): Promise<boolean> {
  const { node, dryRun, pauseSeconds, json } = choice;
  const result: RestartResult = { plan: [], nodes: [], untouched: [], error: undefined };
  const bar = progressBar(host.terminal);
  const request = { verb: 'restart', node, dryRun, pauseMs: pauseSeconds * 1000 } as const;
  const replies = order(socketPath, request);
  try {
    let isSettled = false;
    for await (const reply of replies) {
      isSettled ||= take(reply, result, bar);
      if (reply.event === 'node' && !json) {
        bar.clear();
        host.out(resultText(reply));
      }
    }
    if (!isSettled && !dryRun) result.error = SUPERVISOR_ENDED;
  } finally {
    bar.clear();
  }
  report(result, choice, host);
  return result.error === undefined;
}

const SUPERVISOR_ENDED =
  'The supervisor ended. Its nodes have ended with it, or will soon: start the cluster again.';

/** Returns true for the last reply. */
function take(reply: ControlReply, result: RestartResult, bar: ProgressBar): boolean {
  switch (reply.event) {
    case 'plan':
      result.plan = reply.nodes;
      return false;
    case 'phase':
      draw(reply, result, bar);
      return false;
    case 'node': {
      const { event: _, ...restarted } = reply;
      result.nodes.push(restarted);
      return false;
    }
    case 'failed':
      result.untouched = reply.untouched;
      result.error = reply.reason.replace(/\.?$/, '.');
      return true;
    case 'refused':
      result.error = reply.reason;
      return true;
  }
  return reply.event === 'done';
}

const PHASES = {
  draining: 'drains',
  saving: 'writes its items',
  starting: 'starts',
  restoring: 'reads its items',
} as const;
const MEBIBYTE = 2 ** 20;

function draw(
  reply: Extract<ControlReply, { event: 'phase' }>,
  { nodes, plan }: RestartResult,
  bar: ProgressBar,
): void {
  const { node, phase, items, itemsTotal, bytes } = reply;
  const title = `${node} (${nodes.length + 1}/${plan.length}) ${PHASES[phase]}`;
  const fraction = itemsTotal === 0 ? 0 : Math.min(1, items / itemsTotal);
  bar.draw({ title, fraction, count: bytes / MEBIBYTE, unit: 'MiB' });
}

function report(result: RestartResult, { dryRun, json }: RestartChoice, host: Host): void {
  const { plan, nodes, untouched, error } = result;
  if (json) {
    const failed = error === undefined ? {} : { error };
    host.out(JSON.stringify(dryRun ? { plan, ...failed } : { nodes, untouched, ...failed }));
  } else if (error === undefined && dryRun) host.out(planText(plan));
  if (error === undefined) return;
  host.err(`slabring: ${error}`);
  if (untouched.length > 0) {
    const verb = untouched.length === 1 ? 'was' : 'were';
    const which = `${untouched.join(', ')} ${verb} not restarted`;
    host.err(
      `slabring: ${which}. Restart them with slabring restart <node> when the cause is gone.`,
    );
  }
}
