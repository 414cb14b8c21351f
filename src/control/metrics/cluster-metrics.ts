/** The samples of all nodes of all clusters; pure. */
import { MEASURE_AT, type MeasureName } from './measures.ts';
import { type NodeReading, type Sample, sampleOf } from './reading.ts';
import { addUp, NodeSeries, type ResolutionName, type Step, together } from './series.ts';

/** Nodes beyond this number have no samples: each needs 150 KiB. */
const NODES_MAX = 1000;

interface NodeMetrics {
  readonly series: NodeSeries;
  last: NodeReading;
  sample: Sample;
}

/** A node as it was at its last sample. */
export interface NodeNow {
  readonly node: string;
  readonly reading: NodeReading;
  readonly sample: Sample;
}

/** What is known of clusters, by the samples that nodes gave. */
export class ClusterMetrics {
  readonly #clusters = new Map<string, Map<string, NodeMetrics>>();
  #nodes = 0;

  /** Takes a reading of a node; those of one round have the same time. */
  add(cluster: string, node: string, reading: NodeReading): void {
    const nodes = this.#clusters.get(cluster) ?? new Map<string, NodeMetrics>();
    const known = nodes.get(node);
    const sample = sampleOf(known?.last, reading);
    if (known !== undefined) {
      known.series.add(reading.atMs, sample);
      known.last = reading;
      known.sample = sample;
    } else if (this.#nodes < NODES_MAX) {
      const series = new NodeSeries();
      series.add(reading.atMs, sample);
      nodes.set(node, { series, last: reading, sample });
      this.#clusters.set(cluster, nodes);
      this.#nodes++;
    }
  }

  /** Forgets the nodes that are not among these. */
  keep(nodes: ReadonlyMap<string, ReadonlySet<string>>): void {
    for (const [cluster, known] of this.#clusters) {
      for (const node of known.keys()) {
        if (nodes.get(cluster)?.has(node) === true) continue;
        known.delete(node);
        this.#nodes--;
      }
      if (known.size === 0) this.#clusters.delete(cluster);
    }
  }

  /** The nodes that were sampled since a time, in the order of their ids. */
  now(cluster: string, fromMs: number): readonly NodeNow[] {
    return [...(this.#clusters.get(cluster) ?? [])]
      .filter(([, { last }]) => last.atMs >= fromMs)
      .map(([node, { last, sample }]) => ({ node, reading: last, sample }))
      .sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  get clusters(): readonly string[] {
    return [...this.#clusters.keys()].sort();
  }

  /** The nodes of a cluster that have samples, in the order of their ids. */
  nodesOf(cluster: string): readonly string[] {
    return [...(this.#clusters.get(cluster)?.keys() ?? [])].sort();
  }

  /** The samples of a cluster since a time; of one node, if it is given. */
  since(
    cluster: string,
    resolution: ResolutionName,
    fromMs: number,
    node?: string,
  ): readonly Step[] {
    const nodes = this.#clusters.get(cluster) ?? new Map<string, NodeMetrics>();
    const wanted = node === undefined ? [...nodes.values()] : [nodes.get(node)];
    return together(wanted.map((each) => each?.series.since(resolution, fromMs) ?? []));
  }
}

/** A number of several nodes together; undefined if none of them has it. */
export function totalOf(samples: readonly Sample[], name: MeasureName): number | undefined {
  const [first, ...rest] = samples;
  if (first === undefined) return undefined;
  const sum = first.slice();
  for (const each of rest) addUp(sum, each);
  return valueIn(sum, name);
}

/** Undefined: the sample has no such number. */
export function valueIn(sample: Sample, name: MeasureName): number | undefined {
  const value = sample[MEASURE_AT[name]]!;
  return Number.isNaN(value) ? undefined : value;
}
