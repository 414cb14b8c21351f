import { isIP } from 'node:net';
import {
  NODES_MAX,
  PORT_DEFAULT,
  PORT_MAX,
  parseAddress,
  TopologyError,
} from '../topology/index.ts';
import { MalformedReply } from './client/reply.ts';

/** The config entry that holds the cluster config. */
export const CLUSTER_ENTRY = 'cluster';
/** The config entry that holds the whole topology of a cluster of slabring, with its weights. */
export const TOPOLOGY_ENTRY = 'topology';
/** The flags of the topology entry: another version has others, and they are never 0. */
export const topologyFlags = (version: number): number => (version % (2 ** 32 - 1)) + 1;
/** The key by which clients of engines older than 1.4.14 get the cluster config. */
export const LEGACY_CLUSTER_KEY = 'AmazonElastiCache:cluster';

/** ElastiCache's list of the nodes of a cluster. */
export interface ClusterConfig {
  /** Grows with every change of the list. */
  readonly version: number;
  readonly nodes: readonly ClusterConfigNode[];
}

interface ClusterConfigNode {
  /** A name or an IP address; an IPv6 address without brackets. */
  readonly host: string;
  /** If this is empty, clients resolve the host. */
  readonly ip: string;
  readonly port: number;
}

/** The parts of `host|ip|port`; the ip may be empty, the pipes stay. */
const HOST_TEXT = /^[^\s|]{1,255}$/;
const IP_TEXT = /^[\da-fA-F.:]{0,45}$/;
const PORT_TEXT = /^\d{1,5}$/;
const VERSION_TEXT = /^\d{1,15}$/;
const VERSION_LINE_BYTES_MAX = 64;
/** A malformed part is shown up to this length. */
const QUOTE_CHARS_MAX = 60;

/**
 * Encodes a cluster config (AWS, "Adding Auto Discovery to your client library"): the version, a
 * newline, `host|ip|port` of each node, separated by blanks, and a newline. The nodes are sorted by
 * host and port, so that all nodes of a cluster send the same bytes.
 */
export function encodeClusterConfig({ version, nodes }: ClusterConfig): Buffer {
  const texts = nodes
    .toSorted((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : a.port - b.port))
    .map(({ host, ip, port }) => `${host}|${ip}|${port}`);
  return Buffer.from(`${version}\n${texts.join(' ')}\n`, 'latin1');
}

/**
 * Decodes a cluster config.
 * @throws {MalformedReply} if it is malformed, names no node, one node twice, or more than 1000.
 */
export function decodeClusterConfig(data: Buffer): ClusterConfig {
  const [first = '', second = '', ...rest] = data.toString('latin1').trimEnd().split(/\r?\n/);
  const version = first.trim();
  if (!VERSION_TEXT.test(version)) throw malformed(`its version ${quote(first)} is not a number`);
  if (rest.length > 0) throw malformed('it has more than two lines');
  const texts = second.trim().split(/ +/);
  if (texts.length > NODES_MAX) throw malformed(`it has more than ${NODES_MAX} nodes`);
  const nodes = texts.map(requireNode);
  const names = new Set(nodes.map(({ host, port }) => `${host}|${port}`));
  if (names.size < nodes.length) throw malformed('it names a node twice');
  return { version: Number(version), nodes };
}

/**
 * Parses a node as users write it: `host|ip|port`, or an address that is no Unix socket.
 * @throws {TopologyError} if it is none of them.
 */
export function parseClusterNode(text: string): ClusterConfigNode {
  const node = decodeNode(text);
  if (node !== undefined) return { ...node, ip: node.ip === '' ? ipOf(node.host) : node.ip };
  const address = parseAddress(text);
  if ('path' in address) {
    throw new TopologyError(`${text} is a Unix socket, which other machines cannot reach.`);
  }
  const { host, port = PORT_DEFAULT } = address;
  return { host, ip: ipOf(host), port };
}

/** Returns the host if it is an IP address without a zone, or an empty text. */
function ipOf(host: string): string {
  return isIP(host) !== 0 && IP_TEXT.test(host) ? host : '';
}

/** Returns undefined if the text is not `host|ip|port`. */
function decodeNode(text: string): ClusterConfigNode | undefined {
  const [host = '', ip = '', digits = '', ...rest] = text.split('|');
  const port = Number(digits);
  const isNode = HOST_TEXT.test(host) && IP_TEXT.test(ip) && PORT_TEXT.test(digits);
  if (!isNode || rest.length > 0 || port < 1 || port > PORT_MAX) return undefined;
  return { host, ip, port };
}

function requireNode(text: string): ClusterConfigNode {
  const node = decodeNode(text);
  if (node === undefined) throw malformed(`${quote(text)} is not host|ip|port`);
  return node;
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, QUOTE_CHARS_MAX));
}

/** The version of a cluster config, also if the rest of it is malformed; undefined without one. */
export function clusterVersionOf(data: Buffer): number | undefined {
  const [first = ''] = data.toString('latin1', 0, VERSION_LINE_BYTES_MAX).split('\n');
  const version = first.trim();
  return VERSION_TEXT.test(version) ? Number(version) : undefined;
}

function malformed(reason: string): MalformedReply {
  return new MalformedReply(`the cluster config is malformed: ${reason}`);
}
