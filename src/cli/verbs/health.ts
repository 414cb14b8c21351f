import type { ConnectionOptions } from 'node:tls';
import { CodedError, flag, integer, text, type ValuesOf } from '../../base/index.ts';
import { askOnce, type NodeReply, NoReply, requiresLogin } from '../../client/index.ts';
import { serverFlags } from '../../node/index.ts';
import { ADDRESS_FORMS, type NodeAddress, parseAddress, readNodes } from '../../topology/index.ts';
import { readOptionFile } from '../options/option-file.ts';
import { EXIT } from '../process/exit-codes.ts';
import { defineVerb } from '../verb.ts';

/** A longer reply is not a reply to `version`. */
const REPLY_BYTES_MAX = 256;

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
    const node = nodeOf(options);
    const tls = 'host' in node.connect ? tlsOf(options) : undefined;
    const version = await requestVersion(node, tls, timeoutMs);
    const { name } = node;
    host.out(json ? JSON.stringify({ node: name, version }) : `${name} answers: ${version}`);
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

function tlsOf({
  enableSsl,
  sslChainCert,
  sslKey,
}: Pick<ValuesOf<typeof healthFlags>, 'enableSsl' | 'sslChainCert' | 'sslKey'>):
  | ConnectionOptions
  | undefined {
  if (!enableSsl) return undefined;
  if (sslChainCert === '') return { rejectUnauthorized: false };
  const cert = readOptionFile('the client certificate of --ssl-chain-cert', sslChainCert);
  const key = sslKey === '' ? cert : readOptionFile('the client key of --ssl-key', sslKey);
  return { rejectUnauthorized: false, cert, key };
}

async function requestVersion(
  node: NodeAddress,
  tls: ConnectionOptions | undefined,
  timeoutMs: number,
): Promise<string> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const options = { tls, replyBytesMax: REPLY_BYTES_MAX, signal };
    return versionIn(await askOnce(node, { verb: 'version' }, options));
  } catch (error) {
    const reason = signal.aborted ? `no reply within ${timeoutMs} ms` : reasonOf(error);
    throw new CodedError('ERR_UNHEALTHY', `${node.name} is not healthy: ${reason}.`, {
      cause: error,
    });
  }
}

/** A node that requires a login is healthy. */
function versionIn(reply: NodeReply): string {
  if (reply.status === 'line') return reply.line;
  if (requiresLogin(reply)) return 'login required';
  throw new Error(replied(reply.line));
}

function reasonOf(error: unknown): string {
  if (error instanceof NoReply) return replied(error.received.split('\r\n')[0]!);
  return error instanceof Error ? error.message : String(error);
}

function replied(text: string): string {
  return `it replied ${JSON.stringify(text)} to "version"`;
}
