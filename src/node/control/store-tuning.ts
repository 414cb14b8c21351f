/** What NodeControl does to the store, with the rules that hold for all its callers. */
import type {
  CrawlResult,
  MovePageResult,
  ResizeResult,
  TuneResult,
  Tuning,
} from '../../commands/index.ts';
import { MOVE_RESULT, type StoreTuning } from '../../store/index.ts';

const AUTOMOVE_MAX = 2;
const AUTOMOVE_WINDOW_MIN = 3;
const AUTOMOVE_WINDOW_MAX = 1800;
const CRAWLER_SLEEP_US_MAX = 1_000_000;
const HOT_AND_WARM_PERCENT_MAX = 80;
const MEMORY_BYTES_MIN = 8 << 20;
/** memcached accepts class ids below this bound, even if the node has no such class. */
const CLASS_IDS_END = 64;
const POOL_ID = 0;

/** Changes all of these tunables, or none if the result is not `done`. */
export function tuneStore(tuning: StoreTuning, changes: Tuning): TuneResult {
  const refusal = refusalOf(changes, tuning.get('crawlerEnabled') === 1);
  if (refusal !== undefined) return refusal;
  const needsMaintainer = changes.segmented !== undefined || changes.tempLru !== undefined;
  if (needsMaintainer && tuning.get('maintainer') === 0) return 'maintainerOff';
  for (const [name, value] of Object.entries(changes)) {
    tuning.set(name as keyof Tuning, value);
  }
  return 'done';
}

function refusalOf(changes: Tuning, crawlerRuns: boolean): TuneResult | undefined {
  const { hotPercent = 0, warmPercent = 0, hotMaxFactor = 1, warmMaxFactor = 1 } = changes;
  if (hotPercent + warmPercent > HOT_AND_WARM_PERCENT_MAX) return 'segmentsTooLarge';
  if (hotMaxFactor <= 0 || warmMaxFactor <= 0) return 'factorTooLow';
  if ((changes.automove ?? 0) > AUTOMOVE_MAX) return 'automoveOutOfRange';
  const { automoveWindow = AUTOMOVE_WINDOW_MIN } = changes;
  if (automoveWindow < AUTOMOVE_WINDOW_MIN || automoveWindow > AUTOMOVE_WINDOW_MAX) {
    return 'windowOutOfRange';
  }
  if ((changes.crawlerSleepUs ?? 0) > CRAWLER_SLEEP_US_MAX) return 'sleepTooLong';
  return changes.crawlerEnabled === 1 && crawlerRuns ? 'crawlerRuns' : undefined;
}

/** Sets the memory limit: at most the memory that the store reserved at its start. */
export function resizeStore(tuning: StoreTuning, bytes: number): ResizeResult {
  if (bytes < MEMORY_BYTES_MIN) return 'tooSmall';
  return tuning.setMemoryLimit(bytes) ? 'done' : 'outOfBounds';
}

export function movePage(
  tuning: StoreTuning,
  from: number | 'largest',
  destination: number,
): MovePageResult {
  if (tuning.get('reassign') === 0) return 'disabled';
  if (from === destination) return 'same';
  const classCount = tuning.classIdsEnd;
  const source = from === 'largest' ? tuning.classWithMostPages(destination) : from;
  const isClass = (id: number): boolean => id >= POOL_ID && id < classCount;
  if ((from === 'largest' && source === POOL_ID) || !isClass(source) || !isClass(destination)) {
    return 'badClass';
  }
  // A size class takes a page from the pool when it needs one, so there is nothing to move.
  if (source === POOL_ID) return 'noSparePage';
  switch (tuning.movePage(source, destination)) {
    case MOVE_RESULT.done:
      return 'done';
    case MOVE_RESULT.busy:
      return 'busy';
    default:
      return 'noSparePage';
  }
}

export function crawl(tuning: StoreTuning, sizeClasses: readonly number[] | 'all'): CrawlResult {
  const classCount = tuning.classIdsEnd;
  if (tuning.get('crawlerEnabled') === 0) return 'disabled';
  const requested =
    sizeClasses === 'all' ? Array.from({ length: classCount - 1 }, (_, at) => at + 1) : sizeClasses;
  if (requested.some((id) => id < 1 || id >= CLASS_IDS_END)) return 'badClass';
  return tuning.requestCrawl(requested) ? 'done' : 'busy';
}
