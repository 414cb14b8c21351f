import { machineClock } from '../../../base/index.ts';
import {
  type ClusterTopology,
  encodeTopology,
  isAtRest,
  memberOf,
  TopologyError,
  withChangeGivenUp,
} from '../../../topology/index.ts';
import type { ControlReply } from '../../control/messages.ts';
import { heldAction } from './change-lock.ts';
import type { BegunState, ChangeParts } from './change-parts.ts';
import { encodeChange } from './cluster-keys.ts';
import type { Change, Compare } from './etcd-wire.ts';
import { encodeOrder } from './orders.ts';

/**
 * Gives up the change under way, unless its new ring is in force: the next topology has the nodes
 * as before, and no order is left. The command of the change learns that from its lock.
 */
export async function giveUp(
  { client, keys, by }: ChangeParts,
  state: BegunState,
  dryRun: boolean,
): Promise<ControlReply> {
  const { newest } = state;
  const steps = stepsOf(state);
  if (typeof steps === 'string') return { event: 'refused', reason: steps };
  const { what, next } = steps;
  if (dryRun) return { event: 'given-up', what };
  const version = newest.version + 1;
  const changes: readonly Change[] = [
    ...ordersOf(state).map((key) => ({ remove: `${keys.prefix}${key}` })),
    { remove: keys.lock },
    ...(next === undefined ? [] : writes(next)),
  ];
  const compare: readonly Compare[] = [
    { key: keys.topology(newest.version), target: 'exists' },
    { key: keys.topology(version), target: 'created', revision: 0 },
  ];
  const { succeeded } = await client.transact(compare, changes);
  if (succeeded) return { event: 'given-up', what };
  return { event: 'refused', reason: 'The topology has just changed: try again.' };

  function writes(topology: ClusterTopology): readonly Change[] {
    const atMs = Math.round(machineClock.nowMs());
    const reason = `an operator gives up: ${what}`;
    return [
      { put: keys.topology(version), value: encodeTopology(topology) },
      { put: keys.change(version), value: encodeChange({ version, reason, by, atMs }) },
      // A process that joins would join again.
      ...joiners(newest).map(({ name, incarnation }) => {
        return {
          put: keys.removal(name),
          value: encodeOrder({ name, incarnation, by: 0, hasEnded: false }),
        };
      }),
    ];
  }
}

interface Steps {
  readonly what: string;
  /** Undefined if the topology has nothing of the change yet. */
  readonly next: ClusterTopology | undefined;
}

/** A sentence if there is nothing to give up. */
function stepsOf({ newest, lock }: BegunState): Steps | string {
  const held = lock && heldAction(lock.value);
  // A node that comes back after its restart is no change of the ring.
  if (held !== undefined && isAtRest(newest)) return { what: held, next: undefined };
  try {
    const next = withChangeGivenUp(newest);
    const names = newest.members
      .filter(({ state }) => state === 'joining' || state === 'leaving' || state === 'gone')
      .map(({ name, state }) => `${state === 'joining' ? 'add' : 'remove'} ${name}`);
    return { what: held ?? names.join(', '), next };
  } catch (error) {
    if (error instanceof TopologyError) return error.message;
    throw error;
  }
}

const joiners = ({ members }: ClusterTopology) =>
  members.filter(({ state }) => state === 'joining');

/** The keys of the orders for present members, after the prefix. */
function ordersOf({ newest, removals, restarts, replacements }: BegunState): readonly string[] {
  const folders = { removals, restarts, replacements };
  return Object.entries(folders).flatMap(([folder, orders]) =>
    orders
      .filter(({ name, incarnation }) => memberOf(newest, name)?.incarnation === incarnation)
      .map(({ name }) => `${folder}/${name}`),
  );
}
