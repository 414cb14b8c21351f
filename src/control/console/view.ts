import type { Logger } from '../../base/index.ts';
import type { InputOf, OutputOf } from '../api/operation.ts';
import type { OPERATIONS, OperationName } from '../api/operations.ts';
import type { ReadAdmin } from '../metrics/admin-reader.ts';
import type { ClusterMetrics } from '../metrics/cluster-metrics.ts';
import type { ClusterRecord } from '../model/records.ts';
import type { Observed } from '../runtime/runtime.ts';
import type { Limits } from '../service/context.ts';
import type { Service } from '../service/service.ts';
import type { StateFile } from '../state/state-file.ts';
import type { Session } from './sessions.ts';

/** What the console shows and changes. */
export interface ConsoleParts {
  readonly service: Service;
  readonly state: StateFile;
  readonly limits: Limits;
  readonly region: string;
  readonly metrics: ClusterMetrics;
  /** A reader of the admin ports of nodes, for one page. */
  readonly reader: () => ReadAdmin;
  /** What runs of a cluster. */
  readonly observe: (clusterId: string) => Promise<Observed>;
  readonly nowMs: () => number;
  readonly log: Logger;
}

type Input<N extends OperationName> = InputOf<(typeof OPERATIONS)[N]>;
type Output<N extends OperationName> = OutputOf<(typeof OPERATIONS)[N]>;

/** Listings have at most so many records on one page of the console. */
const PAGES_MAX = 10;

/** One request of a session: all that a page reads and does is what its access key may do. */
export class View {
  readonly parts: ConsoleParts;
  readonly session: Session;

  constructor(parts: ConsoleParts, session: Session) {
    this.parts = parts;
    this.session = session;
  }

  get nowMs(): number {
    return this.parts.nowMs();
  }

  /** @throws {ApiError} */
  run<N extends OperationName>(operation: N, input: Input<N>): Output<N> {
    return this.parts.service.run(operation, input, this.session.accessKeyId) as Output<N>;
  }

  /** The cluster as an operation would leave it; undefined if it would be gone. */
  preview<N extends OperationName>(operation: N, input: Input<N>, id: string) {
    const read = (): ClusterRecord | undefined => this.parts.state.get('cluster', id);
    return this.parts.service.preview(operation, input, this.session.accessKeyId, read);
  }

  /** All pages of a listing, up to a bound. */
  all<T>(page: (marker: string | undefined) => Page<T>): readonly T[] {
    const records: T[] = [];
    let marker: string | undefined;
    for (let nth = 0; nth < PAGES_MAX; nth++) {
      const next = page(marker);
      records.push(...next.records);
      marker = next.marker;
      if (marker === undefined) break;
    }
    return records;
  }

  /** The clusters, in the order of their ids. */
  clusters(): readonly ClusterRecord[] {
    const shown = this.all((Marker) => {
      const { CacheClusters = [], Marker: marker } = this.run('DescribeCacheClusters', { Marker });
      return { records: CacheClusters, marker };
    });
    return shown.flatMap(
      ({ CacheClusterId: id = '' }) => this.parts.state.get('cluster', id) ?? [],
    );
  }

  /** @throws {ApiError} if there is no such cluster, or the key may not see it. */
  cluster(id: string): ClusterRecord {
    this.run('DescribeCacheClusters', { CacheClusterId: id });
    return this.parts.state.get('cluster', id.toLowerCase())!;
  }

  /** Whether the access key may do something that is no operation of the API. */
  allows(action: string, id: string): boolean {
    const { accessKeyId } = this.session;
    return this.parts.service.allows(action, { kind: 'cluster', id }, accessKeyId);
  }
}

interface Page<T> {
  readonly records: readonly T[];
  readonly marker: string | undefined;
}
