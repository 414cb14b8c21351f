import type { LookupFunction } from 'node:net';
import { choice, integer, text } from '../../base/index.ts';
import type { Discovery } from '../discovery/discovery.ts';
import type { TlsOptions } from '../option-types.ts';
import { DISTRIBUTION_NAMES } from '../ring/create.ts';
import { type NodeSpec, readNodes } from '../topology.ts';
import type { Serializer } from '../values/serializer.ts';
import { HOUR_MS } from './call-options.ts';
import { callback, object, required, switchable, value, wordOrObject } from './kinds.ts';
import { optionGroup } from './option-group.ts';
import { isObject } from './resolve.ts';

/** The longest ttl of an item on a failover node, by default. */
export const FAILOVER_TTL = 60;
const DAY_SECONDS = 86_400;

export const nodeSpecs = value<readonly NodeSpec[]>({
  type: 'readonly NodeSpec[]',
  constraint: 'a list of nodes such as ["10.0.0.1:11211"]',
  accepts: isNodeList,
  doc: 'The nodes.',
});

/** `readNodes` checks each node. */
function isNodeList(given: unknown): boolean {
  return Array.isArray(given) && given.every((each) => typeof each === 'string' || isObject(each));
}

function isDiscovery(given: unknown): boolean {
  return isObject(given) && ['start', 'refresh', 'close'].every((name) => name in given);
}

export const login = optionGroup({
  typeName: 'Login',
  doc: 'The credentials of a login.',
  options: {
    username: required(
      value<string>({
        type: 'string',
        constraint: 'a text of 1 to 250 characters without blanks',
        bounds: '1 … 250 characters, no blanks',
        // memcached's ASCII login separates user and password at the first blank.
        accepts: (given) => typeof given === 'string' && /^[^\s\0]{1,250}$/.test(given),
        doc: 'The name of the user.',
      }),
    ),
    password: required(
      value<string>({
        type: 'string',
        constraint: 'a text of up to 250 characters without line breaks',
        bounds: 'up to 250 characters',
        accepts: (given) => typeof given === 'string' && /^[^\r\n\0]{0,250}$/.test(given),
        isSecret: true,
        doc: 'The password of the user.',
      }),
    ),
  },
});

/** A PEM text. */
function isPem(given: unknown): boolean {
  return typeof given === 'string' || given instanceof Uint8Array;
}

const PEM = { type: 'string | Buffer', constraint: 'PEM, as a text or a Buffer', accepts: isPem };

export const tls = optionGroup({
  typeName: 'TlsOptions',
  doc: 'TLS options of the connections to the nodes.',
  options: {
    ca: value({
      type: 'string | Buffer | readonly (string | Buffer)[]',
      constraint: 'PEM, as a text, a Buffer or a list of them',
      accepts: (given) => isPem(given) || (Array.isArray(given) && given.every(isPem)),
      doc: 'Trusted CA certificates (PEM).',
      defaultNote: 'the CAs that Node.js trusts',
    }),
    cert: value({
      ...PEM,
      doc: "The client's certificate (PEM), for nodes that require a client certificate.",
    }),
    key: value({ ...PEM, isSecret: true, doc: 'The key of `cert` (PEM).' }),
    passphrase: value({
      type: 'string',
      constraint: 'a text',
      accepts: (given) => typeof given === 'string',
      isSecret: true,
      doc: 'The passphrase of `key`.',
    }),
    servername: value({
      type: 'string',
      constraint: 'a host name',
      accepts: (given) => typeof given === 'string',
      doc: "The name that the node's certificate must contain.",
      defaultNote: "the node's host name",
    }),
    minVersion: value({
      type: "'TLSv1.2' | 'TLSv1.3'",
      constraint: 'one of TLSv1.2, TLSv1.3',
      accepts: (given) => given === 'TLSv1.2' || given === 'TLSv1.3',
      doc: 'The lowest TLS version that the client accepts.',
      defaultNote: "`'TLSv1.2'`",
    }),
  },
});

export const compression = optionGroup({
  typeName: 'CompressionOptions',
  doc: 'Compression of values by zstd (node:zlib).',
  options: {
    minBytes: integer({
      default: 4096,
      min: 0,
      max: 2 ** 30,
      unit: 'bytes',
      doc: 'Compress values of at least this size; smaller ones gain too little.',
    }),
    level: integer({ default: 3, min: 1, max: 19, doc: 'The zstd compression level.' }),
  },
});

export const gutterFailover = optionGroup({
  typeName: 'GutterFailover',
  doc: 'Gutter nodes serve the keys of nodes that are down.',
  options: {
    gutter: required({
      ...nodeSpecs,
      doc: 'The gutter nodes; each serves its share of the keys.',
      resolve: (given) => {
        readNodes(given as readonly NodeSpec[]);
        return given;
      },
    }),
    ttl: integer({
      default: FAILOVER_TTL,
      min: 1,
      max: DAY_SECONDS,
      unit: 'seconds',
      doc:
        'The longest ttl of an item on a gutter node, which bounds the age of a value that the ' +
        'next outage can serve.',
    }),
  },
});

export const previousOwner = optionGroup({
  typeName: 'PreviousOwnerOptions',
  doc: 'Reads of keys that moved, at their previous owners.',
  options: {
    graceSeconds: required(
      integer({
        min: 1,
        max: DAY_SECONDS,
        unit: 'seconds',
        doc: 'How long after a change the client also asks the previous owners of a key.',
      }),
    ),
  },
});

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
          '`{ host, port, weight }` or `{ path, weight }`. Or a discovery that finds them: ' +
          '`elastiCache(…)`, `dnsNames(…)`.',
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
        doc: 'Time that a connection attempt may take, including TLS and login.',
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
      doc: 'Keys in one request of `getMany`, which sends several requests when there are more keys.',
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
      accepts: (given) => isObject(given) && 'serialize' in given && 'deserialize' in given,
      doc: 'Turns values other than text and bytes into bytes, and back.',
      defaultNote: 'JSON',
    }),
    compression: switchable({
      group: compression,
      doc: 'Compress large values by zstd. Other clients cannot read such values.',
    }),
  },
});
