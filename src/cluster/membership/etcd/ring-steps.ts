/** The steps of a driver that nodes that join, and operators, ask for. */
import {
  type ClusterTopology,
  type Member,
  memberOf,
  TopologyError,
  type TopologyStep,
  withJoined,
  withLeaving,
  withReplaced,
} from '../../../topology/index.ts';
import { restartWay } from '../../changes/change-plan.ts';
import type { ClusterState } from './cluster-keys.ts';
import { orderFor, type Removal, type Replacement } from './orders.ts';

/** A step that an order asked for is only taken while the order is there. */
interface OrderOfStep {
  readonly kind: 'removal' | 'restart' | 'replacement';
  readonly name: string;
}

export interface DriveStep extends TopologyStep {
  readonly order?: OrderOfStep;
  /** Written together with the topology. */
  readonly removal?: Removal;
}

type OrderFacts = Pick<ClusterState, 'nodes' | 'removals' | 'restarts' | 'replacements'>;

export function removalStep(
  topology: ClusterTopology,
  { removals }: OrderFacts,
): DriveStep | undefined {
  for (const { name } of ordered(topology, removals).filter(({ by }) => by === 0)) {
    const step = tried(`${name} leaves`, () => withLeaving(topology, name));
    if (step !== undefined) return { ...step, order: { kind: 'removal', name } };
  }
  return undefined;
}

/**
 * A node that restarts leaves first, if enough others can hold its keys. Otherwise the node ends by
 * itself (`restartDue`), and the other holders answer.
 */
export function restartStep(
  topology: ClusterTopology,
  { restarts }: OrderFacts,
): DriveStep | undefined {
  for (const { name } of ordered(topology, restarts)) {
    const step = tried(`${name} leaves to restart`, () =>
      restartWay(topology, name) === 'leave and join' ? withLeaving(topology, name) : topology,
    );
    if (step !== undefined && step.topology !== topology) {
      return { ...step, order: { kind: 'restart', name } };
    }
  }
  return undefined;
}

export function joinStep(topology: ClusterTopology, facts: OrderFacts): DriveStep | undefined {
  for (const { member, report } of facts.nodes) {
    // A process that has been a member once begins again as a new one.
    const wasMember = report.adopted > 0;
    const isRemoved = orderFor(facts.removals, member) !== undefined;
    if (isRemoved || wasMember || memberOf(topology, member.name) !== undefined) continue;
    const [old] = member.weight === 0 ? [] : ordered(topology, facts.replacements);
    const step =
      old === undefined
        ? tried(`${member.name} joins`, () => withJoined(topology, member))
        : replacementStep(topology, old, member);
    if (step !== undefined) return step;
  }
  return undefined;
}

function replacementStep(
  topology: ClusterTopology,
  { name, incarnation }: Replacement,
  member: Member,
): DriveStep | undefined {
  const step = tried(`${member.name} replaces ${name}`, () => withReplaced(topology, name, member));
  if (step === undefined) return undefined;
  const removal = { name, incarnation, by: member.incarnation, hasEnded: false };
  return { ...step, removal, order: { kind: 'replacement', name } };
}

/** The orders for present processes that do not leave already. */
const ordered = <T extends Replacement>({ members }: ClusterTopology, orders: readonly T[]) =>
  orders.filter((order) => {
    const member = members.find(({ name }) => name === order.name);
    return member?.incarnation === order.incarnation && member.state !== 'leaving';
  });

export function tried(reason: string, transition: () => ClusterTopology): TopologyStep | undefined {
  try {
    return { topology: transition(), reason };
  } catch (error) {
    if (error instanceof TopologyError) return undefined;
    throw error;
  }
}
