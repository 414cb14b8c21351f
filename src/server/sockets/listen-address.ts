import { isIPv6 } from 'node:net';
import { parseAddress, TopologyError } from '../../topology/index.ts';

/** What the clients of a listener may send: the first byte decides, or only one of the two. */
export type ListenerProtocol = 'auto' | 'ascii' | 'binary';

/** The address of one listener of a node. */
export type ListenAddress = TcpListenAddress | UnixListenAddress;

export interface TcpListenAddress {
  readonly kind: 'tcp';
  /** A name or an IP address; empty for every interface. */
  readonly host: string;
  readonly port: number;
  /** Whether the listener uses TLS. */
  readonly secure: boolean;
  /** Whether clients must present a certificate, in place of `ssl_verify_mode`. */
  readonly needsClientCertificate?: boolean;
  /** In place of `-B`. */
  readonly protocol?: ListenerProtocol;
}

interface UnixListenAddress {
  readonly kind: 'unix';
  readonly path: string;
  readonly protocol?: ListenerProtocol;
}

/** memcached's prefixes of an address of `-l`, in their order. */
const PREFIXES =
  /^(?:(notls|btls|mtls):)?(?:proto\[([^\]]*)\]:)?(?:(tag)(?:\[([^\]]*)\]|_([^_]*)_):)?/;
const PROTOCOLS: ReadonlyMap<string, ListenerProtocol> = new Map([
  ['ascii', 'ascii'],
  ['binary', 'binary'],
  ['negotiating', 'auto'],
]);
const TAG_CHARS_MAX = 8;
const EVERY_HOST = '*';

/**
 * Parses an address of `-l`: an address of a node, or `*` or no host for every interface. Before it
 * may stand `notls:`, `btls:` (no client certificate) or `mtls:` (a client certificate), then
 * `proto[ascii]:`, `proto[binary]:` or `proto[negotiating]:`, then `tag[name]:` or `tag_name_:`,
 * which has no effect.
 * @throws {TopologyError} for any other text, and for `btls:` or `mtls:` without TLS.
 */
export function listenAddressOf(text: string, port: number, enableSsl: boolean): ListenAddress {
  const [prefixes = '', tls, protocolName, isTagged, ...tags] = PREFIXES.exec(text) ?? [];
  if (tls !== undefined && tls !== 'notls' && !enableSsl)
    throw new TopologyError(`${text} asks for TLS (${tls}:), which -Z (--enable-ssl) enables.`);
  if (isTagged !== undefined) checkTag(text, tags.join(''));
  const given = protocolName === undefined ? {} : { protocol: protocolOf(text, protocolName) };
  const bare = text.slice(prefixes.length);
  const [, everyPort] = /^\*?:(\d+)$/.exec(bare) ?? [];
  const address = parseAddress(everyPort === undefined ? bare : `${EVERY_HOST}:${everyPort}`, 0);
  if ('path' in address) return { kind: 'unix', path: address.path, ...given };
  return {
    kind: 'tcp',
    host: address.host === EVERY_HOST ? '' : address.host,
    port: address.port ?? port,
    secure: enableSsl && tls !== 'notls',
    ...(tls === 'btls' || tls === 'mtls' ? { needsClientCertificate: tls === 'mtls' } : {}),
    ...given,
  };
}

function protocolOf(text: string, name: string): ListenerProtocol {
  const protocol = PROTOCOLS.get(name);
  if (protocol !== undefined) return protocol;
  const names = [...PROTOCOLS.keys()].join(', ');
  throw new TopologyError(`${text} asks for the protocol "${name}"; it must be one of ${names}.`);
}

function checkTag(text: string, tag: string): void {
  if (tag.length > 0 && tag.length <= TAG_CHARS_MAX) return;
  throw new TopologyError(`The tag of ${text} must have 1 to ${TAG_CHARS_MAX} characters.`);
}

/** The address of a listener as `stats conns` shows it to a client of this address family. */
export function listenerText(address: ListenAddress, family: 'IPv4' | 'IPv6'): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  const every = family === 'IPv6' ? '::' : '0.0.0.0';
  return tcpText(address.host === '' ? every : address.host, address.port);
}

/** `tcp:127.0.0.1:11211` or `tcp6:[::1]:11211`, as memcached shows an address. */
export function tcpText(host: string, port: number): string {
  return isIPv6(host) ? `tcp6:[${host}]:${port}` : `tcp:${host}:${port}`;
}

/** An address that a client of a dual-stack listener has: IPv4 without its IPv6 form. */
export function withoutMapping(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
