import { statfsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { CodedError, formatSize, machineClock } from '../base/index.ts';
import type { ItemsEvent, NodeFacts } from './node-messages.ts';
import type { NodeCrash, SupervisedNode } from './supervised-node.ts';

/** Measured on a disk of 2026 with items of 1 KiB; a plan divides by it. */
const SAVED_BYTES_PER_SECOND = 200 * 2 ** 20;
const RESTORED_BYTES_PER_SECOND = 100 * 2 ** 20;
/** What a node needs to drain, to end and to start again without items. */
const SECONDS_WITHOUT_ITEMS = 3;
/** The room on the disk for one file, over the memory of the items. */
const FILE_MARGIN_BYTES = 16 * 2 ** 20;

/** What a restart means for one node. */
export interface PlannedRestart {
  readonly node: string;
  readonly items: number;
  readonly bytes: number;
  /** About how long the node will be down. */
  readonly seconds: number;
}

/** What happens in a restart, in this order for each node: `phase`, `phase`, …, `node`. */
export type RestartEvent =
  | { readonly event: 'plan'; readonly nodes: readonly PlannedRestart[] }
  | {
      readonly event: 'phase';
      readonly node: string;
      readonly phase: 'draining' | 'saving' | 'starting' | 'restoring';
      readonly items: number;
      /** 0 while it is not known. */
      readonly itemsTotal: number;
      readonly bytes: number;
    }
  | ({ readonly event: 'node' } & RestartedNode)
  | { readonly event: 'done' }
  | {
      readonly event: 'failed';
      readonly reason: string;
      readonly restarted: readonly string[];
      readonly untouched: readonly string[];
    };

/** A node that serves again. */
export interface RestartedNode {
  readonly node: string;
  readonly pid: number | undefined;
  /** The items that it has again, and those of its file that it did not take. */
  readonly items: number;
  readonly left: number;
  /** From the order to stop until it served again. */
  readonly downMs: number;
}

/** What somebody wants restarted. */
export interface RestartRequest {
  /** The name of one node; undefined for all of them, one after the other. */
  readonly node: string | undefined;
  readonly dryRun: boolean;
  /** The time between two nodes, in which clients find the first one again. */
  readonly pauseMs: number;
}

interface RestartContext {
  readonly nodes: readonly SupervisedNode[];
  /** The folder of the files that keep the items. */
  readonly folder: string;
  readonly onEvent: (event: RestartEvent) => void;
  /** Aborts when nobody wants further nodes restarted. */
  readonly signal: AbortSignal;
}

/**
 * Restarts nodes with their items, one after the other. If one does not come back with them, or
 * crashes before or after its turn, the next ones stay as they are.
 * @throws {CodedError} `ERR_RESTART` if it makes no sense now; then nothing has happened.
 */
export async function restartNodes(
  request: RestartRequest,
  { nodes, folder, onEvent, signal }: RestartContext,
): Promise<void> {
  const chosen = chosenNodes(nodes, request);
  const crashesBefore = new Map(chosen.map((node) => [node, node.lastCrash]));
  const plan = await Promise.all(chosen.map(planOf));
  checkRoom(folder, plan);
  onEvent({ event: 'plan', nodes: plan });
  if (request.dryRun) return;
  const restarted: string[] = [];
  const fail = (reason: string, from: number): void => {
    const untouched = chosen.slice(from).map(({ name }) => name);
    onEvent({ event: 'failed', reason, restarted, untouched });
  };
  const lossOf = (): string | undefined =>
    chosen
      .map((node, at) => crashText(node, crashesBefore.get(node), plan[at]!))
      .find((text) => text !== undefined);
  for (const [at, node] of chosen.entries()) {
    await pauseUnlessAborted(at === 0 ? 0 : request.pauseMs, signal);
    const facts = await node.facts();
    const reason = lossOf() ?? whyNotNext(node, signal);
    if (reason !== undefined) return fail(reason, at);
    if (facts === undefined) return fail(noReply(node), at);
    const failure = await restartOne(node, facts, onEvent);
    if (failure !== undefined) return fail(failure, at + 1);
    restarted.push(node.name);
  }
  const loss = lossOf();
  if (loss !== undefined) return fail(loss, chosen.length);
  onEvent({ event: 'done' });
}

/** What a node lost by a crash since the start of the restart; undefined if it did not crash. */
function crashText(
  { name, lastCrash }: SupervisedNode,
  crashBefore: NodeCrash | undefined,
  { items }: PlannedRestart,
): string | undefined {
  if (lastCrash === undefined || lastCrash === crashBefore) return undefined;
  const time = new Date(lastCrash.atMs).toISOString();
  const had = items === 1 ? '1 item' : `${items} items`;
  return (
    `${name} crashed at ${time} (${lastCrash.end}), and the supervisor started it empty: it had ` +
    `${had} when the restart began`
  );
}

/** @throws {CodedError} `ERR_RESTART` */
function chosenNodes(
  nodes: readonly SupervisedNode[],
  { node }: RestartRequest,
): readonly SupervisedNode[] {
  const chosen = node === undefined ? nodes : nodes.filter(({ name }) => name === node);
  if (chosen.length === 0) {
    const known = nodes.map(({ name }) => name).join(', ');
    throw refusal(`There is no node ${node} in this cluster: it has ${known}.`);
  }
  const down = chosen.find(({ isUp }) => !isUp);
  if (down === undefined) return chosen;
  throw refusal(
    `${down.name} does not serve: the supervisor starts or stops it. Wait until it is ready; ` +
      'the output of `slabring cluster` says why it is not.',
  );
}

async function planOf(node: SupervisedNode): Promise<PlannedRestart> {
  const facts = await node.facts();
  if (facts === undefined) {
    throw refusal(
      `${noReply(node)}. Look at its log; \`slabring health\` shows whether it serves.`,
    );
  }
  const { items, bytes } = facts;
  const transfer = bytes / SAVED_BYTES_PER_SECOND + bytes / RESTORED_BYTES_PER_SECOND;
  return { node: node.name, items, bytes, seconds: SECONDS_WITHOUT_ITEMS + transfer };
}

const noReply = ({ name }: SupervisedNode): string =>
  `${name} does not reply to its supervisor, so it would lose its items`;

/** One file lies on the disk at a time. */
function checkRoom(folder: string, plan: readonly PlannedRestart[]): void {
  const { bavail, bsize } = statfsSync(folder);
  const needed = Math.max(...plan.map(({ bytes }) => bytes)) + FILE_MARGIN_BYTES;
  if (bavail * bsize >= needed) return;
  throw refusal(
    `The disk of ${folder} is too small: a node needs ${formatSize(roundUp(needed))} for its ` +
      `items, and ${formatSize(roundUp(bavail * bsize))} are free. Free some room, or start the ` +
      'cluster with a folder on another disk (--state).',
  );
}

const MEBIBYTE = 2 ** 20;
const roundUp = (sizeBytes: number): number => Math.ceil(sizeBytes / MEBIBYTE) * MEBIBYTE;

async function pauseUnlessAborted(pauseMs: number, signal: AbortSignal): Promise<void> {
  if (pauseMs > 0) await pause(pauseMs, undefined, { signal }).catch(() => {});
}

/** Why the next node is not restarted; undefined if it is. */
function whyNotNext({ isUp, name }: SupervisedNode, signal: AbortSignal): string | undefined {
  if (signal.aborted) return 'the restart was ended';
  return isUp ? undefined : `${name} ended before its turn`;
}

/** Resolves with the reason if the node is not back with its items. */
async function restartOne(
  node: SupervisedNode,
  facts: NodeFacts,
  onEvent: (event: RestartEvent) => void,
): Promise<string | undefined> {
  const { name } = node;
  const startedAtMs = machineClock.nowMs();
  const account = new Account();
  const phase = (
    kind: 'draining' | 'saving' | 'starting' | 'restoring',
    { items = 0, itemsTotal = 0, bytes = 0 } = {},
  ) => onEvent({ event: 'phase', node: name, phase: kind, items, itemsTotal, bytes });
  const onItems = (event: ItemsEvent): void => {
    account.take(event);
    if (event.kind === 'saving' || event.kind === 'restoring') phase(event.kind, event);
  };
  phase('draining');
  const handlers = { onItems, onStarting: () => phase('starting') };
  try {
    const pid = await node.restart(handlers, facts);
    const reason = account.whyEmpty(facts.items);
    if (reason !== undefined) return `${name} serves again, but without its items: ${reason}`;
    const { items, left } = account;
    const downMs = Math.round(machineClock.nowMs() - startedAtMs);
    onEvent({ event: 'node', node: name, pid, items, left, downMs });
    return undefined;
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return `${name} did not come back: ${error.message}`;
  }
}

/** What became of the items of a node. */
class Account {
  items = 0;
  left = 0;
  #saved: number | undefined;
  #notSaved: string | undefined;
  #isRestored = false;
  #notRestored: string | undefined;

  take(event: ItemsEvent): void {
    switch (event.kind) {
      case 'saved':
        this.#saved = event.items;
        break;
      case 'not-saved':
        this.#notSaved = event.reason;
        break;
      case 'restored':
        this.#isRestored = true;
        this.items = event.items;
        this.left = event.left;
        break;
      case 'not-restored':
        this.#notRestored = event.reason;
    }
  }

  /** Why the node has no items; undefined if it has them, or had none. */
  whyEmpty(itemsBefore: number): string | undefined {
    if (this.#notSaved !== undefined) return this.#notSaved;
    if (this.#saved === undefined && itemsBefore > 0) return 'it ended before it had written them';
    if (this.#saved === undefined || this.#saved === 0 || this.#isRestored) return undefined;
    return this.#notRestored ?? 'it started without its file';
  }
}

export function refusal(message: string): CodedError {
  return new CodedError('ERR_RESTART', message);
}
