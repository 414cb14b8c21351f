export interface ConfigEntry {
  readonly name: string;
  readonly flags: number;
  readonly data: Buffer;
}

/** The config entries of a node; the server stores them. */
export interface ConfigEntries {
  get(name: string): ConfigEntry | undefined;
  /**
   * `full`: there is no room for the entry. The version of the cluster entry must not fall, also
   * after a delete (`older`); an entry without one is `invalid`.
   */
  set(entry: ConfigEntry): SetConfigResult;
  delete(name: string): boolean;
  names(): readonly string[];
  /** Whether there is a topology entry: the node is a member of a cluster of slabring. */
  readonly hasTopology: boolean;
  /** The number of entries. */
  count(): number;
}

export type SetConfigResult = 'stored' | 'full' | 'older' | 'invalid';
