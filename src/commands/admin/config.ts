/** ElastiCache's `config` commands, by which clients discover the nodes of a cluster. */

import {
  BinaryReplies,
  CLUSTER_ENTRY,
  type ReplyWriter,
  type Request,
  STATUS,
  type Status,
  VERB,
} from '../../protocol/index.ts';
import { COUNT, type ThreadCounters } from '../../store/index.ts';
import type { ConfigEntries, ConfigEntry, SetConfigResult } from './config-entries.ts';
import type { NodeControl } from './node-control.ts';

const STATUS_OF_SET = {
  stored: STATUS.stored,
  full: STATUS.outOfMemoryStoring,
  older: STATUS.configOlder,
  invalid: STATUS.configInvalid,
} as const satisfies Record<SetConfigResult, Status>;

/** Executes config get, set and delete. */
export function answerConfig(
  node: NodeControl,
  counters: ThreadCounters,
  request: Request,
  reply: ReplyWriter,
): void {
  const entries = node.config;
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
      if (isClosed(node, name)) reply.status(request, STATUS.configClosed);
      else reply.status(request, STATUS_OF_SET[entries.set({ name, flags, data })]);
      break;
    }
    case VERB.configDelete:
      if (isClosed(node, name)) reply.status(request, STATUS.configClosed);
      else reply.status(request, entries.delete(name) ? STATUS.deleted : STATUS.notFound);
      break;
    default:
      // Only the binary protocol has this command.
      if (reply instanceof BinaryReplies) answerList(entries, request, reply);
  }
}

/** Whether clients may not change the entry: the list of the nodes comes from the options. */
function isClosed(node: NodeControl, name: string): boolean {
  return name === CLUSTER_ENTRY && node.facts.clusterEntryClosed;
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
