/** The options of the objects that options of the client take as their values. */
import { integer } from '../../base/index.ts';
import type { NodeSpec } from '../../topology/index.ts';
import { nodesOf } from '../base/nodes.ts';
import { required, value } from './kinds.ts';
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

/** `nodesOf` checks each node. */
export function isNodeList(given: unknown): boolean {
  return Array.isArray(given) && given.every((each) => typeof each === 'string' || isObject(each));
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

/** Whether it is a PEM text, and not the path of a file. */
function isPem(given: unknown): boolean {
  const isText = typeof given === 'string' || given instanceof Uint8Array;
  return isText && Buffer.from(given as string).includes('-----BEGIN ');
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
        nodesOf(given as readonly NodeSpec[]);
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
