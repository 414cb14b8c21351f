/** One kind of load: the arguments of mcload, and the target of the design for it. */
export interface Load {
  readonly name: string;
  readonly description: string;
  readonly args: readonly string[];
  readonly valueBytes: number;
  /** CPU per key relative to memcached 1.6.18: the first target, and the final goal. */
  readonly target?: { readonly first: number; readonly goal: number };
}

/** The number of keys and of connections in every load. */
export const KEY_SPACE = 100_000;
export const CONNECTIONS = 50;

export const LOADS: readonly Load[] = [
  {
    name: 'get',
    description: 'one get per packet, 10 % sets',
    args: ['-d', '1', '-s', '10'],
    valueBytes: 100,
    target: { first: 1.3, goal: 0.95 },
  },
  {
    name: 'pipelined',
    description: 'pipelined gets, 20 deep, 10 % sets',
    args: ['-d', '20', '-s', '10'],
    valueBytes: 100,
    target: { first: 0.17, goal: 0.13 },
  },
  {
    name: 'multiget',
    description: '50-key gets',
    args: ['-m', '50'],
    valueBytes: 100,
    target: { first: 0.85, goal: 0.65 },
  },
  {
    name: 'set',
    description: 'one set per packet',
    args: ['-d', '1', '-s', '100'],
    valueBytes: 100,
  },
  {
    name: 'pipelined-set',
    description: 'pipelined sets, 20 deep',
    args: ['-d', '20', '-s', '100'],
    valueBytes: 100,
  },
  {
    name: 'get-1000',
    description: 'one get per packet, 1000-byte values, 10 % sets',
    args: ['-d', '1', '-s', '10'],
    valueBytes: 1000,
  },
  {
    name: 'get-4000',
    description: 'one get per packet, 4000-byte values, 10 % sets',
    args: ['-d', '1', '-s', '10'],
    valueBytes: 4000,
  },
  {
    name: 'meta',
    description: 'pipelined meta gets, 20 deep',
    args: ['-P', 'meta', '-d', '20'],
    valueBytes: 100,
    target: { first: 0.9, goal: 0.7 },
  },
  {
    name: 'binary',
    description: 'pipelined binary gets, 20 deep',
    args: ['-P', 'binary', '-d', '20'],
    valueBytes: 100,
  },
  {
    name: 'binary-get',
    description: 'one binary get per packet, 10 % sets',
    args: ['-P', 'binary', '-d', '1', '-s', '10'],
    valueBytes: 100,
  },
];

/** The default of `--loads`. */
export const DEFAULT_LOADS = 'get,pipelined,multiget,set,get-1000,get-4000,meta,binary,binary-get';
/** A measurement without mcload: the number of items that a given memory holds. */
export const DENSITY = 'density';

export function loadNamed(name: string): Load {
  const load = LOADS.find((each) => each.name === name);
  if (load !== undefined) return load;
  const known = [...LOADS.map((each) => each.name), DENSITY].join(', ');
  throw new Error(`There is no load "${name}"; the loads are ${known}.`);
}
