/** The commands that tune a node: slabs, lru, lru_crawler, cache_memlimit, shutdown; replies are memcached's. */
import { type ReplyWriter, type Request, STATUS } from '../protocol/index.ts';
import { MOVED, type Store, type Tunables } from '../store/index.ts';
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
/** memcached's bound on class ids. */
const SLAB_IDS_MAX = 64;
const NO_SPARE = 'NOSPARE source class has no spare pages';
const NO_STRIPE = -1;

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
      return tuneSlabs(store, rest);
    case 'lru':
      return tuneLru(store, rest);
    case 'lru_crawler':
      return tuneCrawler(store, rest);
    case 'cache_memlimit':
      return limitMemory(store, rest);
    default:
      return shutDown(node, rest);
  }
}

function tuneSlabs(store: Store, [action, ...rest]: readonly string[]): string {
  const { tunables } = store;
  if (action === 'reassign' && rest.length === 2) return reassign(store, rest);
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

const ANY_CLASS = -1;
const POOL = 0;

/** Moves a page here and now: a matter of milliseconds, after which the reply is true. */
function reassign(store: Store, [from, to]: readonly string[]): string {
  if (store.tunables.get('reassign') === 0) return 'CLIENT_ERROR slab reassignment disabled';
  const [given, target] = [readI32(from), readI32(to)];
  if (given === undefined || target === undefined) return BAD_FORMAT;
  if (given === target) return 'SAME src and dst class are identical';
  const classes = store.chunkBytes.length;
  const source = given === ANY_CLASS ? store.classOfMostPages(target) || ANY_CLASS : given;
  if (source < POOL || source >= classes || target < POOL || target >= classes) {
    return 'BADCLASS invalid src or dst class id';
  }
  // Whoever needs a page of the pool takes one by itself.
  if (source === POOL) return NO_SPARE;
  switch (store.mover.move(source, target, NO_STRIPE)) {
    case MOVED.done:
      return OK;
    case MOVED.busy:
      return 'BUSY currently processing reassign request';
    default:
      return NO_SPARE;
  }
}

function tuneLru({ tunables }: Store, [action, ...rest]: readonly string[]): string {
  const isKept = tunables.get('maintainer') === 1 && rest.length >= 1;
  if (action === 'tune' && rest.length >= 4) return tuneSegments(tunables, rest);
  if (action === 'mode' && isKept) return setMode(tunables, rest[0]);
  return action === 'temp_ttl' && isKept ? setTempTtl(tunables, rest[0]) : ERROR;
}

function setMode(tunables: Tunables, mode: string | undefined): string {
  if (mode !== 'flat' && mode !== 'segmented') return ERROR;
  tunables.set('segmented', mode === 'flat' ? 0 : 1);
  return OK;
}

function setTempTtl(tunables: Tunables, text: string | undefined): string {
  const seconds = readI32(text);
  if (seconds === undefined) return ERROR;
  tunables.set('tempLru', seconds < 0 ? 0 : 1);
  if (seconds >= 0) tunables.set('tempTtlSeconds', seconds);
  return OK;
}

function tuneSegments(tunables: Tunables, rest: readonly string[]): string {
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

function tuneCrawler(store: Store, [action, ...rest]: readonly string[]): string {
  const { tunables } = store;
  if (rest.length === 0) return switchCrawler(tunables, action);
  if (rest.length !== 1) return ERROR;
  if (action === 'crawl') return crawl(store, rest[0]!);
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

function switchCrawler(tunables: Tunables, action: string | undefined): string {
  if (action === 'disable') {
    tunables.set('crawlerEnabled', 0);
    return OK;
  }
  if (action !== 'enable') return ERROR;
  if (tunables.get('crawlerEnabled') === 1) return 'ERROR failed to start lru crawler thread';
  tunables.set('crawlerEnabled', 1);
  return OK;
}

/** `all`, `hash` (what memcached calls a walk of its table: all), or class ids. */
function crawl(store: Store, which: string): string {
  if (store.tunables.get('crawlerEnabled') === 0) return 'CLIENT_ERROR lru crawler disabled';
  const all = Array.from({ length: store.chunkBytes.length - 1 }, (_, at) => at + 1);
  const isAll = which === 'all' || which === 'hash';
  const asked = isAll ? all : which.split(',').map((text) => readU32(text) ?? 0);
  if (asked.some((id) => id < 1 || id >= SLAB_IDS_MAX)) return 'BADCLASS invalid class id';
  if (store.expiries.isCrawling()) return 'BUSY currently processing crawler request';
  for (const id of asked) if (id < store.chunkBytes.length) store.expiries.askFor(id);
  return OK;
}

/** Down to 8 MiB, and up to four times what the node was started with: that was laid out then. */
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

function readI32(text: string | undefined): number | undefined {
  const number = /^[+-]?\d{1,10}$/.test(text ?? '') ? Number(text) : Number.NaN;
  return number >= -(2 ** 31) && number < 2 ** 31 ? number : undefined;
}

function readDouble(text: string | undefined): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text ?? '') ? Number(text) : undefined;
}
