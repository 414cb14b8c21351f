import {
  type ClusterView,
  type GeneralStat,
  ITEM_STATS,
  type NodeControl,
  type NodeSample,
  OWN_CLASS_STATS,
  readStat,
  SLAB_STATS,
  sampleClasses,
  sampleNode,
  type ThreadView,
} from '../../commands/index.ts';
import type { StoreView } from '../../store/index.ts';

/** A running node, as far as its metrics read it. */
export interface MetricSource {
  readonly control: NodeControl;
  readonly view: StoreView;
}

type ClassStat = keyof typeof ITEM_STATS | keyof typeof SLAB_STATS | keyof typeof OWN_CLASS_STATS;
const CLASS_ROWS = Object.entries({ ...ITEM_STATS, ...SLAB_STATS, ...OWN_CLASS_STATS });

/** The numbers of one size class. */
export interface ClassReading {
  readonly id: string;
  readonly stats: Readonly<Record<ClassStat, number | undefined>>;
}

/** All that the metrics of one moment come from. */
export interface MetricSample {
  readonly control: NodeControl;
  readonly node: NodeSample;
  /** The size classes that have pages. */
  readonly classes: readonly ClassReading[];
  readonly threads: readonly ThreadView[];
  /** Undefined on a node in no cluster. */
  readonly cluster: ClusterView | undefined;
}

/** Reads a node. It takes each class lock for a moment, and no lock of a key. */
export function takeSample({ control, view }: MetricSource): MetricSample {
  const classes: ClassReading[] = [];
  for (const sample of sampleClasses(view)) {
    const stats = Object.fromEntries(CLASS_ROWS.map(([name, read]) => [name, read(sample)]));
    classes.push({ id: String(sample.id), stats: stats as ClassReading['stats'] });
  }
  const node = sampleNode(view, control);
  return { control, node, classes, threads: control.threads(), cluster: control.cluster() };
}

/** Reads a number of `stats` as a number of the node. */
export const stat =
  (name: GeneralStat) =>
  ({ node }: MetricSample): number | string | undefined =>
    readStat(node, name);

/** The value of a number of `stats` that every node has. */
export const statNumber = (sample: MetricSample, name: GeneralStat): number =>
  Number(readStat(sample.node, name) ?? 0);

/** The sum over all size classes. */
export const sumOfClasses = (
  { classes }: MetricSample,
  read: (stats: ClassReading['stats']) => number,
): number => classes.reduce((sum, { stats }) => sum + read(stats), 0);
