import { extname } from 'node:path';
import type { ServerOptions } from '../../node/index.ts';
import { type Address, formatAddress } from '../../topology/index.ts';
import { LOCAL_NODE } from '../cache/local-cluster.ts';
import type { Host } from '../process/host.ts';
import { trustedFile, UNKNOWN_FILE } from './trusted-file.ts';

/** A list of more nodes would be a long line: the nodes know each other. */
const LISTED_NODES_MAX = 4;
/** Hosts of listeners on all interfaces. */
const ALL_INTERFACES: ReadonlySet<string> = new Set(['', '*', '0.0.0.0', '::']);
/** Whether this program runs from its sources. */
export const IS_CHECKOUT = extname(import.meta.url) === '.ts';

/** The options that say what a client of the node needs. */
export type AccessOptions = Pick<
  ServerOptions,
  'enableSsl' | 'sslChainCert' | 'sslCaCert' | 'sslVerifyMode' | 'enableSasl' | 'authFile'
>;

/** Commands that work now, in another terminal, with the nodes that have just started. */
export function nextCommands(
  nodes: readonly Address[],
  options: AccessOptions,
  { env }: Pick<Host, 'env'>,
): string {
  // npm sets the variable for what it runs; a checkout has the command only through npx.
  const isByNpm = IS_CHECKOUT || env['npm_execpath'] !== undefined;
  const command = isByNpm ? 'npx slabring' : 'slabring';
  const names = nodes.map(reachable);
  const selection = names[0] === LOCAL_NODE ? '' : nodesOption(names);
  const more = [selection, ...accessOptions(options)];
  const end = more.filter((option) => option !== '').map((option) => ` ${option}`);
  const verbs = ['set greeting hello', 'get greeting', 'stats', 'bench'];
  return [
    'Try next, in another terminal:',
    ...verbs.map((verb) => `  ${[`${command} ${verb}`, ...end].join('')}`),
  ].join('\n');
}

/** The option of a verb that selects the nodes of a cluster, as a shell takes it. */
export function nodesOption(names: readonly string[]): string {
  const [first = ''] = names;
  return names.length > LISTED_NODES_MAX
    ? `--discovery ${quotedForShell(`elasticache:${first}`)}`
    : `--nodes ${quotedForShell(names.join(','))}`;
}

/** Quotes what a shell does not take as it is: zsh takes the brackets of IPv6 for a pattern. */
function quotedForShell(word: string): string {
  return /[^\w@%+=:,./-]/.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : word;
}

/** The address for a client on this machine: a node may listen on all addresses. */
function reachable(address: Address): string {
  if ('path' in address) return formatAddress(address);
  const isAny = ALL_INTERFACES.has(address.host);
  return formatAddress(isAny ? { ...address, host: '127.0.0.1' } : address);
}

/** What a client of the nodes needs: the file of a CA, a certificate of its own, a login. */
export function accessNeeds(options: AccessOptions) {
  const { enableSsl, sslVerifyMode, enableSasl, authFile } = options;
  return {
    ca: enableSsl ? trustedFile(options) : undefined,
    certificate: enableSsl && sslVerifyMode >= 2,
    login: enableSasl || authFile !== '',
  };
}

function accessOptions(options: AccessOptions): string[] {
  const { ca, certificate, login } = accessNeeds(options);
  return [
    ca === undefined ? '' : `--tls-ca ${ca === UNKNOWN_FILE ? ca : quotedForShell(ca)}`,
    certificate ? '--tls-cert <file>' : '',
    login ? '--user <name>' : '',
  ];
}
