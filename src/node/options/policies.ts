/** What follows from the options of a node for its parts. */
import { EVICTION, type TunableName } from '../../store/index.ts';
import type { ServerOptions } from './server-flags.ts';

/** Whether the node requires a login before any other request. */
export function requiresLogin(options: Pick<ServerOptions, 'enableSasl' | 'authFile'>): boolean {
  return options.enableSasl || options.authFile !== '';
}

/** The initial values of the store's tunables. */
export function tunablesOf(options: ServerOptions): Partial<Record<TunableName, number>> {
  const automove = options.noSlabReassign || options.noSlabAutomove ? 0 : options.slabAutomove;
  return {
    eviction: EVICTION[options.eviction],
    hotPercent: options.hotLruPct,
    warmPercent: options.warmLruPct,
    hotMaxFactor: options.hotMaxFactor,
    warmMaxFactor: options.warmMaxFactor,
    ...(options.temporaryTtl > 0 ? { tempLru: 1, tempTtl: options.temporaryTtl } : {}),
    evictsToFree: options.disableEvictions ? 0 : 1,
    automove,
    reassign: options.noSlabReassign ? 0 : 1,
    crawlerEnabled: options.noLruCrawler ? 0 : 1,
    crawlerSleepUs: options.lruCrawlerSleep,
    crawlerToCrawl: options.lruCrawlerTocrawl,
    maintainer: options.noLruMaintainer ? 0 : 1,
    trackSizes: options.trackSizes ? 1 : 0,
    // Without the maintainer, nothing balances the segments: as in memcached, there is one list
    // then.
    segmented: options.noLruMaintainer && options.eviction === 'segmented' ? 0 : 1,
  };
}
