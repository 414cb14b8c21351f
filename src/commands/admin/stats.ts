import {
  BinaryReplies,
  DIALECT,
  type ReplyWriter,
  type Request,
  STATUS,
} from '../../protocol/index.ts';
import type { Store } from '../../store/index.ts';
import { writeLatencyBuckets, writeLatencyStats } from '../latency/latency-stats.ts';
import type { ReplyStream } from '../reply-stream.ts';
import { Cachedump } from './cachedump.ts';
import { writeClusterStats } from './cluster-stats.ts';
import { writeHotKeys } from './hot-stats.ts';
import {
  statWriter,
  type WriteStat,
  writeGeneralStats,
  writeItemStats,
  writeSlabStats,
} from './inspect.ts';
import type { NodeControl } from './node-control.ts';
import {
  connectionTable,
  DetailDump,
  sizeTable,
  TableStats,
  writeDetailDump,
} from './stats-streams.ts';

const CLASSES_MAX = 64;
const U32 = /^[\t\n\v\f\r]*\+?\d{1,10}$/;

/** What the operator of this node allows `stats` to do. */
interface StatsRules {
  readonly dumpingAllowed: boolean;
}

/** Executes stats and its sub-commands. Returns a reply that is too long for one turn, if any. */
export function answerStats(
  store: Store,
  node: NodeControl,
  rules: StatsRules,
  request: Request,
  reply: ReplyWriter,
): ReplyStream | undefined {
  const [topic] = request.words;
  switch (topic) {
    case 'reset':
      store.tuning.resetCounters();
      node.prefixes.clear();
      node.hotKeys.clear();
      node.latency.reset();
      reply.status(request, STATUS.reset);
      break;
    case 'conns':
      return new TableStats(connectionTable(node), request, reply);
    case 'sizes':
      if (store.view.countsSizes()) return new TableStats(sizeTable(store.view), request, reply);
      reply.stat(request, 'sizes_status', 'disabled');
      reply.statsEnd(request);
      break;
    case 'detail':
      if (rules.dumpingAllowed) return answerDetail(node, request, reply);
      refuseTopic(topic, request, reply);
      break;
    case 'hot_keys':
    case 'hot_prefixes':
      if (rules.dumpingAllowed) {
        writeHotKeys(node.hotKeys, topic, statWriter(request, reply));
        reply.statsEnd(request);
      } else refuseTopic(topic, request, reply);
      break;
    case 'cachedump':
      // The lines of a cachedump have no form in the binary protocol.
      if (request.dialect !== DIALECT.binary) return beginCachedump(store, rules, request, reply);
      reply.status(request, STATUS.unknownCommand);
      break;
    default:
      if (writeRows(store, node, topic, statWriter(request, reply))) reply.statsEnd(request);
      else reply.status(request, STATUS.unknownCommand);
  }
  return undefined;
}

/** Writes the rows of a topic; returns false if there is no such topic. */
function writeRows(
  store: Store,
  node: NodeControl,
  topic: string | undefined,
  put: WriteStat,
): boolean {
  switch (topic) {
    case undefined:
      writeGeneralStats(store.view, node, put);
      return true;
    case 'settings':
      for (const [name, value] of node.settings()) put(name, value);
      return true;
    case 'items':
      writeItemStats(store.view, put);
      return true;
    case 'slabs':
      writeSlabStats(store.view, put);
      return true;
    case 'latency':
      writeLatencyStats(node.latency, put);
      return true;
    case 'latency_buckets':
      writeLatencyBuckets(node.latency, put);
      return true;
    case 'cluster':
      return writeCluster(node, put);
    case 'sizes_enable':
      store.tuning.enableSizeHistogram();
      put('sizes_status', 'enabled');
      return true;
    case 'sizes_disable':
      store.tuning.disableSizeHistogram();
      put('sizes_status', 'disabled');
      return true;
    default:
      return false;
  }
}

/** A node in no cluster has no such topic. */
function writeCluster(node: NodeControl, put: WriteStat): boolean {
  const view = node.cluster();
  if (view !== undefined) writeClusterStats(view, put);
  return view !== undefined;
}

/** Executes `stats detail on|off|dump`. */
function answerDetail(
  node: NodeControl,
  request: Request,
  reply: ReplyWriter,
): DetailDump | undefined {
  const { prefixes } = node;
  const isBinary = reply instanceof BinaryReplies;
  const [, action = ''] = request.words;
  if (action === 'dump') {
    if (!isBinary) return new DetailDump(prefixes);
    reply.detailDump(request, (sink) => writeDetailDump(prefixes, sink));
  } else if (action === 'on' || action === 'off') {
    prefixes.enabled = action === 'on';
    reply.status(request, STATUS.ok);
  } else if (isBinary) {
    reply.status(request, STATUS.unknownCommand);
  } else {
    reply.sink.putText('CLIENT_ERROR usage: stats detail on|off|dump\r\n');
  }
  return undefined;
}

/** As memcached: prefixes are parts of keys, so `-X` refuses each form of `stats detail`. */
function refuseTopic(topic: string, request: Request, reply: ReplyWriter): void {
  if (reply instanceof BinaryReplies) reply.status(request, STATUS.unknownCommand);
  else reply.sink.putText(`CLIENT_ERROR stats ${topic} not allowed\r\n`);
}

function beginCachedump(
  store: Store,
  rules: StatsRules,
  request: Request,
  reply: ReplyWriter,
): Cachedump | undefined {
  const [, sizeClass, limit] = request.words;
  if (!rules.dumpingAllowed) {
    reply.sink.putText('CLIENT_ERROR stats cachedump not allowed\r\n');
  } else if (sizeClass === undefined || limit === undefined) {
    reply.sink.putText('CLIENT_ERROR bad command line\r\n');
  } else if (!U32.test(sizeClass) || !U32.test(limit)) {
    reply.status(request, STATUS.badFormat);
  } else if (Number(sizeClass) >= CLASSES_MAX) {
    reply.sink.putText('CLIENT_ERROR Illegal slab id\r\n');
  } else {
    return new Cachedump(store, Number(sizeClass), Number(limit));
  }
  return undefined;
}
