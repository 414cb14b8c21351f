import { silentLogger } from '../../src/base/index.ts';
import { Api } from '../../src/control/api/api.ts';
import { ELASTICACHE_API, type OperationName } from '../../src/control/api/operations.ts';
import type { ParameterValues } from '../../src/control/model/parameters.ts';
import type { ClusterRecord } from '../../src/control/model/records.ts';
import { wantedOf } from '../../src/control/reconciler/wanted.ts';
import type { Observed } from '../../src/control/runtime/runtime.ts';
import { dryPlan } from '../../src/control/service/dry-run.ts';
import { Service } from '../../src/control/service/service.ts';
import type { SnapshotFiles } from '../../src/control/state/snapshot-files.ts';
import { StateFile } from '../../src/control/state/state-file.ts';

const VERSION = '1.2.3';

interface Reply {
  readonly status: number;
  readonly body: string;
}

/** What clusters of tests may be. */
export const LIMITS = { nodesPerClusterMax: 60, firstPort: 12_000, host: '127.0.0.1' };

/** The API over a state in memory, without nodes: a test says when a cluster is as it is wanted. */
export class ApiHarness {
  readonly state = StateFile.open(':memory:');
  readonly changed: string[] = [];
  readonly copies: string[] = [];
  /** What runs of each cluster, as far as somebody has looked. */
  readonly seen = new Map<string, Observed>();
  readonly files: SnapshotFiles = {
    pathOf: (name) => name,
    copy: (from, to) => void this.copies.push(`${from} to ${to}`),
    remove: (name) => void this.copies.push(`no ${name}`),
  };
  nowMs = Date.UTC(2026, 10, 29, 8);
  readonly service: Service;
  readonly #api: Api;

  constructor({ checksAccess = false } = {}) {
    const nowMs = (): number => this.nowMs;
    this.service = new Service({
      state: this.state,
      files: this.files,
      region: 'local',
      version: VERSION,
      limits: LIMITS,
      checksAccess,
      nowMs,
      changed: (id) => this.changed.push(id),
      planOf: (cluster) => {
        const seen = this.seen.get(cluster.id);
        return dryPlan(cluster, { seen, wanted: wantedOf(cluster, this.state), nodes: [] });
      },
    });
    this.#api = new Api({
      table: ELASTICACHE_API,
      run: (operation, input, key) => this.service.run(operation as OperationName, input, key),
      nowMs,
      log: silentLogger,
    });
  }

  /** Sends an operation; members as `NumCacheNodes=3`. */
  ask(operation: string, members = '', headers: Record<string, string> = {}, key = 'KEY'): Reply {
    const form = `Action=${operation}&Version=2015-02-02&${members}`;
    const request = { method: 'POST', path: '/', query: '', headers, body: Buffer.from(form) };
    return this.#api.answer(request, key);
  }

  /** The code of an error, or `200`. */
  codeOf(operation: string, members = ''): string {
    const { status, body } = this.ask(operation, members);
    return status === 200 ? '200' : (textsIn(body, 'Code')[0] ?? `status ${status}`);
  }

  /** What the reconciler would do with a cluster. */
  settle(id: string): void {
    const cluster = this.state.get('cluster', id)!;
    const { values = {} } = this.state.get('parametergroup', cluster.parameterGroup) ?? {};
    this.state.put('cluster', id, available(cluster, values));
  }
}

/** All nodes that should serve do, and the others have gone. */
const available = (cluster: ClusterRecord, values: ParameterValues): ClusterRecord => ({
  ...cluster,
  status: 'available',
  isApplying: false,
  nodes: cluster.nodes
    .filter(({ status }) => status !== 'deleting')
    .map((node) => ({ parameters: values, version: VERSION, ...node, status: 'available' })),
});

/** The texts of the elements of a name. */
export const textsIn = (xml: string, name: string): readonly string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text]) => text!);
