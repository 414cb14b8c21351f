/** How many nodes a serverless cache has, and how large they are; pure. */
import type { UsageLimits } from '../model/serverless-records.ts';

export interface Shape {
  readonly nodes: number;
  /** Of each node. */
  readonly memoryMib: number;
}

/** What a cache may become. */
export interface ShapeBounds {
  readonly nodesMin: number;
  readonly totalMibMin: number;
  readonly totalMibMax: number;
}

const GIGABYTE_MIB = 1024;
const MEBIBYTE = 2 ** 20;
/** A cache without items. Its nodes take the memory only when they have items. */
const FIRST_MIB = 256;
/** From here on a cache gets more nodes, and not larger ones. */
export const NODE_MIB_MAX = 4096;
const NODE_MIB_MIN = 64;
/** What a node can have at most. */
const NODE_MIB_LIMIT = 31 * 1024;
/** Of each node. */
const THREADS = 1;
/** A cluster has 64 ports: the last one is that of the proxy. */
const NODES_MAX = 32;
/** What a node does in a second, carefully. */
const ECPU_PER_NODE = 100_000;
/** The items of a snapshot need more room in memory than in a file. */
const RESTORED = 2;

/** @param freeMib what a cache without a maximum may have. */
export function boundsOf(limits: UsageLimits, freeMib: number): ShapeBounds {
  const { gigabytesMin = 0, gigabytesMax, ecpuPerSecondMin = 0 } = limits;
  const totalMibMin = Math.max(NODE_MIB_MIN, gigabytesMin * GIGABYTE_MIB);
  const totalMibMax = gigabytesMax === undefined ? freeMib : gigabytesMax * GIGABYTE_MIB;
  return {
    nodesMin: Math.min(NODES_MAX, Math.max(1, Math.ceil(ecpuPerSecondMin / ECPU_PER_NODE))),
    totalMibMin,
    totalMibMax: Math.max(totalMibMin, totalMibMax),
  };
}

/** The shape of a new cache, which gets the items of a file. */
export function firstShape(bounds: ShapeBounds, fileBytes: number): Shape {
  const mebibytes = Math.max(FIRST_MIB, Math.ceil((fileBytes * RESTORED) / MEBIBYTE));
  return shapeFor(mebibytes, 1, bounds);
}

/** A shape with so much memory, and at least so many nodes, within the bounds. */
export function shapeFor(wantedMib: number, nodesMin: number, bounds: ShapeBounds): Shape {
  const total = Math.min(Math.max(wantedMib, bounds.totalMibMin), bounds.totalMibMax);
  const needed = Math.ceil(total / NODE_MIB_MAX);
  // A node has at least so much, so a small cache has few nodes.
  const possible = Math.max(1, Math.floor(bounds.totalMibMax / NODE_MIB_MIN));
  const wanted = Math.max(nodesMin, bounds.nodesMin, needed);
  const nodes = Math.min(wanted, possible, NODES_MAX);
  const memoryMib = Math.max(NODE_MIB_MIN, Math.floor(total / nodes));
  return { nodes, memoryMib: Math.min(memoryMib, NODE_MIB_LIMIT) };
}

export const typeFor = ({ memoryMib }: Shape): string => `slabring.${memoryMib}x${THREADS}`;
