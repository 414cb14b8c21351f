/** The commands that tune a node: slabs, lru, lru_crawler, cache_memlimit and shutdown. */
import { type ReplyWriter, type Request, STATUS } from '../../protocol/index.ts';
import type {
  CrawlResult,
  MovePageResult,
  NodeControl,
  ResizeResult,
  TuneResult,
} from './node-control.ts';

const OK = 'OK';
const ERROR = 'ERROR';
const BAD_FORMAT = 'CLIENT_ERROR bad command line format';
const U32_MAX = 2 ** 32 - 1;
const MEMORY_MAX_MIB = 1_000_000_000;
const MIB = 2 ** 20;
/** The class id in `slabs reassign` that means the class with the most pages. */
const ANY_CLASS_ID = -1;
const NO_CLASS_ID = 0;

/** memcached's reply line for each result of the node's control. */
const TUNE_LINES: Readonly<Record<TuneResult, string>> = {
  done: OK,
  maintainerOff: ERROR,
  crawlerRuns: 'ERROR failed to start lru crawler thread',
  automoveOutOfRange: ERROR,
  windowOutOfRange: 'CLIENT_ERROR automove window too low or too high',
  sleepTooLong: 'CLIENT_ERROR sleep must be one second or less',
  segmentsTooLarge: 'ERROR hot and warm pcts must not exceed 80',
  factorTooLow: 'ERROR hot/warm age factors must be greater than 0',
};
const MOVE_LINES: Readonly<Record<MovePageResult, string>> = {
  done: OK,
  disabled: 'CLIENT_ERROR slab reassignment disabled',
  same: 'SAME src and dst class are identical',
  badClass: 'BADCLASS invalid src or dst class id',
  noSparePage: 'NOSPARE source class has no spare pages',
  busy: 'BUSY currently processing reassign request',
};
const CRAWL_LINES: Readonly<Record<CrawlResult, string>> = {
  done: OK,
  disabled: 'CLIENT_ERROR lru crawler disabled',
  badClass: 'BADCLASS invalid class id',
  busy: 'BUSY currently processing crawler request',
};
const RESIZE_LINES: Readonly<Record<ResizeResult, string>> = {
  done: OK,
  tooSmall: 'MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m',
  outOfBounds: 'MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust',
};

/** Runs one tuning command and writes memcached's reply line for it. */
export function answerAdmin(node: NodeControl, request: Request, reply: ReplyWriter): void {
  const line = replyTo(node, request.words);
  if (line === ERROR) reply.status(request, STATUS.unknownCommand);
  else if (!request.noreply && line !== undefined) reply.sink.putText(`${line}\r\n`);
}

/** Runs the command and returns its reply line; undefined if it has no reply. */
function replyTo(node: NodeControl, [name, ...rest]: readonly string[]): string | undefined {
  switch (name) {
    case 'slabs':
      return answerSlabs(node, rest);
    case 'lru':
      return answerLru(node, rest);
    case 'lru_crawler':
      return answerLruCrawler(node, rest);
    case 'cache_memlimit':
      return limitMemory(node, rest);
    default:
      return shutDown(node, rest);
  }
}

function answerSlabs(node: NodeControl, [action, ...rest]: readonly string[]): string {
  if (action === 'reassign' && rest.length === 2) return reassign(node, rest);
  if (action !== 'automove' || rest.length === 0) return ERROR;
  const [level = '', number] = rest;
  switch (level) {
    case 'ratio':
    case 'freeratio': {
      const ratio = readDouble(number);
      if (ratio === undefined) return ERROR;
      const tuning = level === 'ratio' ? { automoveRatio: ratio } : { automoveFreeRatio: ratio };
      return TUNE_LINES[node.tune(tuning)];
    }
    case 'window': {
      const automoveWindow = readU32(number);
      return automoveWindow === undefined ? BAD_FORMAT : TUNE_LINES[node.tune({ automoveWindow })];
    }
    default: {
      const automove = readU32(level);
      return automove === undefined ? BAD_FORMAT : TUNE_LINES[node.tune({ automove })];
    }
  }
}

function reassign(node: NodeControl, [from, to]: readonly string[]): string {
  // As in memcached, a node without page moves does not look at the numbers.
  if (node.tunable('reassign') === 0) return MOVE_LINES.disabled;
  const [source, destination] = [readI32(from), readI32(to)];
  if (source === undefined || destination === undefined) return BAD_FORMAT;
  if (source === destination) return MOVE_LINES.same;
  return MOVE_LINES[node.movePage(source === ANY_CLASS_ID ? 'largest' : source, destination)];
}

function answerLru(node: NodeControl, [action, ...rest]: readonly string[]): string {
  if (action === 'tune' && rest.length >= 4) return setSegmentLimits(node, rest);
  const [first] = rest;
  if (action === 'mode' && (first === 'flat' || first === 'segmented')) {
    return TUNE_LINES[node.tune({ segmented: first === 'flat' ? 0 : 1 })];
  }
  const seconds = action === 'temp_ttl' ? readI32(first) : undefined;
  if (seconds === undefined) return ERROR;
  return TUNE_LINES[node.tune(seconds < 0 ? { tempLru: 0 } : { tempLru: 1, tempTtl: seconds })];
}

function setSegmentLimits(node: NodeControl, rest: readonly string[]): string {
  const [hotPercent, warmPercent] = [readU32(rest[0]), readU32(rest[1])];
  const [hotMaxFactor, warmMaxFactor] = [readDouble(rest[2]), readDouble(rest[3])];
  if (hotPercent === undefined || warmPercent === undefined) return ERROR;
  if (hotMaxFactor === undefined || warmMaxFactor === undefined) return ERROR;
  return TUNE_LINES[node.tune({ hotPercent, warmPercent, hotMaxFactor, warmMaxFactor })];
}

function answerLruCrawler(node: NodeControl, [action, ...rest]: readonly string[]): string {
  if (rest.length === 0) {
    if (action !== 'enable' && action !== 'disable') return ERROR;
    return TUNE_LINES[node.tune({ crawlerEnabled: action === 'enable' ? 1 : 0 })];
  }
  if (rest.length !== 1) return ERROR;
  const [which = ''] = rest;
  if (action === 'crawl') return CRAWL_LINES[node.crawl(sizeClassesOf(which))];
  if (action !== 'sleep' && action !== 'tocrawl') return ERROR;
  const number = readU32(which);
  if (number === undefined) return BAD_FORMAT;
  const change = action === 'sleep' ? { crawlerSleepUs: number } : { crawlerToCrawl: number };
  return TUNE_LINES[node.tune(change)];
}

/** All size classes (`all`, or memcached's `hash`), or the listed ones. */
function sizeClassesOf(which: string): readonly number[] | 'all' {
  if (which === 'all' || which === 'hash') return 'all';
  return which.split(',').map((text) => readU32(text) ?? NO_CLASS_ID);
}

function limitMemory(node: NodeControl, words: readonly string[]): string {
  const mib = readU32(words[0]);
  if (words.length < 1 || words.length > 2 || mib === undefined) return ERROR;
  if (mib > MEMORY_MAX_MIB) return 'MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes';
  return RESIZE_LINES[node.resizeMemory(mib * MIB)];
}

function shutDown(node: NodeControl, words: readonly string[]): string | undefined {
  if (!node.facts.shutdownAllowed) return 'ERROR: shutdown not enabled';
  const [mode] = words;
  if (words.length > 1 || (mode !== undefined && mode !== 'graceful')) {
    return 'CLIENT_ERROR invalid shutdown mode';
  }
  void node.stop(mode === 'graceful');
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
