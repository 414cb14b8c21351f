import { checkPort, formatAddress, PORT_DEFAULT, parseAddress } from './address.ts';
import { TopologyError } from './topology-error.ts';

/** A node as users write it: `host`, `host:port`, `[v6]:port`, `/unix/path`, or an object. */
export type NodeSpec =
  | string
  | { readonly host: string; readonly port?: number; readonly weight?: number }
  | { readonly path: string; readonly weight?: number };

/** A node with its one name. A spec is read once, so that a node never has two names. */
export interface NodeAddress {
  /** `host:port`, `[v6]:port` or the path; events and errors use this name. */
  readonly name: string;
  /** The name that libmemcached hashes: without the port if that is 11211. */
  readonly ringName: string;
  /** The node's share of the keys, relative to the weights of the other nodes. */
  readonly weight: number;
  readonly connect: { readonly host: string; readonly port: number } | { readonly path: string };
}

/**
 * Reads a list of nodes.
 * @throws {TopologyError} if the list is empty, names a node twice, or a spec is invalid.
 */
export function readNodes(specs: readonly NodeSpec[]): readonly NodeAddress[] {
  if (specs.length === 0)
    throw new TopologyError('`nodes` is empty: name at least one, such as "127.0.0.1".');
  const nodes = specs.map(readNode);
  const names = new Set(nodes.map(({ name }) => name));
  if (names.size < nodes.length) throw new TopologyError('`nodes` names a node twice.');
  return nodes;
}

function readNode(spec: NodeSpec): NodeAddress {
  if (typeof spec === 'string') return readNode(parseAddress(spec));
  checkFields(spec);
  const weight = spec.weight ?? 1;
  if (!(weight > 0 && Number.isFinite(weight)))
    throw new TopologyError(`A node's weight is ${weight}, not above 0.`);
  if ('path' in spec) return unixNode(spec.path, weight);
  return tcpNode(spec.host, spec.port ?? PORT_DEFAULT, weight);
}

/** A field that is misspelt, such as `weigth`, must not be ignored. */
function checkFields(spec: object): void {
  const unknown = Object.keys(spec).find((name) => !FIELDS.includes(name));
  if (unknown === undefined) return;
  throw new TopologyError(`A node has no field "${unknown}"; its fields are ${FIELDS.join(', ')}.`);
}

const FIELDS = ['host', 'port', 'path', 'weight'];

function tcpNode(host: string, port: number, weight: number): NodeAddress {
  if (typeof host !== 'string' || host === '')
    throw new TopologyError('A node has no host: name it as in { host: "10.0.0.1" }.');
  checkPort(host, port);
  // libmemcached hashes an IPv6 host as the user wrote it, without brackets.
  const ringName = port === PORT_DEFAULT ? host : `${host}:${port}`;
  return { name: formatAddress({ host, port }), ringName, weight, connect: { host, port } };
}

function unixNode(path: string, weight: number): NodeAddress {
  if (typeof path !== 'string' || path === '') throw new TopologyError('A node has no path.');
  return { name: path, ringName: path, weight, connect: { path } };
}
