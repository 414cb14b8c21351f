/** One kind of load: the arguments of mcload, what the load must do, and the goal for it. */
export interface Load {
  readonly name: string;
  readonly description: string;
  readonly args: readonly string[];
  readonly keySpace: number;
  /**
   * The first keys of the key space. They are stored before the load, and sets choose from them;
   * if there are none, sets choose from all keys.
   */
  readonly loadedKeys: number;
  readonly valueBytes: number;
  /** `-m` of the servers. */
  readonly memoryMegabytes: number;
  /** The share of gets that find their key; without it, the load has no gets. */
  readonly hitRatio?: number;
  /** The load's sets store new keys. */
  readonly storesNewKeys: boolean;
  /** More is stored than fits, so the servers evict. */
  readonly evicts: boolean;
  /** The server's CPU time per key, relative to the better memcached of the run. */
  readonly goal?: number;
}

export const CONNECTIONS = 50;
/** The goals hold for servers with this number of threads, on one core. */
export const GOAL_THREADS = 1;

/** The properties of most loads: every key is stored before, and every value fits. */
const ALL_LOADED = {
  keySpace: 100_000,
  loadedKeys: 100_000,
  valueBytes: 100,
  memoryMegabytes: 1024,
  hitRatio: 1,
  storesNewKeys: false,
  evicts: false,
} as const;
/** Nearly every random key is new, for some seconds: a run stores a few millions of them. */
const NEW_KEYS = { keySpace: 50_000_000, loadedKeys: 0, storesNewKeys: true } as const;

/** A load with gets; every key is stored before unless `special` says otherwise. */
function gets(name: string, description: string, args: string, special: Partial<Load> = {}): Load {
  return { name, description, args: args.split(' '), ...ALL_LOADED, ...special };
}

/** A load without gets. */
function sets(name: string, description: string, args: string, special: Partial<Load> = {}): Load {
  const { hitRatio: _, ...load } = gets(name, description, args, special);
  return load;
}

export const LOADS: readonly Load[] = [
  gets('get', 'one get per packet', '-d 1', { goal: 1.1 }),
  sets('set', 'one set per packet', '-d 1 -s 100', { goal: 1.1 }),
  gets('pipelined', 'pipelined gets, 10 % sets', '-d 20 -s 10', { goal: 0.6 }),
  sets('pipelined-set', 'pipelined sets', '-d 20 -s 100', { goal: 0.65 }),
  sets('new-keys', 'pipelined sets of new keys', '-d 20 -s 100', { ...NEW_KEYS, goal: 1 }),
  gets('misses', 'pipelined gets that all miss', '-d 20', {
    keySpace: 20_000_000,
    loadedKeys: 0,
    hitRatio: 0,
    goal: 0.8,
  }),
  gets('multiget', '50-key gets', '-m 50', { goal: 0.45 }),
  gets('meta', 'pipelined meta gets', '-P meta -d 20', { goal: 0.6 }),
  gets('get-4000', 'one get per packet, 4000-byte values', '-d 1', {
    valueBytes: 4000,
    goal: 1.05,
  }),
  gets('mixed', 'pipelined: half sets; half of the gets miss', '-d 20 -s 50', {
    loadedKeys: 50_000,
    hitRatio: 0.5,
  }),
  gets('cache-aside', 'pipelined gets, 20 % deletes; a missed key is set', '-d 20 -a -x 20', {
    loadedKeys: 80_000,
    hitRatio: 0.8,
  }),
  sets('evictions', 'pipelined sets of new keys into full memory', '-d 20 -s 100', {
    ...NEW_KEYS,
    memoryMegabytes: 16,
    storesNewKeys: false,
    evicts: true,
  }),
  gets('gets', 'pipelined gets with CAS uniques', '-P gets -d 20'),
  gets('meta-set', 'pipelined meta gets, 10 % sets', '-P meta -d 20 -s 10'),
  gets('binary', 'pipelined binary gets', '-P binary -d 20'),
  sets('binary-set', 'pipelined binary sets', '-P binary -d 20 -s 100'),
  gets('binary-get', 'one binary get per packet, 10 % sets', '-P binary -d 1 -s 10'),
  gets('get-set', 'one get per packet, 10 % sets', '-d 1 -s 10'),
  gets('get-set-1000', 'the same, 1000-byte values', '-d 1 -s 10', { valueBytes: 1000 }),
  gets('get-set-4000', 'the same, 4000-byte values', '-d 1 -s 10', { valueBytes: 4000 }),
];

/** A measurement without mcload: the number of items that a given memory holds. */
export const DENSITY = 'density';
/** Every load, in the list of `--loads`. */
export const ALL = 'all';
/** The default of `--loads`: the loads with a goal. */
export const DEFAULT_LOADS = LOADS.filter(({ goal }) => goal !== undefined)
  .map(({ name }) => name)
  .join(',');

/** The loads of a list such as `get,multiget`; `density` is none. */
export function loadsNamed(list: string): readonly Load[] {
  const names = list.split(',').filter((name) => name !== DENSITY);
  return names.flatMap((name) => (name === ALL ? LOADS : [loadNamed(name)]));
}

function loadNamed(name: string): Load {
  const load = LOADS.find((each) => each.name === name);
  if (load !== undefined) return load;
  const known = [...LOADS.map((each) => each.name), ALL, DENSITY].join(', ');
  throw new Error(`There is no load "${name}"; the loads are ${known}.`);
}

/** Other loads leave keys in a server. A load that needs absent keys gets a server of its own. */
export const needsEmptyServer = (load: Load): boolean => load.loadedKeys < load.keySpace;

/** The arguments that describe the load; a run adds the port, the process id and the seed. */
export function mcloadArgs(load: Load, seconds: number): readonly string[] {
  const { keySpace, loadedKeys, valueBytes, args } = load;
  const stored = loadedKeys > 0 && loadedKeys < keySpace ? ['-n', loadedKeys] : [];
  const fixed = ['-c', CONNECTIONS, '-k', keySpace, ...stored, '-v', valueBytes, '-t', seconds];
  return [...args, ...fixed.map(String)];
}
