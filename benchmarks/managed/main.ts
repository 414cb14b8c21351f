/**
 * Measures how soon `slabring manage` answers with many clusters, and plans a change of a large
 * one.
 * `node benchmarks/managed/main.ts [--no-record]`
 *
 * The API listens on a socket, over a state file with records: no node runs, so that the figures
 * are those of the manager alone.
 */
import { parseArgs } from 'node:util';
import { DescribeCacheClustersCommand, ElastiCacheClient } from '@aws-sdk/client-elasticache';
import { silentLogger } from '../../src/base/index.ts';
import { EVERYTHING } from '../../src/control/access/policy.ts';
import { ApiServer } from '../../src/control/api/api-server.ts';
import { ClusterMetrics } from '../../src/control/metrics/cluster-metrics.ts';
import { nodeId } from '../../src/control/model/node-count.ts';
import { shapeOf } from '../../src/control/model/node-options.ts';
import { nodeType } from '../../src/control/model/node-types.ts';
import type { ClusterRecord } from '../../src/control/model/records.ts';
import { planOf } from '../../src/control/reconciler/plan.ts';
import { wantedOf } from '../../src/control/reconciler/wanted.ts';
import type { Observed } from '../../src/control/runtime/runtime.ts';
import { apisOf } from '../../src/control/service/apis-of.ts';
import { Service } from '../../src/control/service/service.ts';
import { StateFile } from '../../src/control/state/state-file.ts';
import { ApiHarness, LIMITS } from '../../test/support/control-api.ts';
import { temporaryFolder } from '../../test/support/folder.ts';
import { describeMachine } from '../macro/machine.ts';
import { writeRecord } from '../macro/record.ts';
import { formatTable } from '../macro/summary.ts';

const CLUSTERS = 100;
const NODES = 3;
const LARGE_NODES = 40;
const ROUNDS = 40;
/** Rounds until the compiler has seen the code. */
const WARM_ROUNDS = 10;
const KEY = { id: 'AKSRBENCHMARK', secret: 'secret' };
/** Of the node type of all clusters here. */
const OPTIONS = shapeOf(nodeType('slabring.64x1')!, {}).options;
const HELD = { items: 40_000_000, bytes: 40 * 2 ** 30 };

interface Figure {
  readonly what: string;
  readonly goalMs: number;
  readonly ms: readonly number[];
}

async function measured(what: string, goalMs: number, run: () => unknown): Promise<Figure> {
  const ms: number[] = [];
  for (let round = 0; round < WARM_ROUNDS + ROUNDS; round++) {
    const startMs = performance.now();
    await run();
    if (round >= WARM_ROUNDS) ms.push(performance.now() - startMs);
  }
  return { what, goalMs, ms };
}

const create = (id: string, nodes: number): string =>
  `CacheClusterId=${id}&CacheNodeType=slabring.64x1&NumCacheNodes=${nodes}`;

async function describing(path: string): Promise<readonly Figure[]> {
  const harness = new ApiHarness();
  for (let nth = 0; nth < CLUSTERS; nth++) {
    const id = `cluster-${String(nth).padStart(3, '0')}`;
    harness.ask('CreateCacheCluster', create(id, NODES));
    harness.settle(id);
  }
  const state = StateFile.open(path);
  for (const cluster of harness.state.list('cluster')) state.put('cluster', cluster.id, cluster);
  state.addAccessKey({ ...KEY, policy: EVERYTHING });
  const nowMs = () => Date.now();
  const service = new Service({
    ...{ state, files: harness.files, region: 'local', version: '1.0.0', limits: LIMITS },
    ...{ checksAccess: true, nowMs, changed: () => {} },
    planOf: () => {
      throw new Error('no plan');
    },
  });
  const log = silentLogger;
  const server = await ApiServer.open(
    { host: '127.0.0.1', port: 0, needsSignature: true },
    {
      apis: apisOf({ service, metrics: new ClusterMetrics(), nowMs, log }),
      pages: { handles: () => false, answer: () => Promise.reject(new Error('no page')) },
      ...{ secretOf: (id) => state.accessKey(id)?.secret, nowMs, log },
    },
  );
  const client = new ElastiCacheClient({
    endpoint: server.url,
    region: 'local',
    credentials: { accessKeyId: KEY.id, secretAccessKey: KEY.secret },
  });
  const input = { ShowCacheNodeInfo: true, MaxRecords: CLUSTERS };
  const bySdk = async () => {
    const { CacheClusters = [] } = await client.send(new DescribeCacheClustersCommand(input));
    if (CacheClusters.length !== CLUSTERS) throw new Error(`${CacheClusters.length} clusters`);
  };
  const inProcess = () => service.run('DescribeCacheClusters', input, KEY.id);
  try {
    return [
      await measured(`${CLUSTERS} clusters of ${NODES} nodes, by AWS's SDK`, 50, bySdk),
      await measured('the same, without the SDK, HTTP and XML', 50, inProcess),
    ];
  } finally {
    client.destroy();
    await server.close();
    state.close();
  }
}

const running = (cluster: ClusterRecord): Observed => ({
  isRunning: true,
  nodes: cluster.nodes
    .filter(({ status }) => status !== 'creating')
    .map(({ id }) => ({ id, serves: true, memoryMib: 64, memoryMibMax: 256, options: OPTIONS })),
});

/** A change of a large cluster: the operation, undone, and the plan of what it leaves. */
async function planning(): Promise<readonly Figure[]> {
  const { state, service, ask, settle } = bound(new ApiHarness());
  ask('CreateCacheCluster', create('large', LARGE_NODES));
  settle('large');
  const plan = (input: object) => () => {
    const members = { CacheClusterId: 'large', ApplyImmediately: true, ...input };
    const found = service.preview('ModifyCacheCluster', members, 'KEY', () => {
      const cluster = state.get('cluster', 'large')!;
      return planOf(cluster, running(cluster), wantedOf(cluster, state), HELD);
    });
    if (found.steps.length === 0) throw new Error('the plan is empty');
  };
  const gone = Array.from({ length: LARGE_NODES - 1 }, (_, nth) => nodeId(nth + 2));
  return [
    await measured(
      'plan: 40 nodes get another type',
      1000,
      plan({ CacheNodeType: 'slabring.128x2' }),
    ),
    await measured('plan: 40 to 60 nodes', 1000, plan({ NumCacheNodes: 60 })),
    await measured(
      'plan: 40 nodes to 1',
      1000,
      plan({ NumCacheNodes: 1, CacheNodeIdsToRemove: gone }),
    ),
  ];
}

const bound = (harness: ApiHarness) => ({
  state: harness.state,
  service: harness.service,
  ask: (operation: string, members: string) => harness.ask(operation, members),
  settle: (id: string) => harness.settle(id),
});

function summaryOf(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, goalMs, ms }) => {
    const sorted = ms.toSorted((a, b) => a - b);
    const at = (share: number): string =>
      sorted[Math.floor(share * (sorted.length - 1))]!.toFixed(1);
    return [what, at(0.5), at(0.95), at(1), String(goalMs)];
  });
  return formatTable([['what', 'median, ms', '95 %', 'most', 'goal'], ...rows]);
}

const { values } = parseArgs({ options: { 'no-record': { type: 'boolean', default: false } } });
const folder = await temporaryFolder();
try {
  const figures = [...(await describing(`${folder.path}/slabring.db`)), ...(await planning())];
  const summary = summaryOf(figures);
  console.log(summary);
  if (!values['no-record']) {
    const commands = ['node benchmarks/managed/main.ts'];
    const machine = describeMachine();
    const record = await writeRecord({ machine, commands, summary, raw: figures });
    console.error(`The record is in ${record}`);
  }
} finally {
  await folder.remove();
}
