import { CodedError } from '../../../base/index.ts';
import { isAtRest, memberOf, TopologyError } from '../../../topology/index.ts';
import type { ChangeEvent, ChangeRequest, PlannedChange } from '../../changes/change-events.ts';
import { planChanges } from '../../changes/change-plan.ts';
import type { ControlReply } from '../../control/messages.ts';
import { ChangeLock } from './change-lock.ts';
import type { BegunState, ChangeParts } from './change-parts.ts';
import { movedOf, processOf } from './etcd-members.ts';
import { knownMembers, newcomerIn, unknownNewcomer } from './newcomer.ts';
import { NodeChange } from './node-change.ts';

/** Changes nodes of a cluster in etcd, one after the other. */
export async function* runChange(
  parts: ChangeParts,
  state: BegunState,
  request: ChangeRequest,
): AsyncGenerator<ControlReply> {
  const reason = whyNot(request) ?? whyBusy(state);
  if (reason !== undefined) return yield { event: 'refused', reason };
  const plan = planned(state, request);
  yield plan;
  if (plan.event === 'refused' || request.dryRun) return;
  const { client, keys, by } = parts;
  const { action, node } = request;
  const lock = await ChangeLock.take(client, keys, { action, node, by });
  if (typeof lock === 'string') return yield { event: 'refused', reason: lock };
  try {
    await undoOrders(parts, state);
    yield* changeAll(parts, lock, plan.changes, request);
  } finally {
    await lock.release();
  }
}

async function* changeAll(
  parts: ChangeParts,
  lock: ChangeLock,
  plan: readonly PlannedChange[],
  request: ChangeRequest,
): AsyncGenerator<ChangeEvent> {
  const changed: string[] = [];
  for (const [at, { node }] of plan.entries()) {
    try {
      const name = request.action === 'add' ? request.node : node;
      yield* new NodeChange(parts, lock, request).run(name);
      changed.push(node);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      const untouched = plan.slice(at).map((each) => each.node);
      return yield { event: 'change-failed', reason: error.message, changed, untouched };
    }
  }
  yield { event: 'done' };
}

function whyNot({ action, memoryLimitBytes, options }: ChangeRequest): string | undefined {
  if (options !== undefined) return 'A node of etcd has the options of its own slabring serve.';
  if (memoryLimitBytes === undefined || action === 'restart') return undefined;
  return `A node joins with its own options: give -m to its slabring serve, not to ${action}.`;
}

/** A node that restarts is no member for a moment. */
function whyBusy({ newest, restarts, nodes }: BegunState): string | undefined {
  const restart = restarts.find(
    (order) => memberOf(newest, order.name) === undefined && processOf(order, nodes) !== undefined,
  );
  return restart && `${restart.name} restarts: wait until it serves again.`;
}

/** Orders of commands that have ended are undone, if nobody could obey them. */
async function undoOrders(
  { client, keys }: ChangeParts,
  { newest, removals, restarts, orderRevisions }: BegunState,
): Promise<void> {
  const unchanged = {
    key: keys.topology(newest.version + 1),
    target: 'created',
    revision: 0,
  } as const;
  const isUnused = ({ name }: { readonly name: string }) =>
    isAtRest(newest) && memberOf(newest, name) !== undefined;
  const unused = [
    ...removals.filter(isUnused).map(({ name }) => keys.removal(name)),
    ...restarts.filter(isUnused).map(({ name }) => keys.restart(name)),
  ];
  for (const key of unused) {
    const same = { key, target: 'modified', revision: orderRevisions.get(key) ?? 0 } as const;
    await client.transact([unchanged, same], [{ remove: key }]);
  }
}

type Plan =
  | { readonly event: 'change-plan'; readonly changes: readonly PlannedChange[] }
  | { readonly event: 'refused'; readonly reason: string };

function planned(state: BegunState, { action, node }: ChangeRequest): Plan {
  const { newest, nodes } = state;
  const facts = new Map(
    nodes.flatMap(({ member, facts }) => (facts === undefined ? [] : [[member.name, facts]])),
  );
  const found = newcomerIn(
    newest,
    state,
    knownMembers(newest),
    action === 'add' ? node : undefined,
  );
  const isMember = memberOf(newest, action === 'add' ? (node ?? found?.name ?? '') : '');
  if (isMember !== undefined)
    return { event: 'change-plan', changes: [underWay(isMember.name, state)] };
  const old = action === 'replace' ? memberOf(newest, node ?? '') : undefined;
  const newcomer = found ?? unknownNewcomer(action === 'add' ? node : undefined, old);
  try {
    const changes = planChanges(newest, facts, { action, node }, newcomer);
    return { event: 'change-plan', changes };
  } catch (error) {
    if (!(error instanceof TopologyError)) throw error;
    return { event: 'refused', reason: error.message };
  }
}

/** A node that joins already, or serves. */
function underWay(node: string, state: BegunState): PlannedChange {
  const { keysMoved, keysLeft, bytesMoved } = movedOf(state);
  const isDone = memberOf(state.newest, node)?.state !== 'joining';
  const moved = isDone ? { keys: 0, bytes: 0 } : { keys: keysMoved + keysLeft, bytes: bytesMoved };
  return { node, action: 'add', ...moved, seconds: 0 };
}
