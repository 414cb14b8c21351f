import { CodedError } from '../../base/index.ts';
import {
  type ClusterTopology,
  encodeTopology,
  isProxy,
  memberOf,
  TopologyError,
  withJoined,
  withLeaving,
} from '../../topology/index.ts';
import type { ProxyRequest } from '../control/messages.ts';
import type { ChangeCause } from '../node/main-cluster.ts';
import type { TopologyChange, TopologyKeeper } from './topology-keeper.ts';

/** The proxies of a cluster on one machine. */
export const LOCAL_PROXIES_MAX = 32;
/** The supervisor names its nodes like this. */
const NODE_NAME = /^node-\d+$/;

/** A process that the supervisor has not started, and that follows the topology. */
interface LocalProxy extends ProxyRequest {
  publish(text: string, cause: ChangeCause): void;
}

/**
 * The proxies of a cluster on one machine: processes of its user that the supervisor hands each
 * topology to. They hold nothing, so their start and end move no key.
 */
export class LocalProxies {
  readonly #proxies = new Map<string, LocalProxy>();
  readonly #keeper: () => TopologyKeeper | undefined;

  constructor(keeper: () => TopologyKeeper | undefined) {
    this.#keeper = keeper;
  }

  /**
   * Makes a process a member; it gets this topology and all later ones.
   * @throws {CodedError} `ERR_CHANGE` if it cannot be one.
   */
  join(proxy: LocalProxy): void {
    const { name, address, incarnation } = proxy;
    const keeper = this.#keeper();
    if (keeper === undefined) throw refusal('The cluster has not started yet.');
    if (NODE_NAME.test(name)) throw refusal(`${name} is a name of nodes: choose another one.`);
    if (this.#proxies.size >= LOCAL_PROXIES_MAX) {
      throw refusal(`The cluster has ${LOCAL_PROXIES_MAX} proxies already: let some share one.`);
    }
    const member = { name, address, peerAddress: address, weight: 0, zone: '', incarnation };
    try {
      const joined = (topology: ClusterTopology) => withJoined(topology, member);
      // A topology is published before the change returns.
      joined(keeper.topology);
      this.#proxies.set(name, proxy);
      keeper.change(joined, `${name} joins as a proxy`);
    } catch (error) {
      if (!(error instanceof TopologyError)) throw error;
      throw refusal(error.message);
    }
  }

  leave({ name, incarnation }: LocalProxy): void {
    if (this.#proxies.get(name)?.incarnation !== incarnation) return;
    this.#proxies.delete(name);
    const keeper = this.#keeper();
    const member = keeper && memberOf(keeper.topology, name);
    if (member?.incarnation !== incarnation || !isProxy(member)) return;
    keeper?.change((topology) => withLeaving(topology, name), `the proxy ${name} has ended`);
  }

  publish({ topology, ...cause }: TopologyChange): void {
    const text = encodeTopology(topology);
    for (const proxy of this.#proxies.values()) proxy.publish(text, cause);
  }

  pidOf(name: string): number | undefined {
    return this.#proxies.get(name)?.pid;
  }
}

const refusal = (message: string): CodedError => new CodedError('ERR_CHANGE', message);
