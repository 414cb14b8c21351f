import { CacheError } from './errors.ts';

const PORT_DEFAULT = 11_211;

/** A node as users name it: `host`, `host:port`, `[v6]:port`, `/unix/path`, or an object. */
export type NodeSpec =
  | string
  | { readonly host: string; readonly port?: number; readonly weight?: number }
  | { readonly path: string; readonly weight?: number };

/** A node as the client knows it; made once, so that one node never has two names. */
export interface NodeAddress {
  /** `host:port`, `[v6]:port` or the path: what events and errors call it. */
  readonly name: string;
  /** What libmemcached hashes: the name, without the port when that is 11211. */
  readonly ringName: string;
  /** Share of keys, beside the other nodes' weights. */
  readonly weight: number;
  readonly connect: { readonly host: string; readonly port: number } | { readonly path: string };
}

/** Reads the list of nodes; at least one, none twice. */
export function readNodes(specs: readonly NodeSpec[]): readonly NodeAddress[] {
  if (specs.length === 0) throw bad('`nodes` is empty: name at least one, such as "127.0.0.1".');
  const nodes = specs.map(readNode);
  const names = new Set(nodes.map(({ name }) => name));
  if (names.size < nodes.length) throw bad('`nodes` names a node twice.');
  return nodes;
}

function readNode(spec: NodeSpec): NodeAddress {
  if (typeof spec === 'string') {
    return spec.startsWith('/') ? unixNode(spec, 1) : tcpNode(...hostAndPort(spec), 1);
  }
  const weight = spec.weight ?? 1;
  if (!(weight > 0 && Number.isFinite(weight)))
    throw bad(`A node's weight is ${weight}, not above 0.`);
  if ('path' in spec) return unixNode(spec.path, weight);
  return tcpNode(spec.host, spec.port ?? PORT_DEFAULT, weight);
}

function hostAndPort(text: string): [host: string, port: number] {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  const plain = /^([^:\s]+)(?::(\d+))?$/.exec(text);
  const bare = /^[0-9a-fA-F:.]*::?[0-9a-fA-F:.]*$/.test(text) && text.split(':').length > 2;
  if (bare) return [text, PORT_DEFAULT];
  const [, host, port] = bracketed ?? plain ?? [];
  if (host === undefined) throw bad(`"${text}" is not a node: write host, host:port or [v6]:port.`);
  return [host, port === undefined ? PORT_DEFAULT : Number(port)];
}

function tcpNode(host: string, port: number, weight: number): NodeAddress {
  if (host === '') throw bad('A node has an empty host.');
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw bad(`The port of node ${host} is ${port}, not 1 to 65535.`);
  }
  const name = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  // libmemcached puts a v6 host into its names as it was given, without brackets.
  const ringName = port === PORT_DEFAULT ? host : `${host}:${port}`;
  return { name, ringName, weight, connect: { host, port } };
}

function unixNode(path: string, weight: number): NodeAddress {
  return { name: path, ringName: path, weight, connect: { path } };
}

function bad(detail: string): CacheError {
  return new CacheError('ERR_ARGUMENT', { detail });
}
