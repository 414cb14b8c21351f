/** How a node, or a command, reaches the cluster that etcd keeps. */
import { hostname, networkInterfaces } from 'node:os';
import {
  CodedError,
  fileReason,
  isLoopback,
  type Logger,
  readSecretFile,
  type ValuesOf,
} from '../../base/index.ts';
import { type EtcdOptions, etcdEndpoints } from '../../cluster/index.ts';
import type { EtcdMembership } from '../../cluster/member.ts';
import type { ServerOptions } from '../../node/index.ts';
import {
  formatAddress,
  isEveryInterface,
  PORT_DEFAULT,
  parseAddress,
} from '../../topology/index.ts';
import type { etcdFlags, joinFlags } from '../options/join-options.ts';

const EVERY_INTERFACE = '0.0.0.0';
const LOOPBACK = '127.0.0.1';
/** A certificate with its chain, or a secret. */
const FILE_BYTES_MAX = 1 << 20;
/** Both ends of a handshake use it as the key of an HMAC. */
const SECRET_BYTES_MIN = 16;
/** The lease in etcd ends this much before the grants of members that have ended, in seconds. */
const LEASE_LEAD_SECONDS = 1;

export type JoinOptions = ValuesOf<typeof joinFlags> &
  Pick<ServerOptions, 'port' | 'listen' | 'unixSocket' | 'clusterNodes'>;

/** Loads what only a node in a cluster needs: other nodes save its memory. */
export const loadMember = () => import('../../cluster/member.ts');

/** @throws {CodedError} if a file cannot be read, or etcd refuses or cannot be reached. */
export async function openEtcdMembership(
  options: JoinOptions,
  log: Logger,
): Promise<EtcdMembership> {
  const { cluster, replicas, replication, zone, weight, leaseSeconds, port } = options;
  if (options.unixSocket !== '' || port === 0) {
    const text = 'A node of a cluster needs a TCP port that it keeps: add -p (--port).';
    throw new CodedError('ERR_USAGE', text);
  }
  const { host, address } = advertised(options);
  const { EtcdMembership } = await loadMember();
  return EtcdMembership.open({
    ...(await etcdOptionsOf(options.join, options, log)),
    settings: { cluster, replicas, replication },
    self: { name: nodeNameOf(options), address, peerHost: host, weight, zone },
    listenHost: listenHostOf(options),
    ttl: leaseSeconds - LEASE_LEAD_SECONDS,
    grantMs: leaseSeconds * 1000,
    readsCopies: options.replicaReads,
    secret: await secretOf(options, log),
    publishes: options.clusterNodes.length === 0,
    log,
  });
}

/** @throws {CodedError} if a file cannot be read. */
export async function etcdOptionsOf(
  url: string,
  { joinCa, joinCert, joinKey, joinLoginFile }: ValuesOf<typeof etcdFlags>,
  log: Logger | undefined,
): Promise<EtcdOptions> {
  const { endpoints, hasTls } = etcdEndpoints(url);
  const [ca, cert, key] = await Promise.all(
    [joinCa, joinCert, joinKey].map((file) => contentOf(file, undefined)),
  );
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const isSecure = hasTls || Object.keys(tls).length > 0;
  const login = await contentOf(joinLoginFile, log);
  return {
    endpoints,
    tls: isSecure ? tls : undefined,
    login: login && loginOf(login.toString('utf8').trimEnd()),
  };
}

function loginOf(line: string) {
  const at = line.indexOf(':');
  if (at > 0) return { username: line.slice(0, at), password: line.slice(at + 1) };
  throw new CodedError('ERR_USAGE', 'The file of --join-login-file has no line user:password.');
}

async function secretOf(
  { clusterSecretFile }: Pick<JoinOptions, 'clusterSecretFile'>,
  log: Logger,
): Promise<Buffer | undefined> {
  const content = await contentOf(clusterSecretFile, log);
  if (content === undefined) return undefined;
  const secret = Buffer.from(content.toString('utf8').trim(), 'utf8');
  if (secret.length >= SECRET_BYTES_MIN) return secret;
  const text = `--cluster-secret-file has ${secret.length} bytes; it must have ${SECRET_BYTES_MIN}`;
  throw new CodedError('ERR_USAGE', `${text} or more: openssl rand -hex 32 makes a good secret.`);
}

/** Undefined without a file. */
async function contentOf(file: string, log: Logger | undefined): Promise<Buffer | undefined> {
  if (file === '') return undefined;
  try {
    return await readSecretFile(file, FILE_BYTES_MAX, log);
  } catch (error) {
    throw new CodedError('ERR_FILE', `Cannot read ${file}: ${fileReason(error, file, 'read')}.`, {
      cause: error,
    });
  }
}

/** Other members reach the node where its clients do; they do not connect to a proxy. */
function listenHostOf({ listen, weight }: Pick<JoinOptions, 'listen' | 'weight'>): string {
  if (weight === 0) return LOOPBACK;
  return listen.map(hostAddress).find((address) => address !== undefined)?.host ?? EVERY_INTERFACE;
}

/** The same after each start of the node; a proxy beside a node has another name. */
function nodeNameOf({ nodeName, port, weight }: JoinOptions): string {
  if (nodeName !== '') return nodeName;
  const machine = hostname().replaceAll(/[^\w.-]/g, '-');
  const name = weight === 0 ? `proxy-${machine}` : machine;
  return (port === PORT_DEFAULT ? name : `${name}-${port}`).slice(-64);
}

function advertised({ advertise, listen, port, weight }: JoinOptions) {
  const given = advertise === '' ? undefined : parseAddress(advertise);
  // Proxies of many machines may all serve 127.0.0.1, and addresses in a cluster are distinct.
  const canName = (address: ReturnType<typeof hostAddress>): boolean =>
    address !== undefined && !(weight === 0 && isLoopback(address.host));
  const from = given ?? listen.map(hostAddress).find(canName);
  const host = from !== undefined && 'host' in from ? from.host : machineAddress();
  const ownPort = from !== undefined && 'port' in from ? (from.port ?? port) : port;
  return { host, address: formatAddress({ host, port: ownPort }) };
}

type HostAndPort = { readonly host: string; readonly port?: number };

/** An entry of -l that others can connect to; undefined for another one. */
export function hostAddress(entry: string): HostAndPort | undefined {
  try {
    const address = parseAddress(entry);
    return 'path' in address || isEveryInterface(address.host) ? undefined : address;
  } catch {
    return undefined;
  }
}

function machineAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outside = all.filter(({ internal }) => !internal);
  const found = outside.find(({ family }) => family === 'IPv4') ?? outside[0];
  return found?.address ?? '127.0.0.1';
}
