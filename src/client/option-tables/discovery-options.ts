import type { ConnectionOptions } from 'node:tls';
import { choice, flag, integer } from '../../base/index.ts';
import { PORT_DEFAULT } from '../../topology/index.ts';
import type { Resolver } from '../base/resolver.ts';
import { object, required, value } from './kinds.ts';
import { login, nodeSpecs } from './nested-options.ts';
import { optionGroup } from './option-group.ts';
import { isObject } from './resolve.ts';

export const POLL_DEADLINE_MS_MAX = 60_000;
const DAY_MS = 86_400_000;
const FAMILIES: readonly unknown[] = [0, 4, 6];

const interval = (ms: number) =>
  integer({
    default: ms,
    min: 100,
    max: DAY_MS,
    unit: 'milliseconds',
    doc:
      'Time between two polls. The discovery varies it by up to 20 %, so that clients that start ' +
      'together do not poll together. After a failed poll it polls sooner.',
  });

export const pollingOptions = optionGroup({
  typeName: 'PollingOptions',
  doc: 'How often a discovery polls for the topology, and how long one poll may take.',
  options: {
    intervalMs: {
      ...interval(30_000),
      defaultNote: "60000 for ElastiCache (as AWS's clients), 30000 for DNS, 75 for a cluster",
    },
    minRefreshGapMs: integer({
      default: 5000,
      min: 0,
      max: DAY_MS,
      unit: 'milliseconds',
      doc: 'Minimum time between two polls, however often `refresh` is called.',
    }),
    deadlineMs: integer({
      default: 3000,
      min: 1,
      max: POLL_DEADLINE_MS_MAX,
      unit: 'milliseconds',
      doc: 'Time that one poll may take, all endpoints together.',
    }),
    keepProcessAlive: flag({
      doc:
        'Whether waiting for the next poll keeps the process alive. A running poll always does, ' +
        'for at most `deadlineMs`.',
    }),
  },
});

export const elastiCacheOptions = optionGroup({
  typeName: 'ElastiCacheOptions',
  doc: 'Options of `elastiCache`.',
  parent: pollingOptions,
  options: {
    intervalMs: interval(60_000),
    endpoints: required({
      ...nodeSpecs,
      doc: "ElastiCache's configuration endpoint, or any nodes that have the cluster config.",
    }),
    connectBy: choice({
      words: ['host', 'ip'],
      default: 'host',
      doc:
        "`host`: connect to the nodes' host names, resolved at each connect. `ip`: connect to " +
        'the addresses in the cluster config, for clients that cannot resolve the names.',
    }),
    tls: value<ConnectionOptions>({
      type: 'ConnectionOptions',
      constraint: 'an object with options of tls.connect',
      accepts: isObject,
      doc: "Use TLS with these options of `tls.connect`; the server name is the endpoint's host.",
    }),
    login: object({
      group: login,
      doc:
        "For endpoints that require a login: memcached's ASCII login, or SASL PLAIN if the " +
        'endpoint accepts only the binary protocol. Other endpoints do not receive it: they ' +
        'would store it as a value that every client can read.',
    }),
  },
});

export const clusterOptions = optionGroup({
  typeName: 'ClusterDiscoveryOptions',
  doc: 'Options of `cluster`.',
  parent: pollingOptions,
  options: {
    intervalMs: integer({
      default: 75,
      min: 10,
      max: DAY_MS,
      unit: 'milliseconds',
      doc:
        'Time between two polls, which use one connection. The discovery varies it by up to ' +
        '20 %. After failed polls it polls less often, down to once per second.',
    }),
    minRefreshGapMs: integer({
      default: 50,
      min: 0,
      max: DAY_MS,
      unit: 'milliseconds',
      doc: 'Minimum time between two polls, however often `refresh` is called.',
    }),
    tls: elastiCacheOptions.table.tls,
    login: elastiCacheOptions.table.login,
  },
});

export const dnsOptions = optionGroup({
  typeName: 'DnsOptions',
  doc: 'Options of `dnsNames`.',
  parent: pollingOptions,
  options: {
    intervalMs: interval(30_000),
    name: required(
      value<string>({
        type: 'string',
        constraint: 'a DNS name',
        accepts: (given) => typeof given === 'string' && given !== '',
        doc:
          'A name with SRV or address records, such as a docker-compose service or a headless ' +
          'service in Kubernetes.',
      }),
    ),
    record: choice({
      words: ['address', 'srv'],
      default: 'address',
      doc:
        '`address`: each address (A, AAAA) is a node at `port`. A node that returns at another ' +
        'address is a different node and owns different keys. `srv`: each target of the SRV ' +
        'records with the lowest priority is a node, identified by target name and port; it ' +
        'keeps its keys when its address changes.',
    }),
    port: integer({
      default: PORT_DEFAULT,
      min: 1,
      max: 65_535,
      doc: "Port of the nodes for `record: 'address'`.",
    }),
    family: {
      ...value<0 | 4 | 6>({
        type: '0 | 4 | 6',
        constraint: '4, 6 or 0 (both)',
        accepts: (given) => FAMILIES.includes(given),
        doc: 'Address family; 0 means both.',
      }),
      default: 0 as 0 | 4 | 6,
    },
    weights: flag({
      doc: 'Whether to use the weights of the SRV records as node weights (0 counts as 1).',
    }),
    servers: {
      ...value<readonly string[]>({
        type: 'readonly string[]',
        constraint: '1 to 8 addresses: "ip", "ip:port" or "[ip]:port"',
        bounds: '1 … 8 of `ip`, `ip:port`, `[ip]:port`',
        accepts: (given) => Array.isArray(given) && given.length >= 1 && given.length <= 8,
        doc:
          "DNS servers to query for the name, such as Consul's. The discovery then ignores the " +
          "hosts file and search domains. The client's `lookup` resolves the targets of SRV " +
          'records at each connect.',
        defaultNote:
          "the system resolver for addresses (with hosts file and search domains), the system's " +
          'DNS servers for SRV',
      }),
    },
    resolver: value<Resolver>({
      type: 'Resolver',
      constraint: '{ lookup, resolveSrv }',
      accepts: (given) => isObject(given) && 'lookup' in given && 'resolveSrv' in given,
      doc: 'A resolver to use instead of `servers`.',
    }),
  },
});
