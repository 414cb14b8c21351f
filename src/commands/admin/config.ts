/** ElastiCache's `config` commands, by which clients discover the nodes of a cluster. */
import type { ByteSink } from '../../base/index.ts';
import {
  BinaryReplies,
  CLUSTER_ENTRY,
  type ReplyWriter,
  type Request,
  STATUS,
  type Status,
  TOPOLOGY_ENTRY,
  VERB,
} from '../../protocol/index.ts';
import { COUNT, type ThreadCounters } from '../../store/index.ts';
import type { ReplyStream } from '../reply-stream.ts';
import type { ConfigEntries, ConfigEntry, SetConfigResult } from './config-entries.ts';
import { isWord } from './key-text.ts';
import type { NodeControl } from './node-control.ts';

const NO_DATA = Buffer.alloc(0);
const STATUS_OF_SET = {
  stored: STATUS.stored,
  full: STATUS.outOfMemoryStoring,
  older: STATUS.configOlder,
  invalid: STATUS.configInvalid,
} as const satisfies Record<SetConfigResult, Status>;

/**
 * Executes config get, set and delete. Returns a reply that is too long for one turn, if any; it
 * refers to the request.
 */
export function answerConfig(
  node: NodeControl,
  counters: ThreadCounters,
  request: Request,
  reply: ReplyWriter,
): ReplyStream | undefined {
  const entries = node.config;
  const { keySource } = request;
  const [start, end] = [request.keyStart(0), request.keyEnd(0)];
  const name = keySource.toString('latin1', start, end);
  switch (request.verb) {
    case VERB.configGet:
      counters.add(COUNT.config_get_cmds);
      if (name === '') return new ConfigList(entries, request, reply);
      answerGet(entries.get(name), request, reply);
      break;
    case VERB.configSet:
      counters.add(COUNT.config_set_cmds);
      if (isWord(keySource, start, end)) reply.status(request, setEntry(node, name, request));
      else reply.status(request, STATUS.badFormat);
      break;
    case VERB.configDelete:
      if (isClosed(node, name)) reply.status(request, STATUS.configClosed);
      else reply.status(request, entries.delete(name) ? STATUS.deleted : STATUS.notFound);
      break;
    default:
      // Only the binary protocol has this command.
      return new ConfigList(entries, request, reply);
  }
  return undefined;
}

function setEntry(node: NodeControl, name: string, request: Request): Status {
  if (isClosed(node, name)) return STATUS.configClosed;
  const { clientFlags: flags, input, bodyStart, bodyEnd } = request;
  const data = Buffer.from(input.subarray(bodyStart, bodyEnd));
  return STATUS_OF_SET[node.config.set({ name, flags, data })];
}

/** Whether clients may not change the entry: the node itself says which nodes the cluster has. */
function isClosed(node: NodeControl, name: string): boolean {
  const isOfCluster = name === CLUSTER_ENTRY || name === TOPOLOGY_ENTRY;
  return isOfCluster && node.facts.clusterEntryClosed;
}

function answerGet(entry: ConfigEntry | undefined, request: Request, reply: ReplyWriter): void {
  if (reply instanceof BinaryReplies) {
    if (entry === undefined) reply.miss(request, 0);
    else reply.configEntry(request, request.withKey ? entry.name : '', entry.flags, entry.data);
    return;
  }
  if (entry !== undefined) {
    // A client that has the entry gets its head alone.
    const isKnown = entry.flags !== 0 && entry.flags === request.clientFlags;
    putEntry(isKnown ? { ...entry, data: NO_DATA } : entry, reply.sink);
  }
  reply.sink.putText('END\r\n');
}

function putEntry({ name, flags, data }: ConfigEntry, sink: ByteSink): void {
  sink.putText(`CONFIG ${name} ${flags} ${data.length}\r\n`);
  sink.ensure(data.length);
  sink.putRange(data, 0, data.length);
  sink.putText('\r\n');
}

/**
 * Lists all entries, one in each piece: in text as `config get` does, in binary a packet for each
 * entry, then a packet without a key.
 */
class ConfigList implements ReplyStream {
  readonly canBeTruncated = true;
  readonly #entries: ConfigEntries;
  readonly #request: Request;
  readonly #reply: ReplyWriter;
  readonly #names: string[];

  constructor(entries: ConfigEntries, request: Request, reply: ReplyWriter) {
    this.#entries = entries;
    this.#request = request;
    this.#reply = reply;
    this.#names = [...entries.names()].toReversed();
  }

  write(sink: ByteSink): boolean {
    const name = this.#names.pop();
    const entry = name === undefined ? undefined : this.#entries.get(name);
    if (entry !== undefined) this.#put(entry, sink);
    if (this.#names.length > 0) return false;
    if (this.#reply instanceof BinaryReplies) this.#reply.success(this.#request);
    else sink.putText('END\r\n');
    return true;
  }

  /** The reply holds no resources between two pieces. */
  abandon(): void {}

  #put(entry: ConfigEntry, sink: ByteSink): void {
    const { name, flags, data } = entry;
    if (this.#reply instanceof BinaryReplies) {
      this.#reply.configEntry(this.#request, name, flags, data);
    } else putEntry(entry, sink);
  }
}
