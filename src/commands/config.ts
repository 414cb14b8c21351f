/** ElastiCache's `config` commands: the list of a cluster's nodes, kept beside the cache (AWS's fork of memcached). */

import type { ReplyWriter } from '../protocol/index.ts';
import { type BinaryReplies, DIALECT, type Request, STATUS, VERB } from '../protocol/index.ts';

export interface ConfigEntry {
  readonly name: string;
  readonly flags: number;
  readonly data: Buffer;
}

/** The node's entries; the server keeps them. */
export interface ConfigEntries {
  get(name: string): ConfigEntry | undefined;
  /** False when there is no room for it. */
  set(entry: ConfigEntry): boolean;
  delete(name: string): boolean;
  list(): readonly ConfigEntry[];
}

/** The entry that names a cluster's nodes, and the key under which old clients ask for it. */
export const CLUSTER_ENTRY = 'cluster';
export const LEGACY_CLUSTER_KEY = Buffer.from('AmazonElastiCache:cluster');

export function answerConfig(entries: ConfigEntries, request: Request, reply: ReplyWriter): void {
  const name = request.keySource.toString('latin1', request.keyStart(0), request.keyEnd(0));
  switch (request.verb) {
    case VERB.configGet:
      answerGet(name === '' ? entries.list() : found(entries, name), request, reply);
      break;
    case VERB.configSet: {
      const { clientFlags: flags, input, bodyStart, bodyEnd } = request;
      const data = Buffer.from(input.subarray(bodyStart, bodyEnd));
      const stored = entries.set({ name, flags, data });
      reply.status(request, stored ? STATUS.stored : STATUS.outOfMemoryStoring);
      break;
    }
    case VERB.configDelete:
      reply.status(request, entries.delete(name) ? STATUS.deleted : STATUS.notFound);
      break;
    default:
      answerList(entries, request, reply as BinaryReplies);
  }
}

function found(entries: ConfigEntries, name: string): readonly ConfigEntry[] {
  const entry = entries.get(name);
  return entry === undefined ? [] : [entry];
}

function answerGet(entries: readonly ConfigEntry[], request: Request, reply: ReplyWriter): void {
  if (request.dialect === DIALECT.binary) {
    const [entry] = entries;
    const binary = reply as BinaryReplies;
    if (entry === undefined) binary.miss(request, 0);
    else binary.entry(request, request.withKey ? entry.name : '', entry.flags, entry.data);
    return;
  }
  const { sink } = reply;
  for (const { name, flags, data } of entries) {
    sink.putText(`CONFIG ${name} ${flags} ${data.length}\r\n`);
    sink.ensure(data.length);
    sink.putRange(data, 0, data.length);
    sink.putText('\r\n');
  }
  sink.putText('END\r\n');
}

/** A packet for each entry, then one without a key. */
function answerList(entries: ConfigEntries, request: Request, reply: BinaryReplies): void {
  for (const { name, flags, data } of entries.list()) reply.entry(request, name, flags, data);
  reply.bare(request);
}

/** One node of a cluster, as clients are told of it. */
export interface ClusterMember {
  readonly host: string;
  /** May be empty: clients then ask the name service. */
  readonly ip: string;
  readonly port: number;
}

/** The data of the cluster entry: a version, and the nodes sorted by host. The newline at its end counts. */
export function clusterBlock(version: number, members: readonly ClusterMember[]): Buffer {
  const nodes = members
    .toSorted((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : a.port - b.port))
    .map(({ host, ip, port }) => `${host}|${ip}|${port}`);
  return Buffer.from(`${version}\n${nodes.join(' ')}\n`, 'latin1');
}
