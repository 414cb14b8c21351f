import { nodeAddress } from '../model/ports.ts';
import type { ClusterRecord } from '../model/records.ts';
import type { ReadAdmin } from './admin-reader.ts';
import type { ClusterMetrics } from './cluster-metrics.ts';
import { readStats } from './reading.ts';
import { RESOLUTIONS } from './series.ts';

/** So many nodes are read at the same time. */
const READS_MAX = 8;

interface SampledNode {
  readonly cluster: string;
  readonly node: string;
  /** `host:port` of the node, as clients know it. */
  readonly address: string;
}

/** The proxy of a serverless cache is sampled as a node of this name. */
export const PROXY_NODE = 'proxy';

/** The nodes that should serve. */
export const sampledNodes = (
  clusters: readonly ClusterRecord[],
  host: string,
): readonly SampledNode[] =>
  clusters.flatMap((cluster) => {
    const nodes = cluster.nodes
      .filter(({ status }) => status !== 'creating')
      .map(({ id: node }) => {
        return { cluster: cluster.id, node, address: nodeAddress(cluster, node, host) };
      });
    if (cluster.proxy === undefined) return nodes;
    const address = `${host}:${cluster.proxy.port}`;
    return [...nodes, { cluster: cluster.id, node: PROXY_NODE, address }];
  });

interface SamplerParts {
  readonly metrics: ClusterMetrics;
  /** The nodes that should serve now. */
  readonly nodes: () => readonly SampledNode[];
  /** A reader for one round. */
  readonly reader: () => ReadAdmin;
  readonly nowMs: () => number;
}

/** Takes a sample of each node again and again; a slow round makes the next one later. */
export class Sampler {
  readonly #parts: SamplerParts;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();

  constructor(parts: SamplerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#round = this.sample().then(() => {
        if (this.#timer !== undefined) this.start();
      });
    }, RESOLUTIONS.fine.stepMs);
  }

  /** Resolves once no round is under way. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#round;
  }

  /** One round. */
  async sample(): Promise<void> {
    const { metrics, nodes, reader, nowMs } = this.#parts;
    const wanted = nodes();
    const read = reader();
    const atMs = nowMs();
    const left = wanted.values();
    const work = async (): Promise<void> => {
      for (const { cluster, node, address } of left) {
        const text = await read(address, '/stats.json');
        const reading = text === undefined ? undefined : readStats(text, atMs);
        if (reading !== undefined) metrics.add(cluster, node, reading);
      }
    };
    await Promise.all(Array.from({ length: READS_MAX }, work));
    metrics.keep(
      new Map(
        [...Map.groupBy(wanted, ({ cluster }) => cluster)].map(([cluster, of]) => [
          cluster,
          new Set(of.map(({ node }) => node)),
        ]),
      ),
    );
  }
}
