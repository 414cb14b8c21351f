import { counted, formatSize } from '../../base/index.ts';
import {
  type FastPathState,
  packageVersion,
  requiresLogin,
  type ServerOptions,
} from '../../node/index.ts';
import { type ListenAddress, listenAddressesOf } from '../../server/index.ts';
import { formatAddress } from '../../topology/index.ts';

/** What a started node tells about itself. */
export interface StartedNode {
  readonly addresses: readonly ListenAddress[];
  readonly fastPath: FastPathState;
  /** Undefined without an admin port. */
  readonly adminUrl?: string | undefined;
  /** Undefined for a node that has items. */
  readonly proxied?: Proxied | undefined;
}

/** What a proxy is before: a cluster of this name, or so many nodes of no cluster. */
export type Proxied = { readonly cluster: string } | { readonly nodes: number };

/** The line of a node that has started: its version, its most important options and listeners. */
export function startLine(
  options: ServerOptions,
  { addresses, fastPath, adminUrl, proxied }: StartedNode,
): string {
  const choice = fastPath.choice === undefined ? '' : ` (${fastPath.choice})`;
  const facts = [
    proxied === undefined
      ? `${formatSize(options.memoryLimitBytes)} of memory`
      : proxyText(proxied),
    counted(options.threads, 'thread'),
    options.enableSsl ? 'TLS' : 'no TLS',
    requiresLogin(options) ? 'login required' : 'no login',
    ...(proxied === undefined ? [`fast path ${fastPath.kind}${choice}`] : []),
  ];
  const listeners = addresses.map((address) => listenerText(address, options.enableSsl));
  const admin = adminUrl === undefined ? '' : `. Admin port: ${adminUrl}`;
  const head = `slabring ${packageVersion()}: ${facts.join(', ')}`;
  return `${head}. Listening on ${listeners.join(', ')}${admin}`;
}

/** The same as facts for programs; sizes are in bytes. */
export function startFacts(
  options: ServerOptions,
  { addresses, fastPath, adminUrl, proxied }: StartedNode,
): Readonly<Record<string, unknown>> {
  return {
    version: packageVersion(),
    ...(proxied === undefined ? {} : proxyFacts(proxied)),
    memoryLimitBytes: options.memoryLimitBytes,
    threads: options.threads,
    login: requiresLogin(options),
    fastPath: fastPath.kind,
    ...(adminUrl === undefined ? {} : { adminUrl }),
    listeners: addresses.map((each) =>
      each.kind === 'unix'
        ? { path: each.path }
        : { host: each.host, port: each.port, tls: each.secure },
    ),
  };
}

const proxyText = (proxied: Proxied): string =>
  'cluster' in proxied
    ? `proxy of the cluster ${proxied.cluster}`
    : `proxy of ${counted(proxied.nodes, 'node')}`;

const proxyFacts = (proxied: Proxied) =>
  'cluster' in proxied ? { proxyOf: proxied.cluster } : { proxiedNodes: proxied.nodes };

function listenerText(address: ListenAddress, enableSsl: boolean): string {
  if (address.kind === 'unix') return address.path;
  const where =
    address.host === '' ? `port ${address.port} of every interface` : formatAddress(address);
  return enableSsl && !address.secure ? `${where} (no TLS)` : where;
}

const EVERY_HOSTS = ['', '0.0.0.0', '::'];
const REQUIRE_CERTIFICATE = 2;

/**
 * The warning of a node that serves everybody who reaches it: it listens on every interface, and
 * needs no login and no client certificate there. Undefined for any other node.
 */
export function openToEverybody(options: ServerOptions): string | undefined {
  if (requiresLogin(options)) return undefined;
  const open = listenAddressesOf(options).find((address) => isOpen(address, options));
  if (open?.kind !== 'tcp') return undefined;
  const port = open.port === 0 ? 'the port' : `port ${open.port}`;
  return (
    `Everybody who reaches ${port} of this machine may read and change the cache: the node has` +
    ' no login. Limit it to this machine with -l 127.0.0.1, or require a login with -Y.'
  );
}

function isOpen(address: ListenAddress, { sslVerifyMode }: ServerOptions): boolean {
  if (address.kind !== 'tcp' || !EVERY_HOSTS.includes(address.host)) return false;
  const { secure, needsClientCertificate = sslVerifyMode >= REQUIRE_CERTIFICATE } = address;
  return !(secure && needsClientCertificate);
}
