/** ElastiCache's `config` commands, by which clients discover the nodes of a cluster. */

import {
  BinaryReplies,
  type ReplyWriter,
  type Request,
  STATUS,
  VERB,
} from '../../protocol/index.ts';
import { COUNT, type ThreadCounters } from '../../store/index.ts';

export interface ConfigEntry {
  readonly name: string;
  readonly flags: number;
  readonly data: Buffer;
}

/** The config entries of a node; the server stores them. */
export interface ConfigEntries {
  get(name: string): ConfigEntry | undefined;
  /** Returns false if there is no room for the entry. */
  set(entry: ConfigEntry): boolean;
  delete(name: string): boolean;
  list(): readonly ConfigEntry[];
  /** The number of entries. */
  count(): number;
}

export function answerConfig(
  entries: ConfigEntries,
  counters: ThreadCounters,
  request: Request,
  reply: ReplyWriter,
): void {
  const name = request.keySource.toString('latin1', request.keyStart(0), request.keyEnd(0));
  switch (request.verb) {
    case VERB.configGet:
      counters.add(COUNT.config_get_cmds);
      answerGet(name === '' ? entries.list() : entriesNamed(entries, name), request, reply);
      break;
    case VERB.configSet: {
      counters.add(COUNT.config_set_cmds);
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
      // Only the binary protocol has this command.
      if (reply instanceof BinaryReplies) answerList(entries, request, reply);
  }
}

function entriesNamed(entries: ConfigEntries, name: string): readonly ConfigEntry[] {
  const entry = entries.get(name);
  return entry === undefined ? [] : [entry];
}

function answerGet(entries: readonly ConfigEntry[], request: Request, reply: ReplyWriter): void {
  if (reply instanceof BinaryReplies) {
    const [entry] = entries;
    if (entry === undefined) reply.miss(request, 0);
    else reply.configEntry(request, request.withKey ? entry.name : '', entry.flags, entry.data);
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

/** Sends a packet for each entry, then a packet without a key. */
function answerList(entries: ConfigEntries, request: Request, reply: BinaryReplies): void {
  for (const { name, flags, data } of entries.list()) reply.configEntry(request, name, flags, data);
  reply.success(request);
}
