/** What a change of a cluster will do, before it begins; pure. */
import { staying } from '../model/node-count.ts';
import type { ClusterRecord } from '../model/records.ts';
import type { Observed } from '../runtime/runtime.ts';
import { nextStep, restarted, type Step, settle, type Wanted } from './steps.ts';

/** What a supervisor takes for its own plans, too. */
const SENT_KEYS_PER_SECOND = 20_000;
const SENT_BYTES_PER_SECOND = 50 * 2 ** 20;
const PROCESS_SECONDS = 1;
/** More steps than any change has: two for each node that a cluster may have. */
const STEPS_MAX = 200;
const MEBIBYTE = 2 ** 20;

/** What the nodes of a cluster hold, with all copies. */
interface Held {
  readonly items: number;
  readonly bytes: number;
}

export interface PlannedStep {
  readonly step: Step;
  /** About what moves between nodes. */
  readonly keys: number;
  readonly bytes: number;
  readonly seconds: number;
}

export interface ClusterPlan {
  readonly steps: readonly PlannedStep[];
  /** The memory for items of all nodes afterwards. */
  readonly limitBytes: number;
  /** About what the cluster does not hold any more afterwards. */
  readonly keysLost: number;
  readonly bytesLost: number;
}

/**
 * The steps that the reconciler will make, with what each moves: it asks the same function for each
 * next step, as if the step before had been made.
 */
export function planOf(
  cluster: ClusterRecord,
  observed: Observed,
  wanted: Wanted,
  held: Held,
): ClusterPlan {
  const steps: PlannedStep[] = [];
  let now = settle(cluster, observed, wanted).cluster;
  let seen = observed;
  while (steps.length < STEPS_MAX) {
    const step = nextStep(now, seen, wanted);
    if (step === undefined || step.kind === 'forget') break;
    steps.push({ step, ...amountOf(step, { cluster: now, nodes: seen.nodes.length, held }) });
    seen = after(step, now, seen, wanted);
    now = settle(made(step, now), seen, wanted).cluster;
  }
  return { steps, ...lossOf(cluster, now, wanted, held) };
}

/** The record, once a step has been made. */
function made(step: Step, cluster: ClusterRecord): ClusterRecord {
  switch (step.kind) {
    case 'restart-node':
      // With which version does not matter to a plan.
      return restarted(cluster, step.node, '').cluster;
    case 'snapshot':
      return { ...cluster, snapshot: undefined };
    case 'restore':
      return { ...cluster, restoreFrom: undefined };
    default:
      return cluster;
  }
}

function after(step: Step, cluster: ClusterRecord, observed: Observed, wanted: Wanted): Observed {
  const nodeWith = (id: string) => {
    const { memoryMib, options } = wanted.shapeOf(id);
    return { id, serves: true, memoryMib, memoryMibMax: memoryMib, options };
  };
  const others = 'node' in step ? observed.nodes.filter(({ id }) => id !== step.node) : [];
  switch (step.kind) {
    case 'set-users':
      return { ...observed, users: wanted.users };
    case 'start-proxy':
    case 'set-proxy':
      return { ...observed, proxy: wanted.proxy };
    case 'start':
      return {
        isRunning: true,
        users: wanted.users,
        proxy: undefined,
        nodes: staying(cluster).map(({ id }) => nodeWith(id)),
      };
    case 'stop':
    case 'forget':
      return { isRunning: false, nodes: [] };
    case 'remove-node':
      return { ...observed, nodes: others };
    case 'snapshot':
    case 'restore':
      return observed;
    default:
      return {
        ...observed,
        nodes: [...others, nodeWith(step.node)].sort((a, b) => (a.id < b.id ? -1 : 1)),
      };
  }
}

interface Before {
  readonly cluster: ClusterRecord;
  readonly nodes: number;
  readonly held: Held;
}

function amountOf(step: Step, { cluster, nodes, held }: Before): Omit<PlannedStep, 'step'> {
  const copies = Math.max(1, Math.min(cluster.replicas, nodes));
  /** A share of the distinct items, from several nodes at a time. */
  const moved = (share: number, senders: number) => {
    const keys = Math.round((held.items / copies) * share);
    const bytes = Math.round((held.bytes / copies) * share);
    const busiest = Math.max(keys / SENT_KEYS_PER_SECOND, bytes / SENT_BYTES_PER_SECOND);
    return { keys, bytes, seconds: PROCESS_SECONDS + busiest / Math.max(1, senders) };
  };
  const ownShare = nodes === 0 ? 0 : copies / nodes;
  switch (step.kind) {
    case 'add-node':
      return moved(Math.min(cluster.replicas, nodes + 1) / (nodes + 1), nodes);
    case 'remove-node':
      return moved(nodes > cluster.replicas ? ownShare : 0, 1);
    case 'restart-node': {
      // With copies on other nodes it is filled again; else the others get its items, and back.
      const isFilled = cluster.replicas > 1;
      return isFilled ? moved(ownShare, nodes - 1) : moved(2 * ownShare, 1);
    }
    case 'snapshot':
      return moved(1, 1);
    case 'restore':
      return { keys: 0, bytes: 0, seconds: PROCESS_SECONDS };
    default:
      return moved(0, 1);
  }
}

function lossOf(before: ClusterRecord, cluster: ClusterRecord, wanted: Wanted, held: Held) {
  if (before.status === 'deleting') {
    // A last snapshot has the items.
    if (before.snapshot !== undefined) return { limitBytes: 0, keysLost: 0, bytesLost: 0 };
    return { limitBytes: 0, keysLost: held.items, bytesLost: held.bytes };
  }
  const mebibytes = staying(cluster).reduce((sum, { id }) => sum + wanted.shapeOf(id).memoryMib, 0);
  const limitBytes = mebibytes * MEBIBYTE;
  const bytesLost = Math.max(0, held.bytes - limitBytes);
  const keysLost = held.bytes === 0 ? 0 : Math.ceil((held.items * bytesLost) / held.bytes);
  return { limitBytes, keysLost, bytesLost };
}
