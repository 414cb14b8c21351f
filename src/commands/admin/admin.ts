/** The commands that tune a node: slabs, lru, lru_crawler, cache_memlimit and shutdown. */
import { type ReplyWriter, type Request, STATUS } from '../../protocol/index.ts';
import { MOVE_RESULT, type StoreTuning } from '../../store/index.ts';
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
/** memcached accepts class ids below this bound. */
const CLASS_IDS_END = 64;
const NO_SPARE_PAGES = 'NOSPARE source class has no spare pages';

/** Runs one tuning command and writes memcached's reply line for it. */
export function answerAdmin(
  tuning: StoreTuning,
  node: NodeView,
  request: Request,
  reply: ReplyWriter,
): void {
  const line = replyTo(tuning, node, request.words);
  if (line === ERROR) reply.status(request, STATUS.unknownCommand);
  else if (!request.noreply && line !== undefined) reply.sink.putText(`${line}\r\n`);
}

/** Runs the command and returns its reply line; undefined if it has no reply. */
function replyTo(
  tuning: StoreTuning,
  node: NodeView,
  words: readonly string[],
): string | undefined {
  const [name, ...rest] = words;
  switch (name) {
    case 'slabs':
      return answerSlabs(tuning, rest);
    case 'lru':
      return answerLru(tuning, rest);
    case 'lru_crawler':
      return answerLruCrawler(tuning, rest);
    case 'cache_memlimit':
      return limitMemory(tuning, rest);
    default:
      return shutDown(node, rest);
  }
}

function answerSlabs(tuning: StoreTuning, [action, ...rest]: readonly string[]): string {
  if (action === 'reassign' && rest.length === 2) return reassign(tuning, rest);
  if (action !== 'automove' || rest.length === 0) return ERROR;
  const [level = '', ratio] = rest;
  if (level === 'ratio') {
    const value = readDouble(ratio);
    if (value === undefined) return ERROR;
    tuning.set('automoveRatio', value);
    return OK;
  }
  const number = readU32(level);
  if (number === undefined) return BAD_FORMAT;
  if (number > 2) return ERROR;
  tuning.set('automove', number);
  return OK;
}

const ANY_CLASS_ID = -1;
const POOL_ID = 0;

/** Moves a page before it replies, so `OK` means that the page has moved; takes milliseconds. */
function reassign(tuning: StoreTuning, [from, to]: readonly string[]): string {
  if (tuning.get('reassign') === 0) return 'CLIENT_ERROR slab reassignment disabled';
  const [sourceId, destination] = [readI32(from), readI32(to)];
  if (sourceId === undefined || destination === undefined) return BAD_FORMAT;
  if (sourceId === destination) return 'SAME src and dst class are identical';
  const classCount = tuning.classIdsEnd;
  const source =
    sourceId === ANY_CLASS_ID ? tuning.classWithMostPages(destination) || ANY_CLASS_ID : sourceId;
  if (
    source < POOL_ID ||
    source >= classCount ||
    destination < POOL_ID ||
    destination >= classCount
  ) {
    return 'BADCLASS invalid src or dst class id';
  }
  // A size class takes a page from the pool when it needs one, so there is nothing to move.
  if (source === POOL_ID) return NO_SPARE_PAGES;
  switch (tuning.movePage(source, destination)) {
    case MOVE_RESULT.done:
      return OK;
    case MOVE_RESULT.busy:
      return 'BUSY currently processing reassign request';
    default:
      return NO_SPARE_PAGES;
  }
}

function answerLru(tuning: StoreTuning, [action, ...rest]: readonly string[]): string {
  const isAllowed = tuning.get('maintainer') === 1 && rest.length >= 1;
  if (action === 'tune' && rest.length >= 4) return setSegmentLimits(tuning, rest);
  if (action === 'mode' && isAllowed) return setLruMode(tuning, rest[0]);
  return action === 'temp_ttl' && isAllowed ? setTempTtl(tuning, rest[0]) : ERROR;
}

function setLruMode(tuning: StoreTuning, mode: string | undefined): string {
  if (mode !== 'flat' && mode !== 'segmented') return ERROR;
  tuning.set('segmented', mode === 'flat' ? 0 : 1);
  return OK;
}

function setTempTtl(tuning: StoreTuning, text: string | undefined): string {
  const seconds = readI32(text);
  if (seconds === undefined) return ERROR;
  tuning.set('tempLru', seconds < 0 ? 0 : 1);
  if (seconds >= 0) tuning.set('tempTtl', seconds);
  return OK;
}

function setSegmentLimits(tuning: StoreTuning, rest: readonly string[]): string {
  const [hot, warm] = [readU32(rest[0]), readU32(rest[1])];
  const [hotFactor, warmFactor] = [readDouble(rest[2]), readDouble(rest[3])];
  if (hot === undefined || warm === undefined) return ERROR;
  if (hotFactor === undefined || warmFactor === undefined) return ERROR;
  if (hot + warm > HOT_AND_WARM_PERCENT_MAX) return 'ERROR hot and warm pcts must not exceed 80';
  if (hotFactor <= 0 || warmFactor <= 0) {
    return 'ERROR hot/warm age factors must be greater than 0';
  }
  tuning.set('hotPercent', hot);
  tuning.set('warmPercent', warm);
  tuning.set('hotMaxFactor', hotFactor);
  tuning.set('warmMaxFactor', warmFactor);
  return OK;
}

function answerLruCrawler(tuning: StoreTuning, [action, ...rest]: readonly string[]): string {
  if (rest.length === 0) return enableCrawler(tuning, action);
  if (rest.length !== 1) return ERROR;
  if (action === 'crawl') return crawl(tuning, rest[0]!);
  if (action !== 'sleep' && action !== 'tocrawl') return ERROR;
  const value = readU32(rest[0]);
  if (value === undefined) return BAD_FORMAT;
  if (action === 'tocrawl') {
    tuning.set('crawlerToCrawl', value);
    return OK;
  }
  if (value > SLEEP_US_MAX) return 'CLIENT_ERROR sleep must be one second or less';
  tuning.set('crawlerSleepUs', value);
  return OK;
}

function enableCrawler(tuning: StoreTuning, action: string | undefined): string {
  if (action === 'disable') {
    tuning.set('crawlerEnabled', 0);
    return OK;
  }
  if (action !== 'enable') return ERROR;
  if (tuning.get('crawlerEnabled') === 1) return 'ERROR failed to start lru crawler thread';
  tuning.set('crawlerEnabled', 1);
  return OK;
}

/** Crawls all classes (`all`, or memcached's `hash`) or the listed class ids. */
function crawl(tuning: StoreTuning, which: string): string {
  if (tuning.get('crawlerEnabled') === 0) return 'CLIENT_ERROR lru crawler disabled';
  const all = Array.from({ length: tuning.classIdsEnd - 1 }, (_, at) => at + 1);
  const isAll = which === 'all' || which === 'hash';
  const requested = isAll ? all : which.split(',').map((text) => readU32(text) ?? 0);
  if (requested.some((id) => id < 1 || id >= CLASS_IDS_END)) return 'BADCLASS invalid class id';
  return tuning.requestCrawl(requested) ? OK : 'BUSY currently processing crawler request';
}

/**
 * Sets the memory limit: at least 8 MiB, and at most four times the limit at start-up, because the
 * node reserved an arena of that size.
 */
function limitMemory(tuning: StoreTuning, words: readonly string[]): string {
  const mib = readU32(words[0]);
  if (words.length < 1 || words.length > 2 || mib === undefined) return ERROR;
  if (mib < MEMORY_MIN_MIB) return 'MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m';
  if (mib > MEMORY_MAX_MIB) return 'MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes';
  return tuning.setMemoryLimit(mib * MIB)
    ? OK
    : 'MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust';
}

function shutDown(node: NodeView, words: readonly string[]): string | undefined {
  if (!node.shutdownAllowed) return 'ERROR: shutdown not enabled';
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

function readI32(text: string | undefined): number | undefined {
  const number = /^[+-]?\d{1,10}$/.test(text ?? '') ? Number(text) : Number.NaN;
  return number >= -(2 ** 31) && number < 2 ** 31 ? number : undefined;
}

function readDouble(text: string | undefined): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text ?? '') ? Number(text) : undefined;
}
