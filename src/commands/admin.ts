/**
 * The commands that tune a node: slabs, lru, lru_crawler, cache_memlimit, shutdown. Replies are
 * memcached's for a server without its LRU maintainer, crawler and page mover, which this store
 * has not got: what they would tune is kept and shown by `stats settings`.
 */
import { type ReplyWriter, type Request, STATUS } from '../protocol/index.ts';
import type { Store, Tunables } from '../store/index.ts';
import type { NodeView } from './node-view.ts';

const OK = 'OK';
const ERROR = 'ERROR';
const BAD_FORMAT = 'CLIENT_ERROR bad command line format';
const U32_MAX = 2 ** 32 - 1;
const SLEEP_US_MAX = 1_000_000;
const HOT_AND_WARM_PERCENT_MAX = 80;
const MEMORY_MIN_MIB = 8;
const MEMORY_MAX_MIB = 1_000_000_000;
const MIB = 2 ** 20;

/** The whole answer, as a line; undefined says that there is none. */
export function answerAdmin(
  store: Store,
  node: NodeView,
  request: Request,
  reply: ReplyWriter,
): void {
  const line = answerOf(store, node, request.words);
  if (line === ERROR) reply.status(request, STATUS.unknownCommand);
  else if (!request.noreply && line !== undefined) reply.sink.putText(`${line}\r\n`);
}

function answerOf(store: Store, node: NodeView, words: readonly string[]): string | undefined {
  const [name, ...rest] = words;
  switch (name) {
    case 'slabs':
      return tuneSlabs(store.tunables, rest);
    case 'lru':
      return tuneLru(store.tunables, rest);
    case 'lru_crawler':
      return tuneCrawler(store.tunables, rest);
    case 'cache_memlimit':
      return limitMemory(store, rest);
    default:
      return shutDown(node, rest);
  }
}

function tuneSlabs(tunables: Tunables, [action, ...rest]: readonly string[]): string {
  if (action === 'reassign' && rest.length === 2) {
    return 'CLIENT_ERROR slab reassignment disabled';
  }
  if (action !== 'automove' || rest.length === 0) return ERROR;
  const [level = '', ratio] = rest;
  if (level === 'ratio') {
    const value = readDouble(ratio);
    if (value === undefined) return ERROR;
    tunables.set('automoveRatio', value);
    return OK;
  }
  const number = readU32(level);
  if (number === undefined) return BAD_FORMAT;
  if (number > 2) return ERROR;
  tunables.set('automove', number);
  return OK;
}

function tuneLru(tunables: Tunables, [action, ...rest]: readonly string[]): string {
  if (action !== 'tune' || rest.length < 4) return ERROR;
  const [hot, warm] = [readU32(rest[0]), readU32(rest[1])];
  const [hotFactor, warmFactor] = [readDouble(rest[2]), readDouble(rest[3])];
  if (hot === undefined || warm === undefined) return ERROR;
  if (hotFactor === undefined || warmFactor === undefined) return ERROR;
  if (hot + warm > HOT_AND_WARM_PERCENT_MAX) return 'ERROR hot and warm pcts must not exceed 80';
  if (hotFactor <= 0 || warmFactor <= 0) {
    return 'ERROR hot/warm age factors must be greater than 0';
  }
  tunables.set('hotPercent', hot);
  tunables.set('warmPercent', warm);
  tunables.set('hotMaxFactor', hotFactor);
  tunables.set('warmMaxFactor', warmFactor);
  return OK;
}

function tuneCrawler(tunables: Tunables, [action, ...rest]: readonly string[]): string {
  if (rest.length === 0) {
    if (action === 'enable') return 'ERROR failed to start lru crawler thread';
    return action === 'disable' ? OK : ERROR;
  }
  if (rest.length !== 1) return ERROR;
  if (action === 'crawl') return 'CLIENT_ERROR lru crawler disabled';
  if (action !== 'sleep' && action !== 'tocrawl') return ERROR;
  const value = readU32(rest[0]);
  if (value === undefined) return BAD_FORMAT;
  if (action === 'tocrawl') {
    tunables.set('crawlerToCrawl', value);
    return OK;
  }
  if (value > SLEEP_US_MAX) return 'CLIENT_ERROR sleep must be one second or less';
  tunables.set('crawlerSleepUs', value);
  return OK;
}

/** Down to 8 MiB, and up again to what the node was started with: its memory was laid out then. */
function limitMemory(store: Store, words: readonly string[]): string {
  const mib = readU32(words[0]);
  if (words.length < 1 || words.length > 2 || mib === undefined) return ERROR;
  if (mib < MEMORY_MIN_MIB) return 'MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m';
  if (mib > MEMORY_MAX_MIB) return 'MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes';
  return store.limitMemory(mib * MIB)
    ? OK
    : 'MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust';
}

function shutDown(node: NodeView, words: readonly string[]): string | undefined {
  if (!node.mayShutDown) return 'ERROR: shutdown not enabled';
  const [mode] = words;
  if (words.length > 1 || (mode !== undefined && mode !== 'graceful')) {
    return 'CLIENT_ERROR invalid shutdown mode';
  }
  node.shutDown(mode === 'graceful');
  return undefined;
}

function readU32(text: string | undefined): number | undefined {
  const number = /^\+?\d{1,10}$/.test(text ?? '') ? Number(text) : Number.NaN;
  return number <= U32_MAX ? number : undefined;
}

function readDouble(text: string | undefined): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text ?? '') ? Number(text) : undefined;
}
