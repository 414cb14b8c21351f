import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectSecurely } from 'node:tls';
import { CodedError, flag, integer, text, type ValuesOf } from '../base/index.ts';
import { serverFlags } from '../node/index.ts';
import { ADDRESS_FORMS, type NodeAddress, parseAddress, readNodes } from '../topology/index.ts';
import { EXIT } from './exit-codes.ts';
import { readOptionFile } from './option-file.ts';
import { defineVerb } from './verb.ts';

const TEXT_REQUEST = 'version\r\n';
const HEADER_BYTES = 24;
/** `version` in binary: a node with --sasl-only closes text connections, but replies to this. */
const BINARY_REQUEST = Buffer.from([0x80, 0x0b, ...Array<number>(HEADER_BYTES - 2).fill(0)]);
const VERSION_REPLY = 0x810b;
/** A longer reply is not a reply to `version`. */
const REPLY_BYTES_MAX = 256;
/** The reply of a node that requires a login: the node is healthy. */
const LOGIN_REQUIRED = 'CLIENT_ERROR unauthenticated';

const healthFlags = {
  host: text({
    default: '127.0.0.1',
    placeholder: '<addr>',
    doc: `Address of the node: ${ADDRESS_FORMS}. Its port wins over --port.`,
  }),
  port: { ...serverFlags.port, doc: 'TCP port of the node.' },
  unixSocket: { ...serverFlags.unixSocket, doc: 'Unix socket of the node, in place of TCP.' },
  enableSsl: {
    ...serverFlags.enableSsl,
    doc: 'Connect by TLS. The node certificate is not verified: this checks health, not identity.',
  },
  sslChainCert: {
    ...serverFlags.sslChainCert,
    doc: 'Client certificate, for a node that requires one; PEM.',
  },
  sslKey: { ...serverFlags.sslKey, doc: 'Private key of the client certificate; PEM.' },
  timeoutMs: integer({
    long: 'patience',
    default: 2000,
    min: 1,
    max: 60_000,
    doc: 'Time limit for the reply of the node, in milliseconds.',
  }),
  json: flag({ doc: 'Print the result as JSON.' }),
};

/** `slabring health`: a real round trip, for HEALTHCHECK and for operators. */
export const healthVerb = defineVerb({
  name: 'health',
  summary: 'check that a node replies; exit code 0 if it does',
  description:
    'Sends one real request (version) to a node and checks the reply.\n' +
    'The exit code is 0 if the node replies in time, else 1.',
  flags: healthFlags,
  examples: [{ command: 'slabring health --port 11212', effect: 'check the node on port 11212' }],
  async run(options, host) {
    const { timeoutMs, json } = options;
    const { name: node, connect: address } = nodeOf(options);
    const version = await requestVersion(node, { ...address, ...tlsOf(options) }, timeoutMs);
    host.out(json ? JSON.stringify({ node, version }) : `${node} answers: ${version}`);
    return EXIT.ok;
  },
});

/** The node; a path in `--unix-socket` wins over `--host`. */
function nodeOf({
  host,
  port,
  unixSocket,
}: Pick<ValuesOf<typeof healthFlags>, 'host' | 'port' | 'unixSocket'>): NodeAddress {
  const address = unixSocket === '' ? { port, ...parseAddress(host) } : { path: unixSocket };
  return readNodes([address])[0]!;
}

/** The address of a node, and the TLS options if the connection uses TLS. */
type Endpoint = NetConnectOpts & { readonly tls?: ConnectionOptions };

function tlsOf({
  enableSsl,
  sslChainCert,
  sslKey,
}: Pick<ValuesOf<typeof healthFlags>, 'enableSsl' | 'sslChainCert' | 'sslKey'>): {
  readonly tls?: ConnectionOptions;
} {
  if (!enableSsl) return {};
  if (sslChainCert === '') return { tls: { rejectUnauthorized: false } };
  const cert = readOptionFile('the client certificate of --ssl-chain-cert', sslChainCert);
  const key = sslKey === '' ? cert : readOptionFile('the client key of --ssl-key', sslKey);
  return { tls: { rejectUnauthorized: false, cert, key } };
}

async function requestVersion(node: string, address: Endpoint, timeoutMs: number): Promise<string> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const line = await exchange(address, TEXT_REQUEST, signal, readLine);
    const version = /^VERSION (\S+)$/.exec(line)?.[1];
    if (version !== undefined) return version;
    if (line === LOGIN_REQUIRED) return 'login required';
    const binary =
      line === '' ? await exchange(address, BINARY_REQUEST, signal, readBinaryVersion) : undefined;
    if (binary !== undefined) return binary;
    throw new Error(`it replied ${JSON.stringify(line)} to "version"`);
  } catch (error) {
    const reason = signal.aborted
      ? `no reply within ${timeoutMs} ms`
      : error instanceof Error
        ? error.message
        : String(error);
    throw new CodedError('ERR_UNHEALTHY', `${node} is not healthy: ${reason}.`, { cause: error });
  }
}

/** Sends `request` on a new connection, and returns what `read` decodes from the reply. */
async function exchange<T>(
  address: Endpoint,
  request: string | Buffer,
  signal: AbortSignal,
  read: (socket: Socket) => Promise<T>,
): Promise<T> {
  const { tls, ...plain } = address;
  const socket =
    tls === undefined ? connect({ ...plain, signal }) : connectSecurely({ ...plain, ...tls });
  socket.on('error', () => {}); // `once` and `read` have their own listeners and reject
  try {
    await once(socket, tls === undefined ? 'connect' : 'secureConnect', { signal });
    socket.write(request);
    return await read(socket);
  } finally {
    socket.destroy();
  }
}

/** Reads the version from a successful reply to `BINARY_REQUEST`; undefined for any other reply. */
async function readBinaryVersion(socket: Socket): Promise<string | undefined> {
  let received: Buffer = Buffer.alloc(0);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer]);
    if (received.length < HEADER_BYTES) continue;
    if (received.readUInt16BE(0) !== VERSION_REPLY || received.readUInt16BE(6) !== 0) break;
    const end = HEADER_BYTES + received.readUInt32BE(8);
    if (received.length >= end) return received.toString('latin1', HEADER_BYTES, end);
    if (received.length > REPLY_BYTES_MAX) break;
  }
  return undefined;
}

async function readLine(socket: Socket): Promise<string> {
  let received = '';
  for await (const chunk of socket.setEncoding('latin1')) {
    received += String(chunk);
    const end = received.indexOf('\r\n');
    if (end >= 0) return received.slice(0, end);
    if (received.length > REPLY_BYTES_MAX) break;
  }
  return received.slice(0, REPLY_BYTES_MAX);
}
