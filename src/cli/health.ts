import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectSecurely } from 'node:tls';
import { CodedError, flag, integer, text, type ValuesOf } from '../base/index.ts';
import { serverFlags } from '../server/index.ts';
import { EXIT } from './exit-codes.ts';
import { defineVerb } from './verb.ts';

const REQUEST = 'version\r\n';
const HEADER_BYTES = 24;
/** The same in binary: a node that is closed to text (--sasl-only) answers it before a login. */
const PACKET = Buffer.from([0x80, 0x0b, ...Array<number>(HEADER_BYTES - 2).fill(0)]);
const VERSION_ANSWER = 0x810b;
/** A reply longer than this is no reply to `version`. */
const REPLY_BYTES_MAX = 256;
/** What a node says that serves only those who log in: it is alive. */
const ASKS_FOR_LOGIN = 'CLIENT_ERROR unauthenticated';

const healthFlags = {
  host: text({ default: '127.0.0.1', placeholder: '<host>', doc: 'Host of the node.' }),
  port: { ...serverFlags.port, doc: 'TCP port of the node.' },
  unixSocket: { ...serverFlags.unixSocket, doc: 'Unix socket of the node, in place of TCP.' },
  enableSsl: {
    ...serverFlags.enableSsl,
    doc: 'Ask by TLS. The certificate is not checked: this asks whether the node lives, not who it is.',
  },
  sslChainCert: {
    ...serverFlags.sslChainCert,
    doc: 'A certificate to show, for a node that requires one of its clients.',
  },
  sslKey: { ...serverFlags.sslKey, doc: 'The key of that certificate.' },
  patienceMs: integer({
    long: 'patience',
    default: 2000,
    min: 1,
    max: 60_000,
    doc: 'How long the node has to answer, in milliseconds.',
  }),
  json: flag({ doc: 'Print the answer as JSON.' }),
};

/** `slabring health`: a real round trip, for HEALTHCHECK and people. */
export const healthVerb = defineVerb({
  name: 'health',
  summary: 'ask a node for its version; exit code 0 when it answers',
  about:
    'Sends one real request (version) to a node and checks the reply.\n' +
    'The exit code is 0 when the node answers in time, else 1.',
  flags: healthFlags,
  examples: [{ command: 'slabring health --port 11212', does: 'is that node alive?' }],
  async run(options, host) {
    const { host: hostName, port, unixSocket, patienceMs, json } = options;
    const [where, address] =
      unixSocket === ''
        ? ([`${hostName}:${port}`, { host: hostName, port, ...tlsOf(options) }] as const)
        : ([unixSocket, { path: unixSocket }] as const);
    const version = await askVersion(where, address, patienceMs);
    host.out(json ? JSON.stringify({ node: where, version }) : `${where} answers: ${version}`);
    return EXIT.ok;
  },
});

/** Where a node is, and how it is spoken to by TLS, if it is. */
type Address = NetConnectOpts & { readonly tls?: ConnectionOptions };

function tlsOf({
  enableSsl,
  sslChainCert,
  sslKey,
}: Pick<ValuesOf<typeof healthFlags>, 'enableSsl' | 'sslChainCert' | 'sslKey'>): {
  readonly tls?: ConnectionOptions;
} {
  if (!enableSsl) return {};
  if (sslChainCert === '') return { tls: { rejectUnauthorized: false } };
  const cert = readFileSync(sslChainCert);
  const key = sslKey === '' ? cert : readFileSync(sslKey);
  return { tls: { rejectUnauthorized: false, cert, key } };
}

async function askVersion(where: string, address: Address, patienceMs: number): Promise<string> {
  const signal = AbortSignal.timeout(patienceMs);
  try {
    const line = await exchange(address, REQUEST, signal, firstLine);
    const version = /^VERSION (\S+)$/.exec(line)?.[1];
    if (version !== undefined) return version;
    if (line === ASKS_FOR_LOGIN) return 'a login is asked for first';
    const binary = line === '' ? await exchange(address, PACKET, signal, packetBody) : undefined;
    if (binary !== undefined) return binary;
    throw new Error(`it answered ${JSON.stringify(line)} to "version"`);
  } catch (error) {
    const why = signal.aborted
      ? `no answer within ${patienceMs} ms`
      : error instanceof Error
        ? error.message
        : String(error);
    throw new CodedError('ERR_UNHEALTHY', `${where} is not healthy: ${why}.`, { cause: error });
  }
}

/** Says something on a connection of its own, and takes what `read` makes of the answer. */
async function exchange<T>(
  address: Address,
  request: string | Buffer,
  signal: AbortSignal,
  read: (socket: Socket) => Promise<T>,
): Promise<T> {
  const { tls, ...plain } = address;
  const socket =
    tls === undefined ? connect({ ...plain, signal }) : connectSecurely({ ...plain, ...tls });
  socket.on('error', () => {}); // whoever waits on the socket is told by its own listener
  try {
    await once(socket, tls === undefined ? 'connect' : 'secureConnect', { signal });
    socket.write(request);
    return await read(socket);
  } finally {
    socket.destroy();
  }
}

/** The body of a packet that answers PACKET well; undefined when something else came. */
async function packetBody(socket: Socket): Promise<string | undefined> {
  let received: Buffer = Buffer.alloc(0);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer]);
    if (received.length < HEADER_BYTES) continue;
    if (received.readUInt16BE(0) !== VERSION_ANSWER || received.readUInt16BE(6) !== 0) break;
    const end = HEADER_BYTES + received.readUInt32BE(8);
    if (received.length >= end) return received.toString('latin1', HEADER_BYTES, end);
    if (received.length > REPLY_BYTES_MAX) break;
  }
  return undefined;
}

async function firstLine(socket: Socket): Promise<string> {
  let received = '';
  for await (const chunk of socket.setEncoding('latin1')) {
    received += String(chunk);
    const end = received.indexOf('\r\n');
    if (end >= 0) return received.slice(0, end);
    if (received.length > REPLY_BYTES_MAX) break;
  }
  return received.slice(0, REPLY_BYTES_MAX);
}
