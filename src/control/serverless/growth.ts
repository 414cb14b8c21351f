/** When a serverless cache gets more nodes, larger ones, or fewer; pure. */
import { NODE_MIB_MAX, type Shape, type ShapeBounds, shapeFor } from './shape.ts';

/** All nodes of a cache together, for one step of the sampler. */
export interface LoadSample {
  readonly atMs: number;
  readonly usedBytes: number;
  /** In a second. */
  readonly evictions: number;
  /** 1 is a whole core. */
  readonly cpu: number;
}

/** How full it may be before it grows, and how empty before it shrinks. */
const FULL = 0.5;
const EMPTY = 0.1;
/** Of a core, for each node. */
const BUSY = 0.7;
const IDLE = 0.2;
/** So many samples in a row say that the nodes are busy. */
const BUSY_SAMPLES = 3;
/** It grows at once, and shrinks when it has needed less for so long. */
const CALM_MS = 5 * 60_000;
const MEBIBYTE = 2 ** 20;

interface Growing {
  /** The oldest one first. */
  readonly samples: readonly LoadSample[];
  readonly shape: Shape;
  /** When it got this shape. */
  readonly sinceMs: number;
  readonly nowMs: number;
}

/** The next shape of a cache; undefined if it stays as it is. */
export function nextShape(growing: Growing, bounds: ShapeBounds): Shape | undefined {
  const { shape, samples, sinceMs } = growing;
  const ofShape = samples.filter(({ atMs }) => atMs > sinceMs);
  const wanted = withinBounds(shape, bounds);
  const next = grown(wanted, ofShape, bounds) ?? shrunk(wanted, growing, ofShape, bounds) ?? wanted;
  return isSame(next, shape) ? undefined : next;
}

const totalMib = ({ nodes, memoryMib }: Shape): number => nodes * memoryMib;

const isSame = (a: Shape, b: Shape): boolean => a.nodes === b.nodes && a.memoryMib === b.memoryMib;

/** The limits of the cache may be others than those by which it got its shape. */
function withinBounds(shape: Shape, bounds: ShapeBounds): Shape {
  const total = totalMib(shape);
  // Memory that no whole number of MiB divides evenly is no reason to change.
  const isLarge = total + shape.nodes > bounds.totalMibMin && total <= bounds.totalMibMax;
  if (isLarge && shape.nodes >= bounds.nodesMin) return shape;
  return shapeFor(total, shape.nodes, bounds);
}

function grown(
  shape: Shape,
  samples: readonly LoadSample[],
  bounds: ShapeBounds,
): Shape | undefined {
  const last = samples.at(-1);
  if (last === undefined) return undefined;
  const total = totalMib(shape);
  const isFull = last.usedBytes > FULL * total * MEBIBYTE || last.evictions > 0;
  const busy = samples.slice(-BUSY_SAMPLES);
  const isBusy = busy.length === BUSY_SAMPLES && busy.every(({ cpu }) => cpu > BUSY * shape.nodes);
  if (!isFull && !isBusy) return undefined;
  const wanted = shapeFor(isFull ? total * 2 : total, shape.nodes + (isBusy ? 1 : 0), bounds);
  const isLarger = wanted.nodes > shape.nodes || totalMib(wanted) > total;
  return isLarger ? wanted : undefined;
}

function shrunk(
  shape: Shape,
  { samples, sinceMs, nowMs }: Growing,
  ofShape: readonly LoadSample[],
  bounds: ShapeBounds,
): Shape | undefined {
  const [first] = samples;
  const isCalm = first !== undefined && nowMs - Math.max(first.atMs, sinceMs) >= CALM_MS;
  if (!isCalm || ofShape.length === 0) return undefined;
  const recent = ofShape.filter(({ atMs }) => atMs >= nowMs - CALM_MS);
  const used = Math.max(...recent.map(({ usedBytes }) => usedBytes));
  const cpu = Math.max(...recent.map((sample) => sample.cpu));
  const isEmpty = used < EMPTY * totalMib(shape) * MEBIBYTE;
  const total = isEmpty ? totalMib(shape) / 2 : totalMib(shape);
  const isIdle = cpu < IDLE * shape.nodes && total <= (shape.nodes - 1) * NODE_MIB_MAX;
  const wanted = shapeFor(total, shape.nodes - (isIdle ? 1 : 0), bounds);
  const isSmaller = wanted.nodes < shape.nodes || totalMib(wanted) + shape.nodes < totalMib(shape);
  return isSmaller ? wanted : undefined;
}
