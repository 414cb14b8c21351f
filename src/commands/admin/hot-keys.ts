/** The keys that clients request most, as a node estimates them from sampled requests. */
export interface HotKeys {
  /** Whether the node samples keys. */
  readonly isEnabled: boolean;
  view(): HotKeysView;
  /** Forgets everything. */
  clear(): void;
}

export interface HotKeysView {
  /** The numbers are means over this time, the last seconds weigh most. */
  readonly windowSeconds: number;
  /** The number of samples behind them. */
  readonly samples: number;
  /** Requests for keys, each key of a get once. */
  readonly requestsPerSecond: number;
  /** Those with the most requests first. */
  readonly keys: readonly HotKey[];
  /** The same for the prefixes of keys, up to and with the delimiter (`-D`). */
  readonly prefixes: readonly HotKey[];
}

/** A key, or a prefix, with its requests in a second. */
export interface HotKey {
  readonly key: Buffer;
  readonly gets: number;
  readonly hits: number;
  /** Requests that store, change, delete or touch. */
  readonly writes: number;
  /** How far the sum of gets and writes may be off, with a probability of 95 %. */
  readonly error: number;
  /** What the item occupied when it was sampled last; 0 if it was not there. */
  readonly bytes: number;
}

/** The keys, and the prefixes, that a view has at most. */
export const HOT_KEYS_MAX = 100;
