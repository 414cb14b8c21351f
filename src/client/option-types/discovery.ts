/**
 * `npm run docs` generates this file from the tables in `option-tables`; a test compares them.
 */
import type { ConnectionOptions } from 'node:tls';
import type { NodeSpec } from '../../topology/index.ts';
import type { Resolver } from '../base/resolver.ts';
import type { Login } from './client.ts';

/** How often a discovery polls for the topology, and how long one poll may take. */
export interface PollingOptions {
  /**
   * Time between two polls. The discovery varies it by up to 20 %, so that clients that start
   * together do not poll together. After a failed poll it polls sooner.
   * 100 … 86,400,000 milliseconds.
   * @default 60000 for ElastiCache (as AWS's clients), 30000 for DNS, 75 for a cluster
   */
  readonly intervalMs?: number;
  /**
   * Minimum time between two polls, however often `refresh` is called. 0 … 86,400,000 milliseconds.
   * @default 5000
   */
  readonly minRefreshGapMs?: number;
  /** Time that one poll may take, all endpoints together. 1 … 60,000 milliseconds. @default 3000 */
  readonly deadlineMs?: number;
  /**
   * Whether waiting for the next poll keeps the process alive. A running poll always does, for at
   * most `deadlineMs`.
   * @default false
   */
  readonly keepProcessAlive?: boolean;
}

/** Options of `cluster`. */
export interface ClusterDiscoveryOptions extends PollingOptions {
  /**
   * Time between two polls, which use one connection. The discovery varies it by up to 20 %. After
   * failed polls it polls less often, down to once per second. 10 … 86,400,000 milliseconds.
   * @default 75
   */
  readonly intervalMs?: number;
  /**
   * Minimum time between two polls, however often `refresh` is called. 0 … 86,400,000 milliseconds.
   * @default 50
   */
  readonly minRefreshGapMs?: number;
  /** Use TLS with these options of `tls.connect`; the server name is the endpoint's host. */
  readonly tls?: ConnectionOptions;
  /**
   * For endpoints that require a login: memcached's ASCII login, or SASL PLAIN if the endpoint
   * accepts only the binary protocol. Other endpoints do not receive it: they would store it as a
   * value that every client can read.
   */
  readonly login?: Login;
}

/** Options of `elastiCache`. */
export interface ElastiCacheOptions extends PollingOptions {
  /**
   * Time between two polls. The discovery varies it by up to 20 %, so that clients that start
   * together do not poll together. After a failed poll it polls sooner.
   * 100 … 86,400,000 milliseconds.
   * @default 60000
   */
  readonly intervalMs?: number;
  /** ElastiCache's configuration endpoint, or any nodes that have the cluster config. */
  readonly endpoints: readonly NodeSpec[];
  /**
   * `host`: connect to the nodes' host names, resolved at each connect. `ip`: connect to the
   * addresses in the cluster config, for clients that cannot resolve the names.
   * @default 'host'
   */
  readonly connectBy?: 'host' | 'ip';
  /** Use TLS with these options of `tls.connect`; the server name is the endpoint's host. */
  readonly tls?: ConnectionOptions;
  /**
   * For endpoints that require a login: memcached's ASCII login, or SASL PLAIN if the endpoint
   * accepts only the binary protocol. Other endpoints do not receive it: they would store it as a
   * value that every client can read.
   */
  readonly login?: Login;
}

/** Options of `dnsNames`. */
export interface DnsOptions extends PollingOptions {
  /**
   * Time between two polls. The discovery varies it by up to 20 %, so that clients that start
   * together do not poll together. After a failed poll it polls sooner.
   * 100 … 86,400,000 milliseconds.
   * @default 30000
   */
  readonly intervalMs?: number;
  /**
   * A name with SRV or address records, such as a docker-compose service or a headless service in
   * Kubernetes.
   */
  readonly name: string;
  /**
   * `address`: each address (A, AAAA) is a node at `port`. A node that returns at another address
   * is a different node and owns different keys. `srv`: each target of the SRV records with the
   * lowest priority is a node, identified by target name and port; it keeps its keys when its
   * address changes.
   * @default 'address'
   */
  readonly record?: 'address' | 'srv';
  /** Port of the nodes for `record: 'address'`. 1 … 65,535. @default 11211 */
  readonly port?: number;
  /** Address family; 0 means both. @default 0 */
  readonly family?: 0 | 4 | 6;
  /**
   * Whether to use the weights of the SRV records as node weights (0 counts as 1).
   * @default false
   */
  readonly weights?: boolean;
  /**
   * DNS servers to query for the name, such as Consul's. The discovery then ignores the hosts file
   * and search domains. The client's `lookup` resolves the targets of SRV records at each connect.
   * 1 … 8 of `ip`, `ip:port`, `[ip]:port`.
   * @default the system resolver for addresses (with hosts file and search domains), the system's
   * DNS servers for SRV
   */
  readonly servers?: readonly string[];
  /** A resolver to use instead of `servers`. */
  readonly resolver?: Resolver;
}
