import {
  answers,
  type ClusterTopology,
  isAtRest,
  isProxy,
  type NewMember,
  planChange,
  TopologyError,
  withJoined,
  withLeaving,
  withReplaced,
} from '../../topology/index.ts';
import type { NodeFacts } from '../node-messages.ts';
import type { SupervisedNode } from '../supervised-node.ts';
import type { ChangeRequest, PlannedChange } from './change-events.ts';

/** What one node sends to the others while it serves clients, at least. */
const SENT_KEYS_PER_SECOND = 20_000;
const SENT_BYTES_PER_SECOND = 50 * 2 ** 20;
/** What a process needs to start or to end. */
const PROCESS_SECONDS = 1;

/** What each node has, by its name; a node that does not reply is missing. */
type FactsByName = ReadonlyMap<string, NodeFacts>;

export async function factsOf(
  nodes: readonly Pick<SupervisedNode, 'name' | 'facts'>[],
): Promise<FactsByName> {
  const all = await Promise.all(nodes.map(async (node) => ({ node, facts: await node.facts() })));
  return new Map(
    all.flatMap(({ node, facts }) => (facts === undefined ? [] : [[node.name, facts] as const])),
  );
}

/**
 * What a change will do, node by node.
 * @param newcomer the node that the change would start.
 * @throws {TopologyError} if the change breaks a rule.
 */
export function planChanges(
  topology: ClusterTopology,
  facts: FactsByName,
  { action, node }: Pick<ChangeRequest, 'action' | 'node'>,
  newcomer: Pick<NewMember, 'name' | 'address'> & Partial<NewMember>,
): readonly PlannedChange[] {
  const member = { ...UNSTARTED, ...newcomer };
  const amounts = new Amounts(topology, facts);
  if (action === 'add') {
    return [{ node: newcomer.name, action, ...amounts.of(withJoined(topology, member)) }];
  }
  if (node !== undefined && topology.members.some((one) => one.name === node && isProxy(one))) {
    throw new TopologyError(`${node} is a proxy, which leaves when its process ends: end that.`);
  }
  const nodes = topology.members.filter((each) => !isProxy(each));
  const names = node === undefined ? nodes.map(({ name }) => name) : [node];
  return names.map((name): PlannedChange => {
    if (action === 'restart')
      return { node: name, action, ...restartAmount(topology, name, amounts) };
    const changed =
      action === 'replace' ? withReplaced(topology, name, member) : withLeaving(topology, name);
    return { node: name, action, ...amounts.of(changed) };
  });
}

/** What a rule needs of a member whose process has not started. */
const UNSTARTED = { peerAddress: 'localhost:1', weight: 1, zone: '', incarnation: 1 } as const;

/** How a node can restart so that no key is missing in between. */
type RestartWay = 'leave and join' | 'be filled by the other holders';

/**
 * With enough other nodes, they get the items of the node before it restarts. With too few of them
 * for all copies, the others hold what it holds; but not at once after one of them has died.
 * @throws {TopologyError} if neither is so now.
 */
export function restartWay(topology: ClusterTopology, name: string): RestartWay {
  const others = topology.members.filter((member) => answers(member) && member.name !== name);
  const isFew = others.length > 0 && others.length < topology.replicas;
  const down = topology.members.find(({ state }) => state === 'down');
  if (isFew && down !== undefined) {
    throw new TopologyError(
      `${down.name} is down, so ${name} may be the only node that has some keys: ` +
        `wait until ${down.name} serves, or remove it.`,
    );
  }
  if (isFew && isAtRest(topology)) return 'be filled by the other holders';
  if (others.length === 0 && topology.members.some((member) => member.name === name)) {
    throw new TopologyError(
      `${name} is the only node that serves, so no other one can have its items for so long: ` +
        'use slabring restart, which keeps them in a file.',
    );
  }
  withLeaving(topology, name);
  return 'leave and join';
}

function restartAmount(topology: ClusterTopology, name: string, amounts: Amounts): Amount {
  if (restartWay(topology, name) !== 'leave and join') return amounts.filled(name);
  const { keys, bytes, seconds } = amounts.of(withLeaving(topology, name));
  return { keys: 2 * keys, bytes: 2 * bytes, seconds: 2 * seconds };
}

type Amount = Pick<PlannedChange, 'keys' | 'bytes' | 'seconds'>;

/** Turns shares of the ring into items. */
class Amounts {
  readonly #topology: ClusterTopology;
  readonly #facts: FactsByName;
  readonly #items: number;
  readonly #bytes: number;

  constructor(topology: ClusterTopology, facts: FactsByName) {
    this.#topology = topology;
    this.#facts = facts;
    const holders = topology.members.filter(answers).length;
    // Each item is on so many nodes.
    const copies = Math.max(1, Math.min(topology.replicas, holders));
    const all = [...facts.values()];
    this.#items = all.reduce((sum, { items }) => sum + items, 0) / copies;
    this.#bytes = all.reduce((sum, { bytes }) => sum + bytes, 0) / copies;
  }

  /** What moves until a change has ended. */
  of(changed: ClusterTopology): Amount {
    const { members, moves } = planChange(this.#topology, changed);
    const received = members.reduce((sum, member) => sum + member.received, 0);
    const sent = new Map<string, number>();
    for (const { from, share } of moves) sent.set(from, (sent.get(from) ?? 0) + share);
    const busiest = Math.max(0, ...sent.values());
    return {
      ...this.#part(received),
      seconds: PROCESS_SECONDS + sendSeconds(this.#part(busiest)),
    };
  }

  /** What a node has that is filled again. */
  filled(name: string): Amount {
    const { items: keys = 0, bytes = 0 } = this.#facts.get(name) ?? {};
    return { keys, bytes, seconds: PROCESS_SECONDS + sendSeconds({ keys, bytes }) };
  }

  #part(share: number): Pick<Amount, 'keys' | 'bytes'> {
    return { keys: Math.round(this.#items * share), bytes: Math.round(this.#bytes * share) };
  }
}

const sendSeconds = ({ keys, bytes }: Pick<Amount, 'keys' | 'bytes'>): number =>
  Math.max(keys / SENT_KEYS_PER_SECOND, bytes / SENT_BYTES_PER_SECOND);
