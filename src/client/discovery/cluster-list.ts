import { CacheError } from '../errors.ts';
import { type NodeAddress, readNodes } from '../topology.ts';
import { type KnownNode, NODES_MAX, type Topology } from './discovery.ts';

/** `host|ip|port`; the ip may be empty, the pipes stay. */
const MEMBER = /^([^\s|]{1,255})\|([\da-fA-F.:]{0,45})\|(\d{1,5})$/;

/** What a node's connections go to: its name, looked up each time, or the address of the list. */
export type ConnectBy = 'host' | 'ip';

/**
 * Reads the data of ElastiCache's cluster entry (AWS, "Adding Auto Discovery to your client library"):
 * a version, a newline, then `host|ip|port` for each node with one blank between, and a newline.
 * @throws {CacheError} ERR_DISCOVERY when it is anything else, names a node twice or names none.
 */
export function readClusterList(data: Buffer, connectBy: ConnectBy): Topology {
  const [first = '', second = '', ...rest] = data.toString('latin1').trimEnd().split(/\r?\n/);
  const version = /^\d{1,15}$/.test(first.trim()) ? Number(first) : undefined;
  if (version === undefined) throw bad(`its version is ${quote(first)}, no number`);
  if (rest.length > 0) throw bad('it has more than two lines');
  const members = second.trim().split(/ +/);
  if (members.length > NODES_MAX) throw bad(`it has more than ${NODES_MAX} nodes`);
  return { version, nodes: distinct(members.map((member) => readMember(member, connectBy))) };
}

function readMember(text: string, connectBy: ConnectBy): KnownNode {
  const [, host, ip, port] = MEMBER.exec(text) ?? [];
  if (host === undefined) throw bad(`${quote(text)} is no host|ip|port`);
  const node = address(host, Number(port));
  if (ip === undefined || ip === '') return node;
  const connect = connectBy === 'ip' ? { host: ip, port: Number(port) } : node.connect;
  return { ...node, ip, connect };
}

function address(host: string, port: number): NodeAddress {
  try {
    return readNodes([{ host, port }])[0]!;
  } catch (cause) {
    throw bad(cause instanceof Error ? cause.message : String(cause));
  }
}

function distinct(nodes: readonly KnownNode[]): readonly KnownNode[] {
  const names = new Set(nodes.map(({ name }) => name));
  if (names.size < nodes.length) throw bad('it names a node twice');
  return nodes;
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}

function bad(what: string): CacheError {
  return new CacheError('ERR_DISCOVERY', { detail: `The list makes no sense: ${what}.` });
}
