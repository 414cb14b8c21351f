import { isIPv6 } from 'node:net';
import { TopologyError } from './topology-error.ts';

/** Where a node listens: a host (a name or an IP address) and perhaps a port, or a Unix socket. */
export type Address = HostAddress | UnixAddress;

interface HostAddress {
  /** Never in brackets. */
  readonly host: string;
  readonly port?: number;
}

interface UnixAddress {
  /** The absolute path of a Unix socket. */
  readonly path: string;
}

/** memcached's port: the port of an address without one. */
export const PORT_DEFAULT = 11_211;
export const PORT_MAX = 65_535;
/** What users may write, for messages and help texts. */
export const ADDRESS_FORMS = 'host, host:port, [IPv6]:port or /unix/path';

/** A host in brackets, which may contain colons, or a host without colons. */
const HOST_AND_PORT = /^(?:\[([^\s,|[\]/]+)\]|([^\s,|[\]/:]+))(?::(\d+))?$/;

/**
 * Parses `host`, `host:port`, `::1`, `[::1]`, `[::1]:port` or `/unix/path`. It keeps the case of a
 * name, because the ring hashes names as users write them.
 * @throws {TopologyError} if `text` is none of these, or its port is not `portMin` … 65535.
 */
export function parseAddress(text: string, portMin: 0 | 1 = 1): Address {
  if (text.includes('\0')) throw invalid(text);
  if (text.startsWith('/')) return { path: text };
  if (isIPv6(text)) return { host: text };
  const [, bracketed, plain, digits] = HOST_AND_PORT.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) throw invalid(text);
  if (digits === undefined) return { host };
  return { host, port: checkPort(host, Number(digits), portMin) };
}

/**
 * Returns the port of a host.
 * @throws {TopologyError} if it is not a whole number from `portMin` to 65535.
 */
export function checkPort(host: string, port: number, portMin: 0 | 1 = 1): number {
  if (Number.isInteger(port) && port >= portMin && port <= PORT_MAX) return port;
  const range = `${portMin} to ${PORT_MAX}`;
  throw new TopologyError(`The port of node ${host} is ${port}, not ${range}.`);
}

/** The text that `parseAddress` reads as this address. */
export function formatAddress(address: Address): string {
  if ('path' in address) return address.path;
  const { host, port } = address;
  if (port === undefined) return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether a host means every interface: a node can listen there, but no client can connect. */
export function isEveryInterface(host: string): boolean {
  return host === '*' || host === '0.0.0.0' || (isIPv6(host) && /^[0:]+$/.test(host));
}

function invalid(text: string): TopologyError {
  const quoted = JSON.stringify(text);
  return new TopologyError(`${quoted} is not the address of a node: write ${ADDRESS_FORMS}.`);
}
