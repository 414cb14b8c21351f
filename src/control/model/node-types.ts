/** The types of nodes; pure. Source: ElastiCache's node-type-specific parameters. */

export interface NodeType {
  readonly name: string;
  /** `-m` of a node, in MiB: ElastiCache's `max_cache_memory`. */
  readonly memoryMib: number;
  /** `-t` of a node: ElastiCache's `num_threads`. */
  readonly threads: number;
}

const GENERAL = ['large', 'xlarge', '2xlarge', '4xlarge'];
/** By family, for each size: memory in MiB / threads. */
const FAMILIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  t2: { micro: '555/1', small: '1588/1', medium: '3301/2' },
  t3: { micro: '512/2', small: '1402/2', medium: '3364/2' },
  t4g: { micro: '512/2', small: '1402/2', medium: '3164/2' },
  m4: { ...sizes('6573/2', '11496/4', '30412/8', '62234/16'), '10xlarge': '158355/40' },
  m5: {
    ...sizes('6537/2', '13248/4', '26671/8', '53516/16'),
    '12xlarge': '160900/48',
    '24xlarge': '321865/96',
  },
  m6g: {
    ...sizes('6537/2', '13248/4', '26671/8', '53516/16'),
    '8xlarge': '107000/32',
    '12xlarge': '160900/48',
    '16xlarge': '214577/64',
  },
  r5: {
    ...sizes('13387/2', '26953/4', '54084/8', '108347/16'),
    '12xlarge': '325400/48',
    '24xlarge': '650869/96',
  },
  r6g: {
    ...sizes('13387/2', '26953/4', '54084/8', '108347/16'),
    '8xlarge': '214577/32',
    '12xlarge': '325400/48',
    '16xlarge': '429154/64',
  },
};

function sizes(...values: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(GENERAL.map((name, nth) => [name, values[nth]!]));
}

/** The node types of ElastiCache whose memory and threads are known, from small to large. */
export const NODE_TYPES: readonly NodeType[] = Object.entries(FAMILIES)
  .flatMap(([family, ofFamily]) =>
    Object.entries(ofFamily).map(([size, text]) => {
      const [memoryMib, threads] = text.split('/').map(Number);
      return { name: `cache.${family}.${size}`, memoryMib: memoryMib!, threads: threads! };
    }),
  )
  .sort((a, b) => a.memoryMib - b.memoryMib || (a.name < b.name ? -1 : 1));

/** A node of the size that somebody wants: `slabring.256x2` has 256 MiB and 2 threads. */
const OWN = /^slabring\.([1-9]\d{0,5})x([1-9]\d?)$/;
/** What a node of slabring can have (`-m`, `-t`). */
const MEMORY_MIB = { min: 8, max: 31 * 1024 };
const THREADS_MAX = 64;

/** Undefined: there is no such type, or no node of slabring can have its size. */
export function nodeType(name: string): NodeType | undefined {
  const [, memory, threads] = OWN.exec(name) ?? [];
  const found =
    memory === undefined
      ? NODE_TYPES.find((type) => type.name === name)
      : { name, memoryMib: Number(memory), threads: Number(threads) };
  return found !== undefined && canRun(found) ? found : undefined;
}

const canRun = ({ memoryMib, threads }: NodeType): boolean =>
  memoryMib >= MEMORY_MIB.min && memoryMib <= MEMORY_MIB.max && threads <= THREADS_MAX;

/** The types with more and with less memory than this one. */
export function otherTypes({ name, memoryMib }: NodeType): {
  readonly larger: readonly string[];
  readonly smaller: readonly string[];
} {
  const others = NODE_TYPES.filter((type) => type.name !== name && canRun(type));
  const names = (types: readonly NodeType[]) => types.map((type) => type.name);
  return {
    larger: names(others.filter((type) => type.memoryMib >= memoryMib)),
    smaller: names(others.filter((type) => type.memoryMib < memoryMib)),
  };
}
