import type { LookupFunction } from 'node:net';
import { choice, integer, text } from '../../base/index.ts';
import { DISTRIBUTION_NAMES, type NodeSpec } from '../../topology/index.ts';
import type { Discovery } from '../base/discovery.ts';
import type { Serializer } from '../base/serializer.ts';
import type { TlsOptions } from '../option-types/client.ts';
import { HOUR_MS } from './call-options.ts';
import { callback, object, required, switchable, value, wordOrObject } from './kinds.ts';
import {
  compression,
  gutterFailover,
  isNodeList,
  login,
  previousOwner,
  tls,
} from './nested-options.ts';
import { optionGroup } from './option-group.ts';
import { isObject } from './resolve.ts';

function hasMethods(given: unknown, names: readonly string[]): boolean {
  return isObject(given) && names.every((name) => typeof given[name] === 'function');
}

function isDiscovery(given: unknown): boolean {
  return hasMethods(given, ['start', 'refresh', 'close']);
}

export const clientOptions = optionGroup({
  typeName: 'ClientOptions',
  doc: 'Options of a client.',
  options: {
    nodes: required(
      value<readonly NodeSpec[] | Discovery>({
        type: 'readonly NodeSpec[] | Discovery',
        constraint: 'a list of nodes such as ["10.0.0.1:11211"], or a discovery',
        accepts: (given) => isNodeList(given) || isDiscovery(given),
        details: 'routing.md#discovery-and-topology-changes',
        doc:
          'The nodes that hold the keys: `host`, `host:port`, `[v6]:port`, `/unix/path`, ' +
          '`{ host, port, weight }` or `{ path, weight }`; one of them for a cluster of ' +
          'slabring. Or a discovery that finds them: `cluster(…)`, `elastiCache(…)` or ' +
          '`dnsNames(…)`.',
      }),
    ),
    distribution: {
      ...choice({
        words: DISTRIBUTION_NAMES,
        default: 'ketama',
        doc:
          'The rule that places keys on the nodes. Clients that share a cache must use the same ' +
          'one.',
      }),
      alias: { name: 'DistributionName' },
      details: 'routing.md#placement-of-keys',
    },
    failover: wordOrObject({
      words: ['fail', 'next'],
      default: 'fail',
      alias: {
        name: 'Failover',
        doc:
          'Which nodes serve the keys of a node that is down: none (operations fail at once, and ' +
          'no value becomes stale by failover), the nodes that follow in the distribution (they ' +
          'store items with a ttl of at most 60), or nodes that have no keys of their own.',
      },
      group: gutterFailover,
      details: 'routing.md#failover',
      doc:
        'Which nodes serve the keys of a node that is down: none, the next nodes in the ' +
        'distribution, or gutter nodes. Values of failover nodes may be stale.',
    }),
    replicas: {
      ...integer({
        default: 1,
        min: 1,
        max: 8,
        doc:
          'The number of replicas of each key: on its owner and on the nodes that follow in the ' +
          'distribution. With more than one, no key is lost with a single node; memory and ' +
          'writes multiply. Clients that share a cache must use the same number.',
      }),
      details: 'routing.md#replication',
    },
    previousOwner: object({
      group: previousOwner,
      details: 'routing.md#discovery-and-topology-changes',
      doc:
        'After a change of the topology, look for a key that moved at its previous owners. A ' +
        'miss then costs two requests.',
      defaultNote: 'moved keys are misses',
    }),
    deadlineMs: integer({
      default: 1000,
      min: 1,
      max: HOUR_MS,
      unit: 'milliseconds',
      doc:
        'Time until an operation settles, counted from the call: the time in the queue, the ' +
        'connection attempt and the wait for the reply together. The client also closes a ' +
        'connection when the node owes replies and sends nothing for this long.',
    }),
    connectTimeoutMs: {
      ...integer({
        min: 1,
        max: HOUR_MS,
        unit: 'milliseconds',
        doc:
          'Time that a connection attempt may take, including TLS and login. If `deadlineMs` is ' +
          'not set and this is longer, operations wait for the first connection of their node ' +
          'this much longer.',
      }),
      defaultNote: 'the value of `deadlineMs`',
    },
    maxPendingPerNode: integer({
      default: 65_536,
      min: 1,
      max: 10_000_000,
      unit: 'operations',
      doc: 'Operations that may be pending for one node; a further one fails with ERR_QUEUE_FULL.',
    }),
    maxPendingBytesPerNode: integer({
      default: 64 * 2 ** 20,
      min: 1,
      max: 2 ** 34,
      unit: 'bytes',
      doc:
        'Size of the values that may wait to be sent to one node; a further value fails with ' +
        'ERR_QUEUE_FULL, unless nothing else waits.',
    }),
    maxKeysPerGet: integer({
      default: 100,
      min: 1,
      max: 1000,
      unit: 'keys',
      doc:
        'Keys in one request of `getMany`, which sends several requests when there are more ' +
        'keys.',
    }),
    connectionsPerNode: integer({
      default: 1,
      min: 1,
      max: 64,
      unit: 'connections',
      doc:
        'Connections to each node. One connection is the fastest. With several, small values do ' +
        'not wait behind large ones, but operations that the caller does not await may overtake ' +
        'each other.',
    }),
    keepAliveMs: integer({
      default: 30_000,
      min: 1000,
      max: HOUR_MS,
      unit: 'milliseconds',
      doc: 'Time without traffic after which the kernel starts to send TCP keep-alive probes.',
    }),
    protocol: {
      ...choice({
        words: ['auto', 'meta', 'classic', 'binary'],
        default: 'auto',
        doc:
          'The dialect. `auto` negotiates it for each connection, by one or two further ' +
          'requests: meta if the node knows it, else classic text, else (with a `login`) binary.',
      }),
      alias: {
        name: 'ProtocolChoice',
        doc: 'The protocol to speak with a node; `auto` detects it at each connect.',
      },
    },
    login: object({
      group: login,
      doc:
        'For nodes that require a login: SASL PLAIN in binary, where the client always sends it; ' +
        "memcached's ASCII login in text, where it sends it only to a node that requires it.",
    }),
    tls: {
      ...switchable({
        group: tls,
        doc: 'Use TLS. `true` is TLS with the certificate authorities that Node.js trusts.',
      }),
      // No TLS option has a default: those in force are those given.
      default: undefined as TlsOptions | undefined,
    },
    lookup: callback<LookupFunction>({
      type: 'LookupFunction',
      doc: "Resolves a node's host name for each connection, as in node:net.",
      defaultNote: '`dns.lookup`',
    }),
    namespace: { ...text({ doc: 'A prefix of every key.' }), bounds: 'up to 150 bytes' },
    keys: {
      ...choice({
        words: ['refuse', 'hash'],
        default: 'refuse',
        doc:
          'What to do with a key of more than 250 bytes, or with blanks or control characters: ' +
          "reject the call with ERR_KEY, or send the key's SHA-256 instead.",
      }),
      alias: { name: 'KeyMode', doc: 'The treatment of a key that the protocol cannot carry.' },
    },
    serializer: value<Serializer>({
      type: 'Serializer',
      constraint: '{ serialize, deserialize }',
      accepts: (given) => hasMethods(given, ['serialize', 'deserialize']),
      doc: 'Turns values other than text and bytes into bytes, and back.',
      defaultNote: 'JSON',
    }),
    maxValueBytes: integer({
      default: 64 * 2 ** 20,
      min: 1,
      max: 2 ** 30,
      unit: 'bytes',
      doc:
        'The size of the largest value, also when it is unpacked. The client does not read a ' +
        'larger one, and does not store it: the operation fails with ERR_VALUE.',
    }),
    compression: switchable({
      group: compression,
      doc: 'Compress large values by zstd. Other clients cannot read such values.',
    }),
  },
});
