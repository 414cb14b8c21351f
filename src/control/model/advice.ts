/** What the use of a cluster says about its size; pure. */
import { NODE_TYPES, nodeType } from './node-types.ts';

/** What a cluster did over a time, with all its nodes together. */
export interface Usage {
  readonly nodes: number;
  readonly replicas: number;
  readonly nodeType: string;
  /** How long that time was. */
  readonly seconds: number;
  /** The most that items took, with the rest of their chunks left out. */
  readonly usedBytesMax: number;
  readonly limitBytes: number;
  readonly getsPerSecond: number;
  readonly hitsPerSecond: number;
  readonly evictionsPerSecond: number;
  /** Misses that more memory would have saved. */
  readonly ghostHitsPerSecond: number;
  /** The most cores that all nodes had busy. */
  readonly coresMax: number;
  /** The requests of the busiest node, as a multiple of the mean. */
  readonly skew: number;
}

interface Advice {
  readonly kind: 'memory' | 'smaller' | 'cpu' | 'skew' | 'copies';
  readonly title: string;
  readonly text: string;
  /** A node type that fits, if another one is advised. */
  readonly nodeType?: string;
}

/** Before that there is nothing to say. */
const SECONDS_MIN = 120;
/** A smaller type has so much more memory than items took. */
const SPARE = 1.5;
/** So much more memory is a step worth taking. */
const MORE = 1.9;
/** Of a node, for connections: ElastiCache's `memcached_connections_overhead`. */
const OVERHEAD_MIB = 100;
const OWN_STEP_MIB = 16;
const USED_SHARE_LOW = 0.4;
const CORES_SHARE_HIGH = 0.7;
const GHOST_SHARE_MIN = 0.001;
const SKEW_HIGH = 2;
const REQUESTS_MIN = 10;
const MEBIBYTE = 2 ** 20;

/** The most valuable first; none: the size fits. */
export function adviceFor(usage: Usage): readonly Advice[] {
  if (usage.seconds < SECONDS_MIN) return [];
  return [moreMemory(usage), moreCpu(usage), skew(usage), lessMemory(usage), copies(usage)].filter(
    (each) => each !== undefined,
  );
}

function moreMemory({ ghostHitsPerSecond: saved, ...usage }: Usage): Advice | undefined {
  const { getsPerSecond: gets, hitsPerSecond: hits } = usage;
  if (gets < 1 || saved / gets < GHOST_SHARE_MIN) return undefined;
  const larger = sizedLike(usage.nodeType, MORE * memoryOf(usage.nodeType));
  const after = Math.min(1, (hits + saved) / gets);
  return {
    kind: 'memory',
    title: `More memory would save ${saved.toFixed(1)} misses a second`,
    text:
      'Items that were evicted are stored again soon after. Without these evictions the hit ' +
      `ratio would be up to ${share(after)} instead of ${share(hits / gets)}.`,
    ...(larger !== undefined && { nodeType: larger }),
  };
}

function lessMemory(usage: Usage): Advice | undefined {
  const { usedBytesMax, limitBytes, evictionsPerSecond, nodes, coresMax } = usage;
  const isRoomy = usedBytesMax < USED_SHARE_LOW * limitBytes && evictionsPerSecond === 0;
  const own = nodeType(usage.nodeType);
  if (!isRoomy || own === undefined) return undefined;
  const neededMib = (SPARE * usedBytesMax) / nodes / MEBIBYTE;
  const threads = (SPARE * coresMax) / nodes;
  const smaller = nodeType(sizedLike(own.name, neededMib + OVERHEAD_MIB, threads) ?? '');
  if (smaller === undefined || smaller.memoryMib >= own.memoryMib) return undefined;
  const savedMib = (own.memoryMib - smaller.memoryMib) * nodes;
  return {
    kind: 'smaller',
    title: `Nodes of ${smaller.name} would do, with ${Math.round(savedMib)} MiB less memory`,
    text:
      `Items took at most ${share(usedBytesMax / limitBytes)} of the memory, and no item was ` +
      'evicted. Look longer at a cache that has just started, or whose load changes with the hour.',
    nodeType: smaller.name,
  };
}

/** The smallest type with so much memory; of an own type, one of the same kind. */
function sizedLike(name: string, memoryMib: number, threads = 1): string | undefined {
  const own = nodeType(name);
  if (own?.name.startsWith('slabring.') !== true) {
    return NODE_TYPES.find(
      (type) =>
        type.memoryMib >= memoryMib && type.threads >= threads && nodeType(type.name) !== undefined,
    )?.name;
  }
  const rounded = Math.ceil(memoryMib / OWN_STEP_MIB) * OWN_STEP_MIB;
  return nodeType(`slabring.${rounded}x${own.threads}`)?.name;
}

function moreCpu({ coresMax, nodes, nodeType: name }: Usage): Advice | undefined {
  const threads = (nodeType(name)?.threads ?? 1) * nodes;
  if (coresMax < CORES_SHARE_HIGH * threads) return undefined;
  return {
    kind: 'cpu',
    title: 'The threads of the nodes are busy',
    text:
      `They used up to ${coresMax.toFixed(1)} of ${threads} cores. Another node, or a type with ` +
      'more threads, keeps latency low.',
  };
}

function skew({ skew: times, getsPerSecond, nodes }: Usage): Advice | undefined {
  if (nodes < 2 || times < SKEW_HIGH || getsPerSecond < REQUESTS_MIN) return undefined;
  return {
    kind: 'skew',
    title: `One node gets ${times.toFixed(1)} times the mean of the requests`,
    text: 'A few keys have most requests: see the hot keys. More nodes do not spread one key.',
  };
}

function copies({ nodes, replicas, getsPerSecond }: Usage): Advice | undefined {
  if (nodes > 1 && replicas > 1) return undefined;
  if (getsPerSecond < REQUESTS_MIN) return undefined;
  return {
    kind: 'copies',
    title: 'A node that dies loses its keys',
    text:
      'Each key is on one node. A cluster that is created with the tag slabring:replicas = 2 has ' +
      'each key on two nodes, and one of them may die.',
  };
}

const memoryOf = (name: string): number => nodeType(name)?.memoryMib ?? 0;
const share = (of: number): string => `${(100 * of).toFixed(1)} %`;
