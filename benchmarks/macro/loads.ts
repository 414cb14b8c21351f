/** One way to load a server: arguments of mcload, and what the design asks of us under it. */
export interface Load {
  readonly name: string;
  readonly says: string;
  readonly args: readonly string[];
  readonly valueBytes: number;
  /** Server CPU per key as a multiple of memcached 1.6.18's: to reach first, and in the end. */
  readonly target?: { readonly first: number; readonly goal: number };
}

/** Every load runs with this many keys and connections. */
export const KEY_SPACE = 100_000;
export const CONNECTIONS = 50;

export const LOADS: readonly Load[] = [
  {
    name: 'get',
    says: 'one get per packet, 10 % sets',
    args: ['-d', '1', '-s', '10'],
    valueBytes: 100,
    target: { first: 1.3, goal: 0.95 },
  },
  {
    name: 'pipelined',
    says: 'pipelined gets, 20 deep, 10 % sets',
    args: ['-d', '20', '-s', '10'],
    valueBytes: 100,
    target: { first: 0.17, goal: 0.13 },
  },
  {
    name: 'multiget',
    says: '50-key gets',
    args: ['-m', '50'],
    valueBytes: 100,
    target: { first: 0.85, goal: 0.65 },
  },
  { name: 'set', says: 'one set per packet', args: ['-d', '1', '-s', '100'], valueBytes: 100 },
  {
    name: 'pipelined-set',
    says: 'pipelined sets, 20 deep',
    args: ['-d', '20', '-s', '100'],
    valueBytes: 100,
  },
  {
    name: 'get-1000',
    says: 'one get per packet, 1000-byte values, 10 % sets',
    args: ['-d', '1', '-s', '10'],
    valueBytes: 1000,
  },
  {
    name: 'get-4000',
    says: 'one get per packet, 4000-byte values, 10 % sets',
    args: ['-d', '1', '-s', '10'],
    valueBytes: 4000,
  },
  {
    name: 'meta',
    says: 'pipelined meta gets, 20 deep',
    args: ['-P', 'meta', '-d', '20'],
    valueBytes: 100,
    target: { first: 0.9, goal: 0.7 },
  },
  {
    name: 'binary',
    says: 'pipelined binary gets, 20 deep',
    args: ['-P', 'binary', '-d', '20'],
    valueBytes: 100,
  },
  {
    name: 'binary-get',
    says: 'one binary get per packet, 10 % sets',
    args: ['-P', 'binary', '-d', '1', '-s', '10'],
    valueBytes: 100,
  },
];

/** Run when `--loads` is not given: what every server in the run speaks. */
export const DEFAULT_LOADS = 'get,pipelined,multiget,set,get-1000,get-4000,meta,binary,binary-get';
/** Not a load of mcload: how many items the same memory holds. */
export const DENSITY = 'density';

export function loadNamed(name: string): Load {
  const load = LOADS.find((each) => each.name === name);
  if (load !== undefined) return load;
  const known = [...LOADS.map((each) => each.name), DENSITY].join(', ');
  throw new Error(`there is no load "${name}"; known are ${known}`);
}
