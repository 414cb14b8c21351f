import {
  type KnownNode,
  NODES_MAX,
  type NodeAddress,
  type Topology,
} from '../../topology/index.ts';
import { CacheError } from '../errors.ts';
import { nodesOf } from '../nodes.ts';

/** `host|ip|port`; the ip may be empty, the pipes stay. */
const NODE_TEXT = /^([^\s|]{1,255})\|([\da-fA-F.:]{0,45})\|(\d{1,5})$/;

/** Connect to a node's host name, resolved at each connect, or to the IP of the cluster config. */
type ConnectBy = 'host' | 'ip';

/**
 * Decodes ElastiCache's cluster config (AWS, "Adding Auto Discovery to your client library"): a
 * version, a newline, then `host|ip|port` of each node, separated by blanks, and a newline.
 * @throws {CacheError} ERR_DISCOVERY when it is malformed, names a node twice or names none.
 */
export function decodeClusterConfig(data: Buffer, connectBy: ConnectBy): Topology {
  const [first = '', second = '', ...rest] = data.toString('latin1').trimEnd().split(/\r?\n/);
  const version = /^\d{1,15}$/.test(first.trim()) ? Number(first) : undefined;
  if (version === undefined) throw malformed(`its version ${quote(first)} is not a number`);
  if (rest.length > 0) throw malformed('it has more than two lines');
  const texts = second.trim().split(/ +/);
  if (texts.length > NODES_MAX) throw malformed(`it has more than ${NODES_MAX} nodes`);
  return { version, nodes: requireDistinct(texts.map((text) => decodeNode(text, connectBy))) };
}

function decodeNode(text: string, connectBy: ConnectBy): KnownNode {
  const [, host, ip, port] = NODE_TEXT.exec(text) ?? [];
  if (host === undefined) throw malformed(`${quote(text)} is not host|ip|port`);
  const node = nodeAddress(host, Number(port));
  if (ip === undefined || ip === '') return node;
  const connect = connectBy === 'ip' ? { host: ip, port: Number(port) } : node.connect;
  return { ...node, ip, connect };
}

function nodeAddress(host: string, port: number): NodeAddress {
  try {
    return nodesOf([{ host, port }])[0]!;
  } catch (cause) {
    throw malformed(cause instanceof Error ? cause.message : String(cause));
  }
}

function requireDistinct(nodes: readonly KnownNode[]): readonly KnownNode[] {
  const names = new Set(nodes.map(({ name }) => name));
  if (names.size < nodes.length) throw malformed('it names a node twice');
  return nodes;
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}

function malformed(reason: string): CacheError {
  return new CacheError('ERR_DISCOVERY', { detail: `The cluster config is malformed: ${reason}.` });
}
