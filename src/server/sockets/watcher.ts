/** A connection that receives the log of events. */
export interface Watcher {
  /** Returns false while the client has not read the lines sent before. */
  readonly isReady: () => boolean;
  readonly sendEvents: (lines: string) => void;
}

/** Feeds events to the watchers among the connections of one thread. */
export interface EventFeed {
  /** Adds a watcher; returns false if the node already has its maximum. */
  add(watcher: Watcher, streams: number): boolean;
  remove(watcher: Watcher): void;
}
