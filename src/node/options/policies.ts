/** What follows from the options of a node for its parts. */
import { EVICTION, PAGE_BYTES, type TunableName } from '../../store/index.ts';
import { type ServerOptions, serverFlags } from './server-flags.ts';

/** Whether the node requires a login before any other request. */
export function requiresLogin(options: Pick<ServerOptions, 'enableSasl' | 'authFile'>): boolean {
  return options.enableSasl || options.authFile !== '';
}

/** The size of the largest chunk: what the options name, or memcached's default for them. */
export function chunkBytesMaxOf(
  options: Pick<
    ServerOptions,
    'slabChunkMaxBytes' | 'maxItemSizeBytes' | 'noModern' | 'noChunkedItems'
  >,
): number {
  const { slabChunkMaxBytes, maxItemSizeBytes, noModern, noChunkedItems } = options;
  const isNamed = slabChunkMaxBytes !== serverFlags.slabChunkMaxBytes.default;
  const isWhole = (noModern || noChunkedItems) && maxItemSizeBytes <= PAGE_BYTES;
  return isWhole && !isNamed ? PAGE_BYTES : slabChunkMaxBytes;
}

/** The background work that the options leave enabled. */
function backgroundOf(options: ServerOptions) {
  const { noModern } = options;
  const movesPages = !options.noSlabReassign && (!noModern || options.slabReassign);
  return {
    crawls: !options.noLruCrawler && (!noModern || options.lruCrawler),
    maintains: !options.noLruMaintainer && (!noModern || options.lruMaintainer),
    movesPages,
    automove: movesPages && !options.noSlabAutomove ? options.slabAutomove : 0,
  };
}

const KIB = 1024;
const CONN_MEMORY_KIB_MIN = 32 * KIB;
const CONN_MEMORY_KIB_EACH = 64;

/** The memory for the buffers of all connections, in KiB. */
export function connMemoryKibOf({
  connMemoryBytes,
  connLimit,
  memoryLimitBytes,
}: Pick<ServerOptions, 'connMemoryBytes' | 'connLimit' | 'memoryLimitBytes'>): number {
  if (connMemoryBytes > 0) return Math.ceil(connMemoryBytes / KIB);
  const wanted = Math.min(connLimit * CONN_MEMORY_KIB_EACH, memoryLimitBytes / KIB);
  return Math.max(CONN_MEMORY_KIB_MIN, Math.floor(wanted));
}

/** The initial values of the store's tunables. */
export function tunablesOf(options: ServerOptions): Partial<Record<TunableName, number>> {
  const { crawls, maintains, movesPages, automove } = backgroundOf(options);
  return {
    eviction: EVICTION[options.eviction],
    hotPercent: options.hotLruPct,
    warmPercent: options.warmLruPct,
    hotMaxFactor: options.hotMaxFactor,
    warmMaxFactor: options.warmMaxFactor,
    ...(options.temporaryTtl > 0 ? { tempLru: 1, tempTtl: options.temporaryTtl } : {}),
    evictsToFree: options.disableEvictions ? 0 : 1,
    automove,
    reassign: movesPages ? 1 : 0,
    crawlerEnabled: crawls ? 1 : 0,
    crawlerSleepUs: options.lruCrawlerSleep,
    crawlerToCrawl: options.lruCrawlerTocrawl,
    maintainer: maintains ? 1 : 0,
    trackSizes: options.trackSizes ? 1 : 0,
    // Without the maintainer, nothing balances the segments: as in memcached, there is one list
    // then.
    segmented: !maintains && options.eviction === 'segmented' ? 0 : 1,
  };
}

/** The character that ends the prefix of a key (memcached's default). */
const DEFAULT_PREFIX_DELIMITER = ':';

export function prefixDelimiterOf({ prefixDelimiter }: ServerOptions): string {
  return prefixDelimiter[0] ?? DEFAULT_PREFIX_DELIMITER;
}
