import type { Logger } from '../../base/index.ts';
import type { ConfigEntries } from '../../commands/index.ts';
import type { ClusterTopology } from '../../topology/index.ts';
import type { MemberIdentity } from '../membership/membership.ts';
import { publishTopology } from './cluster-entry.ts';
import type { MainCluster, MemberReport } from './main-cluster.ts';

/** A member that tells its clients the topology, and leaves the items where they are. */
export class PublishingCluster implements MainCluster {
  readonly peerPort = 0;
  readonly #identity: MemberIdentity;
  readonly #config: Pick<ConfigEntries, 'set' | 'delete'>;
  readonly #log: Logger;
  #version = 0;
  #onReport = (): void => {};

  constructor(
    identity: MemberIdentity,
    config: Pick<ConfigEntries, 'set' | 'delete'>,
    log: Logger,
  ) {
    this.#identity = identity;
    this.#config = config;
    this.#log = log;
  }

  adopt(topology: ClusterTopology): void {
    if (this.#identity.publishes) publishTopology(this.#config, topology, this.#log);
    this.#version = topology.version;
    this.#onReport();
  }

  report(): MemberReport {
    const { name, incarnation } = this.#identity;
    const version = this.#version;
    const at = { adopted: version, complete: version, clean: version };
    return { name, incarnation, ...at, keysMoved: 0, bytesMoved: 0, keysLeft: 0, unreachable: [] };
  }

  onReport(listener: () => void): void {
    this.#onReport = listener;
  }

  async end(): Promise<void> {
    this.#onReport = () => {};
  }
}
